"""Patients drawn anew, and arms exchanged patient by patient: sums of all tallies at once, in blocks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from readingroom.experiments.statistics.folds import Numbers

REPLICATES = 10_000
BLOCK = 2_000_000
"""Numbers in one block of weights: 16 MB."""


def _blocks(patients: int, replicates: int) -> Iterator[int]:
    size = max(1, BLOCK // max(patients, 1))
    for start in range(0, replicates, size):
        yield min(size, replicates - start)


def drawn(sums: Numbers, seed: int, replicates: int = REPLICATES) -> Numbers:
    """(patients, columns) to (replicates, columns): the sums over as many patients, drawn with replacement.

    One replicate holds the same patients in every column, so that arms stay paired.
    """
    chance, patients = np.random.default_rng(seed), len(sums)
    even = np.full(patients, 1 / patients)
    return np.concatenate(
        [chance.multinomial(patients, even, size=size) @ sums for size in _blocks(patients, replicates)]
    )


def exchanged(apart: Numbers, seed: int, replicates: int = REPLICATES) -> Numbers:
    """(patients, columns) of first minus second arm to (replicates, columns): its sum, with each patient's arms
    exchanged or not by the toss of a coin."""
    chance, patients = np.random.default_rng(seed), len(apart)
    return np.concatenate([
        (2.0 * chance.integers(0, 2, size=(size, patients)) - 1) @ apart for size in _blocks(patients, replicates)
    ])  # fmt: skip
