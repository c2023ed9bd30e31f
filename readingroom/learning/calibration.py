"""From scores to probabilities: Platt's sigmoid, isotonic steps, and how far probabilities can be believed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from readingroom.errors import BadRequest
from readingroom.learning.calibrator import Isotonic, Method, Plain, Platt, sigmoid
from readingroom.learning.rates import Rate, wilson

Numbers = NDArray[np.float64]
Truth = NDArray[np.bool_]

BINS = 10
NEWTON_STEPS, NEWTON_ENDS, RIDGE, ARMIJO = 100, 1e-10, 1e-12, 1e-4


def calibrator(method: Method, scores: Numbers, present: Truth) -> Platt | Isotonic | Plain:
    """Fitted to scores of cases that the head did not learn from. Raises BadRequest where one class is missing."""
    if method == "none":
        return Plain()
    return platt(scores, present) if method == "platt" else isotonic(scores, present)


def platt(scores: Numbers, present: Truth) -> Platt:
    """Maximum likelihood of Platt (1999) on his smoothed targets (n+ + 1)/(n+ + 2) and 1/(n- + 2).

    Newton's method with backtracking (Lin, Lin and Weng 2007).
    """
    f = np.asarray(scores, np.float64)
    positive, negative = _counted(present)
    target = np.where(present, (positive + 1) / (positive + 2), 1 / (negative + 2))
    middle, spread = float(f.mean()), float(f.std()) or 1.0
    z = (f - middle) / spread
    a, b = 0.0, float(np.log((negative + 1) / (positive + 1)))
    value = _loss(z, target, a, b)
    for _ in range(NEWTON_STEPS):
        p = sigmoid(-(a * z + b))
        gradient = np.array([((target - p) * z).sum(), (target - p).sum()])
        if np.abs(gradient).max() < NEWTON_ENDS * len(z):
            break
        w = p * (1 - p)
        hessian = np.array([[(w * z * z).sum() + RIDGE, (w * z).sum()], [(w * z).sum(), w.sum() + RIDGE]])
        step = -np.linalg.solve(hessian, gradient)
        a, b, value = _searched(z, target, (a, b), step, (value, float(gradient @ step)))
    return Platt(slope=a / spread, offset=b - a * middle / spread)


def _searched(
    z: Numbers, target: Numbers, at: tuple[float, float], step: Numbers, now: tuple[float, float]
) -> tuple[float, float, float]:
    """The longest of the halved steps that lowers the loss; `now`: its value and its slope along the step."""
    size, (a, b) = 1.0, at
    while size > RIDGE:
        fresh = (a + size * float(step[0]), b + size * float(step[1]))
        value = _loss(z, target, *fresh)
        if value <= now[0] + ARMIJO * size * now[1]:
            return (*fresh, value)
        size /= 2
    return a, b, now[0]


def _loss(z: Numbers, target: Numbers, a: float, b: float) -> float:
    logits = -(a * z + b)
    return float((np.logaddexp(0.0, logits) - target * logits).sum())


def isotonic(scores: Numbers, present: Truth) -> Isotonic:
    """Least squares among functions that never fall (pool adjacent violators), equal scores averaged first."""
    _counted(present)
    levels, place, counts = np.unique(np.asarray(scores, np.float64), return_inverse=True, return_counts=True)
    means = np.bincount(place, weights=present.astype(np.float64)) / counts
    fitted = np.clip(np.asarray(isotonic_regression(means, weights=counts).x, np.float64), 0.0, 1.0)
    fitted = np.maximum.accumulate(fitted)
    ends = np.ones(len(levels), bool)
    ends[1:-1] = (fitted[1:-1] != fitted[:-2]) | (fitted[1:-1] != fitted[2:])  # inside a flat step nothing is said
    return Isotonic(scores=tuple(levels[ends].tolist()), probabilities=tuple(fitted[ends].tolist()))


def brier(present: Truth, probabilities: Numbers) -> float:
    """Mean squared difference of probability and truth: 0 is perfect, 0.25 is what 0.5 always gets (Brier 1950)."""
    return float(np.mean((np.asarray(probabilities, np.float64) - present) ** 2))


class Bin(NamedTuple):
    """Cases whose probability lies in one tenth."""

    low: float
    high: float
    told: float
    """Mean probability."""
    seen: Rate
    """Share that was present."""


def reliability(present: Truth, probabilities: Numbers, bins: int = BINS) -> tuple[Bin, ...]:
    """Bins of equal width that hold a case; [0, 0.1), ..., [0.9, 1]. Intervals count cases as independent (Wilson)."""
    p = np.asarray(probabilities, np.float64)
    place = np.minimum((p * bins).astype(np.int64), bins - 1)
    return tuple(
        Bin(n / bins, (n + 1) / bins, float(p[place == n].mean()),
            wilson(int(present[place == n].sum()), int((place == n).sum())))
        for n in np.unique(place).tolist()
    )  # fmt: skip


def expected_error(found: tuple[Bin, ...]) -> float:
    """ECE: mean over the cases of |told - seen| of their bin (Naeini 2015)."""
    cases = sum(one.seen.n for one in found)
    return sum(one.seen.n * abs(one.told - one.seen.value) for one in found) / cases


def _counted(present: Truth) -> tuple[int, int]:
    positive = int(present.sum())
    negative = len(present) - positive
    if not (positive and negative):
        raise BadRequest(f"calibration needs both, and {positive} of {len(present)} are present",
                         do="Give cases with and without.")  # fmt: skip
    return positive, negative
