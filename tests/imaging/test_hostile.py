"""Every hostile file ends in one line, in bounded time and memory; or reads, with a note of what is wrong."""

from __future__ import annotations

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
GARBAGE = "j2k_garbage.dcm"

_READ = """
import os, resource, sys
from pathlib import Path
from readingroom.errors import BadInput
from readingroom.imaging.reader import read_study
for path in sys.argv[1:]:
    if pid := os.fork():
        assert os.waitpid(pid, 0)[1] == 0
        continue
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        read_study([Path(path)], subject_key=b"k")
    except BadInput:
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, path, flush=True)
    os._exit(0)
"""
"""Each file in a process of its own, a copy of one that has read nothing yet and has no threads."""


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


@pytest.fixture(scope="module")
def memory(cases: list[HostileCase]) -> dict[str, tuple[float, float]]:
    """Of each bomb and of a broken JPEG 2000: MiB that reading it added, and the peak of the processes it started."""
    paths = [str(case.path) for case in cases if case.bomb or case.path.name == GARBAGE]
    done = subprocess.run([sys.executable, "-c", _READ, *paths], capture_output=True, text=True, check=True)
    told = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    return {Path(path).name: (int(own) / 1024, int(children) / 1024) for own, children, path in told}


def test_bombs_stay_in_bounded_memory(
    cases: list[HostileCase], memory: dict[str, tuple[float, float]], subtests: pytest.Subtests
) -> None:
    bombs = [case.path.name for case in cases if case.bomb]
    assert bombs
    for name in bombs:
        with subtests.test(name):
            growth, _ = memory[name]
            assert growth < GROWTH_MIB


def test_the_decoding_process_is_bounded(memory: dict[str, tuple[float, float]]) -> None:
    _, child = memory[GARBAGE]
    assert 0 < child < GROWTH_MIB
