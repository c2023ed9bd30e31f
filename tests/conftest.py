"""What several rooms' tests stand on: where the real images are, where they are kept at all."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

REPO = Path(__file__).resolve().parent.parent

LONG = {"browser", "test_kill.py", "test_killed.py", "test_notebooks.py", "test_ray.py", "test_running.py"}
"""Folders and files whose tests share what is long to start, or are long themselves."""

gc.disable()  # until all is imported: nothing of that is garbage


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: workers take from the ends of each other's lists, so none is alone with one at the end, and
    what tests share is not started by two."""
    items.sort(key=lambda item: LONG.isdisjoint(item.path.parts))


def pytest_collection_finish() -> None:
    """What was imported stays to the end: a tenth of the time would go by in looking for garbage among it."""
    gc.freeze()
    gc.enable()


# How long examples take says how busy the machine is, and nothing of what is tested.
settings.register_profile("house", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("house")


def shared_data() -> Path | None:
    """The folder of real images with ground truth, or None where this machine does not have it."""
    named = os.environ.get("READINGROOM_DATA")
    folder = Path(named) if named else REPO.parent / "shared" / "data"
    return folder if (folder / "dev" / "manifest.csv").is_file() else None


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """`dev/` and `text/` of the real data; the test is skipped where they are absent."""
    folder = shared_data()
    if folder is None:
        pytest.skip("the real images are not on this machine (set READINGROOM_DATA to their folder)")
    return folder
