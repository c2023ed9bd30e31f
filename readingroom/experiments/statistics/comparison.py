"""Two arms on the same cases: the difference, how sure it is, and the smallest that these cases could have shown.

The interval of a difference of shares is put together from both arms' Wilson intervals and their correlation (Newcombe
1998, method 10, for paired shares; Zou and Donner 2008, "Construction of confidence limits about effect measures", for
any two correlated figures), of a difference of amounts it is t times the jackknife's standard error. The p-value is of
a paired permutation of whole patients; the percentiles of a paired bootstrap of patients stand beside. "Different" is
what `p_holm` says, adjusted over the metrics (Holm 1979), where the interval leaves out 0, too: exchanging patients
asks whether the arms are alike in anything, and so also finds arms that are wrong as often but have less to count.
`python -m benchmarks.coverage` prints how often the intervals hold the truth, and how often arms without a difference
are called different.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student

from readingroom.domain.value import Value
from readingroom.experiments.metrics.metric import Metric
from readingroom.experiments.statistics.folds import Numbers, folded
from readingroom.experiments.statistics.interval import NOTHING, ONE_PATIENT, ends
from readingroom.experiments.statistics.jackknife import left_out, standard_error
from readingroom.experiments.statistics.resampling import REPLICATES, drawn, exchanged
from readingroom.learning.multiple import holm

SAME = "no patient differs"
LEVEL, POWER = 0.05, 0.8
EQUAL = 1e-9
"""Differences closer than this are ties of a permutation."""


class Comparison(Value):
    """First arm minus second, of one metric; what cannot be told is None, with the reason in `why`."""

    metric: str
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    bootstrap_low: float | None = None
    bootstrap_high: float | None = None
    p: float | None = None
    p_holm: float | None = None
    minimal_detectable: float | None = None
    """The difference that would have been found in four of five experiments like this one, at the 5 % level."""
    n_cases: int = 0
    n_patients: int = 0
    why: str = ""

    @property
    def different(self) -> bool:
        """Whether the arms differ, all metrics of the table considered."""
        apart = self.low is not None and self.high is not None and not self.low <= 0 <= self.high
        return apart and self.p_holm is not None and self.p_holm < LEVEL


class Pair(NamedTuple):
    """Both arms' sums of each patient, (patients, k), of one metric."""

    metric: Metric
    first: tuple[Numbers, Numbers]
    """Hits and of."""
    second: tuple[Numbers, Numbers]
    cases: int

    @property
    def columns(self) -> Numbers:
        """(patients, 4 k)."""
        return np.concatenate([*self.first, *self.second], axis=-1)


def compared(pairs: Sequence[Pair], seed: int = 0, replicates: int = REPLICATES) -> tuple[Comparison, ...]:
    """Every metric of two arms, with p-values adjusted over those that have one; all pairs have the same patients.

    All metrics see the same draws and the same exchanges.
    """
    if not pairs:
        return ()
    columns = np.concatenate([pair.columns for pair in pairs], axis=-1)
    starts = np.cumsum([0, *(pair.columns.shape[-1] for pair in pairs)])
    halves = np.concatenate([_halves(pair) for pair in pairs], axis=-1)
    rows = np.cumsum([0, *(_halves(pair).shape[-1] for pair in pairs)])
    if not len(columns):
        return tuple(Comparison(metric=pair.metric.name, why=NOTHING) for pair in pairs)
    draws, flips = drawn(columns, seed, replicates), exchanged(halves, seed + 1, replicates)
    found = [
        _one(pair, draws[:, starts[n] : starts[n + 1]], flips[:, rows[n] : rows[n + 1]]) for n, pair in enumerate(pairs)
    ]
    tested = [one.p for one in found if one.p is not None]
    adjusted = iter(holm(tested).tolist() if tested else ())
    return tuple(one if one.p is None else one.model_copy(update={"p_holm": next(adjusted)}) for one in found)


def _halves(pair: Pair) -> Numbers:
    """(patients, 2 k): half of how far the arms are apart, in hits and of."""
    return np.concatenate([(a - b) / 2 for a, b in zip(pair.first, pair.second, strict=True)], axis=-1)


