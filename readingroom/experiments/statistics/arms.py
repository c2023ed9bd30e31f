"""From the scores of drafts to the figures of arms and the comparisons between them, failures counted and left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.experiments.metrics.catalogue import METRICS
from readingroom.experiments.metrics.metric import Metric
from readingroom.experiments.metrics.tally import Tally
from readingroom.experiments.statistics.comparison import Comparison, Pair, compared
from readingroom.experiments.statistics.folds import Numbers
from readingroom.experiments.statistics.interval import Interval, interval


class Scored(NamedTuple):
    """One draft's tallies, and whose it is."""

    case: str
    subject: str
    scores: Mapping[str, Tally]
    failed: bool = False
    seed: int = 0


class Figure(Value):
    """One metric of one arm."""

    metric: str
    included: Interval
    """Failed drafts counted as drafts that say nothing."""
    completed: Interval
    """Of the drafts that came out."""


class Compared(Value):
    """One metric of two arms."""

    metric: str
    included: Comparison
    completed: Comparison
    """Of the cases that came out in both arms."""


def figures(scored: Sequence[Scored], metrics: Sequence[Metric] = METRICS) -> tuple[Figure, ...]:
    """Every metric of one arm that has something to count, in the catalogue's order."""
    done = [one for one in scored if not one.failed]
    return tuple(
        Figure(metric=metric.name, included=_interval(scored, metric), completed=_interval(done, metric))
        for metric in metrics
        if _cases(scored, metric)
    )


def comparisons(
    first: Sequence[Scored], second: Sequence[Scored], metrics: Sequence[Metric] = METRICS, *, seed: int = 0
) -> tuple[Compared, ...]:
    """First arm minus second, of every metric that either counts; sanity-only metrics have no part in Holm's adjustment
    of the others and none of their own. Raises BadRequest where the arms have not drafted the same cases."""
    if _keys(first) != _keys(second):
        raise BadRequest("the two arms have not drafted the same cases with the same seeds", where="comparison",
                         do="Finish both, or compare what both have.")  # fmt: skip
    asked = [one for one in metrics if not one.sanity_only and (_cases(first, one) or _cases(second, one))]
    lost = _keys(one for one in (*first, *second) if one.failed)
    done_first, done_second = ([one for one in arm if (one.case, one.seed) not in lost] for arm in (first, second))
    included = _compared(first, second, asked, seed)
    completed = _compared(done_first, done_second, asked, seed) if lost else included
    return tuple(
        Compared(metric=metric.name, included=every, completed=some)
        for metric, every, some in zip(asked, included, completed, strict=True)
    )


def _keys(scored: Iterable[Scored]) -> set[tuple[str, int]]:
    return {(one.case, one.seed) for one in scored}


def _cases(scored: Iterable[Scored], metric: Metric) -> int:
    return sum(any(name in one.scores and one.scores[name].of for name in metric.tallies) for one in scored)


def _interval(scored: Sequence[Scored], metric: Metric) -> Interval:
    subjects = sorted({one.subject for one in scored})
    hits, of = _sums(scored, metric, subjects)
    return interval(hits, of, fold=metric.fold, bounded=metric.bounded, cases=_cases(scored, metric))


def _compared(
    first: Sequence[Scored], second: Sequence[Scored], metrics: Sequence[Metric], seed: int
) -> tuple[Comparison, ...]:
    subjects = sorted({one.subject for one in (*first, *second)})
    return compared(
        [Pair(metric, _sums(first, metric, subjects), _sums(second, metric, subjects),
              max(_cases(first, metric), _cases(second, metric))) for metric in metrics],
        seed,
    )  # fmt: skip


def _sums(scored: Iterable[Scored], metric: Metric, subjects: Sequence[str]) -> tuple[Numbers, Numbers]:
    """(patients, k) hits and of, summed over the drafts of each patient."""
    rows, names = {name: n for n, name in enumerate(subjects)}, metric.tallies
    sums = np.zeros((2, len(subjects), len(names)))
    for one in scored:
        for column, name in enumerate(names):
            if (found := one.scores.get(name)) is not None:
                sums[:, rows[one.subject], column] += (found.hits, found.of)
    return sums[0], sums[1]
