"""Every hostile file ends in one line, in bounded time and memory; or reads, with a note of what is wrong."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from readingroom.imaging.gate import inspect
from readingroom.imaging.reader import read_study
from tests.imaging.hostile import HostileCase, write_hostile

SECONDS = 5.0
GROWTH_MIB = 300

_READ = """
import resource, sys
from pathlib import Path
from readingroom.errors import BadInput
from readingroom.imaging.reader import read_study
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_study([Path(sys.argv[1])], subject_key=b"k")
except BadInput:
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[HostileCase]:
    return write_hostile(tmp_path_factory.mktemp("hostile"))


def test_there_are_enough(cases: list[HostileCase]) -> None:
    assert len(cases) >= 40
    assert len({case.path for case in cases}) == len(cases)


def test_each_ends_as_it_should(cases: list[HostileCase], subtests: pytest.Subtests) -> None:
    for case in cases:
        with subtests.test(case.path.name):
            start = time.perf_counter()
            _check(case)
            assert time.perf_counter() - start < SECONDS


def _check(case: HostileCase) -> None:
    if case.outcome is not None:
        with pytest.raises(case.outcome) as caught:
            read_study([case.path], subject_key=b"k")
        assert type(caught.value) is case.outcome
        assert "\n" not in str(caught.value)
        assert case.says in str(caught.value)
        assert caught.value.do
        return
    study = read_study([case.path], subject_key=b"k")
    refs = [image.ref for image in study.images]
    notes = " ".join((*study.notes, *(note for ref in refs for note in (*ref.notes, ref.spacing_note))))
    assert case.says in notes
    refused = {check.name for image in study.images for check in inspect(image).refusals}
    assert case.gate in refused if case.gate else not refused


def test_bombs_stay_in_bounded_memory(cases: list[HostileCase], subtests: pytest.Subtests) -> None:
    for case in (case for case in cases if case.bomb):
        with subtests.test(case.path.name):
            growth, _ = _memory(case.path)
            assert growth < GROWTH_MIB


def test_the_decoding_process_is_bounded(cases: list[HostileCase]) -> None:
    garbage = next(case for case in cases if case.path.name == "j2k_garbage.dcm")
    _, child = _memory(garbage.path)
    assert 0 < child < GROWTH_MIB


def _memory(path: Path) -> tuple[float, float]:
    """MiB that reading the file added in a fresh process, and the peak of its children."""
    done = subprocess.run([sys.executable, "-c", _READ, str(path)], capture_output=True, text=True, check=True)
    own, children = (int(word) / 1024 for word in done.stdout.split())
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss > 0
    return own, children
