"""How sums of tallies make one figure: a ratio, an F1, a macro mean, or a calibration error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from readingroom.experiments.metrics.metric import Fold

Numbers = NDArray[np.float64]


def folded(hits: Numbers, of: Numbers, fold: Fold) -> Numbers:
    """(..., k) sums of the parts to (...) figures; NaN where there is nothing to count."""
    if fold == "calibration":
        return _calibration(hits, of)
    ratios = _over(hits, of, np.nan)
    if fold == "ratio":
        return np.asarray(ratios[..., 0], np.float64)
    if fold == "harmonic":  # who says nothing has no precision, finds nothing, and has an F1 of 0
        silent = np.isnan(ratios[..., 0]) & np.isfinite(ratios[..., 1])
        ratios = np.where(silent[..., None], 0, ratios)
        total = ratios[..., 0] + ratios[..., 1]
        return _over(2 * ratios[..., 0] * ratios[..., 1], total, 0 * total)
    there = of > 0
    return _over(np.where(there, ratios, 0).sum(-1), there.sum(-1), np.nan)


def _over(above: Numbers, below: Numbers, empty: Numbers | float) -> Numbers:
    """The quotient, and `empty` where there is nothing below."""
    return np.where(below > 0, above / np.where(below > 0, below, 1), empty)


def _calibration(hits: Numbers, of: Numbers) -> Numbers:
    """Sum over the bins of |told - seen| over the cases (Naeini et al. 2015)."""
    bins = hits.shape[-1] // 2
    apart = np.abs(hits[..., :bins] - hits[..., bins:]).sum(-1)
    cases = of[..., :bins].sum(-1)
    return _over(apart, cases, np.nan)
