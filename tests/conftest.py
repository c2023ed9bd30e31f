"""What several rooms' tests stand on: where the real images are, where they are kept at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

REPO = Path(__file__).resolve().parent.parent

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
