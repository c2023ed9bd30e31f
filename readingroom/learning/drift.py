"""Has what comes in changed? Windows of a stream against a reference, with an alarm of a chosen false-alarm rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadRequest
from readingroom.index.protocol import Collection
from readingroom.learning.conformal import fewest
from readingroom.learning.fields import column_of, fields_of, kind_of, statistic_of
from readingroom.learning.grouping import Group, distances, drawn, same_space, subjects_of
from readingroom.learning.two_sample import (
    PERMUTATIONS,
    Statistic,
    by_unit,
    energy_of,
    median_distance,
    mmd_of,
    permutations,
)

Numbers = NDArray[np.float64]
How = Literal["mmd", "energy"]

SMALLEST_WINDOW = 10
"""Patients below which a window is not tested: too few for any change but a gross one to be seen."""
IMAGES = 4
"""Images of one patient that are looked at, evenly through those there are: more tell little of the same patient."""
MOST_SUBJECTS = 500
"""Patients of a reference or window that are looked at, drawn by chance: the kernel matrix grows with the square."""
FINE = 10
MOST_SPLITS = 50_000
BLOCK = 2000
"""Divisions that are computed at once: (BLOCK, patients) numbers in memory."""
EMBEDDING = "embedding"


@dataclass(frozen=True)
class Watch:
    """What is watched, and how often an alarm may be false."""

    fields: tuple[str, ...] | None = None
    """Metadata fields beside the vectors; None: all that are neither names nor of too many values; empty: none."""
    how: How = "mmd"
    false_alarm: float = 0.01
    """Chance of an alarm in a period in which nothing has changed."""
    smallest: int = SMALLEST_WINDOW
    splits: int = PERMUTATIONS
    """Divisions of the reference that the alarm is calibrated on."""
    seed: int = 0


@dataclass(frozen=True)
class Test:
    """One of the things watched, in one window."""

    name: str
    """ "embedding" or a metadata field."""
    statistic: float
    p: float
    """Share of the divisions of all patients that differ as much as the real one, itself counted in."""
    adjusted: float
    """The same among all tests of the window at once (Westfall and Young 1993, single-step min-p)."""


@dataclass(frozen=True)
class Window:
    """One window held against the reference."""

    subjects: int
    compared: int
    """Patients of the reference that it was compared with; those who stand in the window too are left out."""
    p: float
    """Of the window as a whole: the least adjusted p-value."""
    tests: tuple[Test, ...]
    notes: tuple[str, ...] = ()


def check(reference: Collection, window: Collection, watch: Watch) -> Window:
    """Patients of reference and window are dealt anew, and again; the p-value is how seldom they differ as much.

    Where nothing has changed, p is at most a rate alpha in no more than a share alpha of windows, however many fields
    are watched and however they hang together. Everything is drawn from the seed. Raises BadRequest for two spaces or
    too few patients.
    """
    same_space(reference.space, window.space)
    notes: list[str] = []
    here = subjects_of(window.entries)
    names = {subject.name for subject in here}
    there = tuple(subject for subject in subjects_of(reference.entries) if subject.name not in names)
    _enough(len(there), len(here), watch.smallest)
    there = _at_most(there, watch.seed, notes, "reference")
    here = _at_most(here, watch.seed, notes, "window")
    tests = _compared(_thinned(reference, there), _thinned(window, here), watch)
    return Window(len(here), len(there), min(test.adjusted for test in tests), tests, tuple(notes))


def splits_of(watch: Watch, tests: int) -> int:
    """Divisions that are made: as many as asked, and enough that the smallest p-values of `tests` tests are told apart.

    Of K divisions about one a test comes out on top of it; so a window far off all of them has an adjusted p-value of
    about (tests + 1) / K, and K of 10 tests / rate leaves a tenth of the rate to that. Raises BadRequest where the rate
    would need more than `MOST_SPLITS`.
    """
    needed = max(fewest(watch.false_alarm), ceil(FINE * tests / watch.false_alarm))
    if needed > MOST_SPLITS:
        told = f"{tests} tests at a false-alarm rate of {watch.false_alarm:g} need {needed} divisions"
        raise BadRequest(f"{told}, and {MOST_SPLITS} are the most", do="Watch fewer fields or allow a higher rate.")
    return max(watch.splits, needed)


def _enough(there: int, here: int, smallest: int) -> None:
    if here < smallest:
        raise BadRequest(f"a window of {here} subjects is too small to be tested",
                         do=f"At least {smallest} are needed: choose longer windows.")  # fmt: skip
    if there < 2 * smallest:
        told = f"the reference has {there} subjects who are not in the window too, and {2 * smallest} are needed"
        raise BadRequest(told, do="Give a larger reference, or one of other patients.")


def _at_most(subjects: tuple[Group, ...], seed: int, notes: list[str], what: str) -> tuple[Group, ...]:
    if len(subjects) <= MOST_SUBJECTS:
        return subjects
    notes.append(f"{MOST_SUBJECTS} of the {len(subjects)} subjects of the {what} were looked at, drawn by chance")
    chosen = np.random.default_rng(seed).permutation(len(subjects))[:MOST_SUBJECTS]
    return tuple(subjects[place] for place in sorted(chosen.tolist()))


def _compared(first: Collection, second: Collection, watch: Watch) -> tuple[Test, ...]:
    """The rows of each are in the order of their subjects."""
    entries = (*first.entries, *second.entries)
    names = fields_of(entries) if watch.fields is None else watch.fields
    for name in names:
        if not any(name in entry.metadata for entry in entries):
            raise BadRequest(f"no row has the field {name!r}", do="Name a metadata field of the index.")
    units = subjects_of(entries)
    n = len(subjects_of(second.entries))
    statistics = [_embedding(np.concatenate([first.vectors, second.vectors]), units, watch.how)]
    statistics += [statistic_of(column_of(entries, name, kind_of(entries, name))) for name in names]
    real = np.arange(len(units)) >= len(units) - n
    splits = splits_of(watch, len(statistics))
    sides = np.concatenate([permutations(len(units), n, splits, watch.seed), real[None]])
    parts = np.array_split(sides, ceil(len(sides) / BLOCK))
    table = np.column_stack([np.concatenate([one(part) for part in parts]) for one in statistics])
    p, adjusted = min_p(table)
    return tuple(
        Test(name, float(table[-1, at]), float(p[at]), float(adjusted[at]))
        for at, name in enumerate((EMBEDDING, *names))
    )


def min_p(table: Numbers) -> tuple[Numbers, Numbers]:
    """p-values of the last row of statistics (splits + 1, tests) by rank, and the same adjusted for their number.

    adjusted_j = share of rows whose smallest p-value is at most the last row's p_j, itself counted in.
    """
    rows = len(table)
    ranked = np.sort(table, axis=0)
    ranks = np.column_stack([
        rows - np.searchsorted(ranked[:, at], table[:, at] - 1e-12 * np.abs(table[:, at]), side="left")
        for at in range(table.shape[1])
    ])  # fmt: skip
    least = np.sort(ranks.min(axis=1))
    p = ranks[-1] / rows
    adjusted = np.searchsorted(least, ranks[-1], side="right") / rows
    return np.asarray(p, np.float64), np.asarray(adjusted, np.float64)


def _thinned(found: Collection, subjects: Sequence[Group]) -> Collection:
    """At most `IMAGES` rows of each of the subjects, subject after subject."""
    rows = [
        subject.rows[place]
        for subject in subjects
        for place in np.unique(np.linspace(0, len(subject.rows) - 1, min(IMAGES, len(subject.rows))).astype(int))
    ]
    return drawn(found, rows)


def _embedding(vectors: NDArray[np.float32], units: Sequence[Group], how: How) -> Statistic:
    away = distances(vectors, vectors)
    rows = [unit.rows for unit in units]
    if how == "energy":
        return energy_of(by_unit(away, rows))
    bandwidth = median_distance(vectors)
    return mmd_of(by_unit(np.exp(-(away**2) / (2 * bandwidth**2)), rows))