def _one(pair: Pair, draws: Numbers, flips: Numbers) -> Comparison:
    metric, kept = pair.metric, (pair.first[1] + pair.second[1]).sum(-1) > 0
    first, second = ((hits[kept], of[kept]) for hits, of in (pair.first, pair.second))
    patients = int(kept.sum())
    told = Comparison(metric=metric.name, n_cases=pair.cases, n_patients=patients)
    values = [folded(hits.sum(0), of.sum(0), metric.fold) for hits, of in (first, second)]
    if not np.isfinite(values).all():
        return told.model_copy(update={"why": NOTHING})
    difference = float(values[0] - values[1])
    if patients < 2:
        return told.model_copy(update={"difference": difference, "why": ONE_PATIENT})
    if all(np.allclose(a, b, rtol=0, atol=EQUAL) for a, b in zip(first, second, strict=True)):
        return told.model_copy(update={"difference": 0.0, "why": SAME})
    sure = _sure((first, second), metric)
    if sure is None:
        return told.model_copy(update={"difference": difference, "why": ONE_PATIENT})
    sizes = _sizes(np.array(values), sure, (first, second)) if metric.fold == "ratio" else None
    between = _between(np.array(values), sure, patients, sizes) if metric.bounded else None
    low, high = between or sure.around(difference, patients)
    drawn_low, drawn_high = _percentiles(draws, metric)
    needed = float(student.ppf(1 - LEVEL / 2, patients - 1) + student.ppf(POWER, patients - 1))
    return told.model_copy(update={
        "difference": difference, "low": low, "high": high, "bootstrap_low": drawn_low, "bootstrap_high": drawn_high,
        "p": _p(pair, flips, abs(difference)), "minimal_detectable": needed * sure.apart or None,
    })  # fmt: skip


class _Errors(NamedTuple):
    """Standard errors of both arms and of their difference."""

    first: float
    second: float
    apart: float

    def around(self, difference: float, patients: int) -> tuple[float, float]:
        half = float(student.ppf(1 - LEVEL / 2, patients - 1)) * self.apart
        return difference - half, difference + half

    @property
    def correlation(self) -> float:
        """Of the arms' figures; 0 where one of them does not vary."""
        if not self.first or not self.second:
            return 0.0
        shared = (self.first**2 + self.second**2 - self.apart**2) / (2 * self.first * self.second)
        return float(np.clip(shared, -1, 1))


def _sure(arms: Sequence[tuple[Numbers, Numbers]], metric: Metric) -> _Errors | None:
    """None where an arm's figure stands on one patient, without whom there is none."""
    first, second = (left_out(hits, of, metric.fold) for hits, of in arms)
    told = np.isfinite(first) & np.isfinite(second)
    if told.sum() < 2:
        return None
    return _Errors(*(float(standard_error(one[told])) for one in (first, second, first - second)))


def _sizes(values: Numbers, errors: _Errors, arms: Sequence[tuple[Numbers, Numbers]]) -> Numbers:
    """The effective size of an arm without spread, by the design effect of the other: the images of a patient go
    together as they do there. As many as there are patients where neither has any."""
    patients, counts = len(arms[0][1]), np.array([float(of.sum()) for _, of in arms])
    plain = values * (1 - values) / counts
    effects = np.divide(np.square([errors.first, errors.second]), plain, out=np.full(2, np.inf), where=plain > 0)
    return np.asarray(np.clip(counts / np.maximum(effects[::-1], 1.0), patients, np.maximum(counts, patients)))


def _between(values: Numbers, errors: _Errors, patients: int, alike: Numbers | None) -> tuple[float, float]:
    """Both ends of the difference of two correlated shares."""
    spread = np.array([errors.first, errors.second])
    lows, highs = ends(values, spread, patients, bounded=True, alike=alike)
    (down, other_down), (up, other_up) = values - lows, highs - values
    twice, difference = 2 * errors.correlation, float(values[0] - values[1])
    below = down**2 + other_up**2 - twice * down * other_up
    above = up**2 + other_down**2 - twice * up * other_down
    return difference - float(np.sqrt(max(below, 0.0))), difference + float(np.sqrt(max(above, 0.0)))


def _percentiles(draws: Numbers, metric: Metric) -> tuple[float | None, float | None]:
    """2.5 and 97.5 % of the differences of the draws that have one."""
    hits, of, other_hits, other_of = np.split(draws, 4, axis=-1)
    apart = folded(hits, of, metric.fold) - folded(other_hits, other_of, metric.fold)
    told = apart[np.isfinite(apart)]
    if not len(told):
        return None, None
    low, high = np.percentile(told, (2.5, 97.5))
    return float(low), float(high)


def _p(pair: Pair, flips: Numbers, seen: float) -> float:
    """Share of exchanges at least as far apart as what was seen, itself counted (Phipson and Smyth 2010); one that
    leaves an arm nothing to count is taken as so far."""
    hits, of = ((a + b).sum(0) / 2 for a, b in zip(pair.first, pair.second, strict=True))
    more_hits, more_of = np.split(flips, 2, axis=-1)
    fold = pair.metric.fold
    apart = folded(hits + more_hits, of + more_of, fold) - folded(hits - more_hits, of - more_of, fold)
    far = ~(np.abs(apart) < seen - EQUAL)  # NaN is as far
    return float((1 + far.sum()) / (1 + len(apart)))
