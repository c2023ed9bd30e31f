"""Shares and areas with their intervals, patients counted and not images."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from readingroom.domain.value import Value
from readingroom.errors import BadRequest

Numbers = NDArray[np.float64]
Truth = NDArray[np.bool_]

NORMAL_975 = 1.959963984540054
"""97.5 % quantile of the standard normal distribution: both tails of a 95 % interval."""
DRAWS = 1000
ENDS = (2.5, 97.5)
BLOCK = 100
"""Draws at once: (BLOCK, N) numbers in memory."""


class Rate(Value):
    """A figure with its 95 % interval and what it was counted on."""

    value: float
    low: float
    high: float
    n: int
    """Images."""
    patients: int

    @property
    def line(self) -> str:
        """ "0.91 (95 % interval 0.85-0.95; 120 images of 80 patients)"."""
        told = f"{self.n} images of {self.patients} patients"
        return f"{self.value:.2f} (95 % interval {self.low:.2f}-{self.high:.2f}; {told})"


def wilson(hits: int, n: int, patients: int | None = None) -> Rate:
    """Score interval of a share (Wilson 1927); `patients` stand for n in its width where images are not independent."""
    if n < 1:
        raise BadRequest("a share of nothing has no value")
    units = n if patients is None else patients
    p, z2 = hits / n, NORMAL_975**2
    middle = (p + z2 / (2 * units)) / (1 + z2 / units)
    half = NORMAL_975 * sqrt(p * (1 - p) / units + z2 / (4 * units**2)) / (1 + z2 / units)
    return Rate(value=p, low=max(0.0, middle - half), high=min(1.0, middle + half), n=n, patients=units)


def share(hits: Truth, subjects: NDArray[np.str_], seed: int = 0) -> Rate:
    """Share of images that hit, with an interval from drawing patients anew (percentile bootstrap).

    Where all hit or none does, every draw says the same: there the interval is Wilson's on the number of patients.
    """
    names, place = np.unique(subjects, return_inverse=True)
    found = wilson(int(hits.sum()), len(hits), len(names))
    if hits.all() or not hits.any():
        return found
    drawn = draws(len(names), seed)
    hit = np.bincount(place, weights=hits.astype(np.float64))
    told = drawn @ hit / (drawn @ np.bincount(place))
    low, high = np.percentile(told, ENDS)
    return found.model_copy(update={"low": float(low), "high": float(high)})


def draws(patients: int, seed: int, times: int = DRAWS) -> Numbers:
    """(times, patients): how often each patient stands in a sample of as many, drawn with replacement."""
    chance = np.random.default_rng(seed)
    return chance.multinomial(patients, np.full(patients, 1 / patients), size=times).astype(np.float64)


def auroc(present: Truth, scores: Numbers, folds: NDArray[np.integer] | None = None) -> float:
    """Chance that a case with it scores above a case without, ties half. NaN where either is missing.

    With `folds` only pairs of one fold are compared: scores of models fitted apart are not on one scale, and pooling
    them makes chance look worse than chance (Parker, Gunter and Bedo 2007).
    """
    return float(_areas(present, scores, folds, np.ones((1, len(scores))))[0])


def auroc_rate(
    present: Truth,
    scores: Numbers,
    subjects: NDArray[np.str_],
    folds: NDArray[np.integer] | None = None,
    seed: int = 0,
) -> Rate:
    """AUROC with an interval from drawing patients anew; of a perfect one, Wilson's on the patients of the rarer class.

    Raises BadRequest where a class is missing.
    """
    value = auroc(present, scores, folds)
    if not np.isfinite(value):
        raise BadRequest("an area under the curve needs cases with and without")
    names, place = np.unique(subjects, return_inverse=True)
    n, patients = len(scores), len(names)
    if value in (0.0, 1.0):
        rarer = min(len(set(place[present])), len(set(place[~present])))
        edge = wilson(round(value * rarer), rarer)
        return Rate(value=value, low=edge.low, high=edge.high, n=n, patients=patients)
    drawn = draws(patients, seed)
    parts = [_areas(present, scores, folds, drawn[start : start + BLOCK][:, place])
             for start in range(0, len(drawn), BLOCK)]  # fmt: skip
    low, high = np.nanpercentile(np.concatenate(parts), ENDS)
    return Rate(value=value, low=float(low), high=float(high), n=n, patients=patients)


def _areas(present: Truth, scores: Numbers, folds: NDArray[np.integer] | None, weights: Numbers) -> Numbers:
    """(draws,) areas of (draws, N) weights: concordant pairs over pairs, summed over the folds."""
    concordant, pairs = np.zeros(len(weights)), np.zeros(len(weights))
    for fold in (None,) if folds is None else np.unique(folds):
        rows = np.arange(len(scores)) if fold is None else np.flatnonzero(folds == fold)
        rows = rows[np.argsort(scores[rows], kind="stable")]
        starts = np.flatnonzero(np.diff(scores[rows], prepend=-np.inf) > 0) if len(rows) else rows
        with_it = np.add.reduceat(weights[:, rows] * present[rows], starts, axis=1)
        without = np.add.reduceat(weights[:, rows] * ~present[rows], starts, axis=1)
        below = np.cumsum(without, axis=1) - without
        concordant += (with_it * (below + without / 2)).sum(axis=1)
        pairs += with_it.sum(axis=1) * without.sum(axis=1)
    found: Numbers = np.divide(concordant, pairs, out=np.full(len(weights), np.nan), where=pairs > 0)
    return found
