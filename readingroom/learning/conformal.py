"""Conformal p-values: how seldom the reference itself is as strange, with no word from the data that are judged."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

import numpy as np
from numpy.typing import ArrayLike, NDArray

from readingroom.errors import BadRequest

Scores = NDArray[np.float64]

TOLERANCE = 1e-9
"""Shares are compared to this: alpha x (n + 1) is a whole number in arithmetic and not in floating point."""


def p_value(reference: ArrayLike, score: float, subjects: Sequence[str] = ()) -> float:
    """(1 + #{reference >= score}) / (n + 1): at most alpha in at most a share alpha of exchangeable cases (Vovk 2005).

    `subjects`: whose each reference score is; one with several counts once, by its share of scores at or above
    (Lee, Barber and Willett 2023, hierarchical conformal prediction). Raises BadRequest without a reference.
    """
    scores = np.asarray(reference, np.float64)
    if scores.ndim != 1 or not len(scores):
        raise BadRequest("a conformal p-value needs reference scores", do="Give a reference that is not empty.")
    if not subjects:
        return float((1 + np.count_nonzero(scores >= score)) / (len(scores) + 1))
    weights = subject_weights(subjects)
    return float((1 + weights[scores >= score].sum()) / (1 + weights.sum()))


def subject_weights(subjects: Sequence[str]) -> Scores:
    """1 / (how often the subject stands in the list), by place: they sum to the number of subjects."""
    _, inverse, counts = np.unique(np.asarray(subjects, object).astype(str), return_inverse=True, return_counts=True)
    return np.asarray(1.0 / counts[inverse], np.float64)


def fewest(alpha: float) -> int:
    """Reference cases below which no p-value can be as small as alpha: 1 / (n + 1) <= alpha."""
    _checked(alpha)
    return ceil(1 / alpha - TOLERANCE) - 1


def threshold(reference: ArrayLike, alpha: float) -> float:
    """A score above it has p <= alpha, one at or below it has not; from reference scores alone.

    Raises BadRequest where there are fewer than `fewest(alpha)` of them.
    """
    scores = np.sort(np.asarray(reference, np.float64))[::-1]
    if len(scores) < fewest(alpha):
        raise BadRequest(f"{len(scores)} reference cases cannot give a p-value of {alpha:g} or less",
                         do=f"Give at least {fewest(alpha)}, or a larger alpha.")  # fmt: skip
    return float(scores[floor(alpha * (len(scores) + 1) + TOLERANCE) - 1])


def _checked(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise BadRequest(f"alpha is {alpha:g}", do="Choose a share between 0 and 1, such as 0.05.")
