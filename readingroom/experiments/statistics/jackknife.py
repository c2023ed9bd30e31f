"""The standard error of a figure when patients, not images, are independent: each patient left out once.

Source: Efron and Stein 1981; with clusters this is the CV3 estimator, the one of its family that is least too small
where clusters are few or unequal (MacKinnon, Nielsen and Webb 2023, "Fast and reliable jackknife and bootstrap methods
for cluster-robust inference").
"""

from __future__ import annotations

import numpy as np

from readingroom.experiments.metrics.metric import Fold
from readingroom.experiments.statistics.folds import Numbers, folded

ROUNDING = 1e-12
"""Spread below this is the rounding of equal figures."""


def left_out(hits: Numbers, of: Numbers, fold: Fold) -> Numbers:
    """(..., patients, k) sums of each patient to (..., patients) figures, each without that patient."""
    return folded(hits.sum(-2, keepdims=True) - hits, of.sum(-2, keepdims=True) - of, fold)


def standard_error(without: Numbers) -> Numbers:
    """(..., patients) figures with each patient left out to (...) standard errors, about their own mean."""
    patients = without.shape[-1]
    spread = ((without - without.mean(-1, keepdims=True)) ** 2).sum(-1) * (patients - 1) / patients
    return np.asarray(np.where(spread < ROUNDING**2, 0.0, np.sqrt(spread)), np.float64)
