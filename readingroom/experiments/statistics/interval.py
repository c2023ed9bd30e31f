"""The 95 % interval of one arm's figure.

Shares have Wilson's interval on the effective sample size p (1 - p) / variance, with Student's t of one less than the
patients in place of the normal quantile; amounts have t times the standard error. `python -m benchmarks.coverage`
prints how often they hold the truth, beside the percentile bootstrap and the plain t interval, which fall short near 1.
Source: Franco, Little, Louis and Slud 2019, "Comparative Study of Confidence Intervals for Proportions in Complex
Sample Surveys" (Wilson is recommended), and Dean and Pagano 2015.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import t as student

from readingroom.domain.value import Value
from readingroom.experiments.metrics.metric import Fold
from readingroom.experiments.statistics.folds import Numbers, folded
from readingroom.experiments.statistics.jackknife import left_out, standard_error

NOTHING = "nothing to count"
ONE_PATIENT = "fewer than two patients"
ALIKE = "every patient alike"


class Interval(Value):
    """A figure with its 95 % interval, and what it stands on."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n_cases: int = 0
    """Drafts that had something to count."""
    n_patients: int = 0
    why: str = ""
    """Why there is no interval, or what it rests on where all patients are alike."""


def interval(hits: Numbers, of: Numbers, *, fold: Fold = "ratio", bounded: bool = True, cases: int = 0) -> Interval:
    """(patients, k) sums of each patient's tallies to a figure with its interval.

    `bounded`: a share, 0..1. Where all patients are alike a share has Wilson's interval on the number of patients, as
    if the images of one patient always went together, and an amount has none.
    """
    kept = of.sum(-1) > 0
    hits, of = hits[kept], of[kept]
    patients = len(hits)
    counted = {"n_cases": cases or patients, "n_patients": patients}
    if not patients:
        return Interval(why=NOTHING)
    value = float(folded(hits.sum(0), of.sum(0), fold))
    if not np.isfinite(value):
        return Interval(why=NOTHING, n_patients=patients, n_cases=cases)
    if patients < 2:
        return Interval(value=value, why=ONE_PATIENT, **counted)
    error = float(np.nan_to_num(standard_error(left_out(hits, of, fold))))
    low, high = ends(np.array(value), np.array(error), patients, bounded=bounded)
    if error == 0 and not bounded:
        return Interval(value=value, why=ALIKE, **counted)
    return Interval(value=value, low=float(low), high=float(high), why="" if error else ALIKE, **counted)


def ends(
    value: Numbers, error: Numbers, patients: int, *, bounded: bool, alike: Numbers | float | None = None
) -> tuple[Numbers, Numbers]:
    """Both ends, of one figure or of many with as many patients.

    `alike`: the effective size of a share of 0 or 1, or without any spread; the number of patients if it is not given.
    """
    quantile = float(student.ppf(0.975, patients - 1))
    if not bounded:
        return np.asarray(value - quantile * error), np.asarray(value + quantile * error)
    fixed = np.broadcast_to(np.asarray(patients if alike is None else alike, np.float64), np.shape(value))
    spread = (error > 0) & (value > 0) & (value < 1)
    effective = np.where(spread, np.maximum(value * (1 - value) / np.where(spread, error, 1.0) ** 2, 1.0), fixed)
    shrink = 1 + quantile**2 / effective
    middle = (value + quantile**2 / (2 * effective)) / shrink
    half = quantile * np.sqrt(value * (1 - value) / effective + quantile**2 / (4 * effective**2)) / shrink
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)
