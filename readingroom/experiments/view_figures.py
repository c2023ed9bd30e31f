"""The figures of an experiment for the page: arms by metrics with intervals, and every comparison with a baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from readingroom.experiments.arms import NO_TOOLS
from readingroom.experiments.metrics.metric import Metric
from readingroom.experiments.statistics.arms import Compared, Figure
from readingroom.experiments.statistics.comparison import Comparison
from readingroom.experiments.statistics.interval import Interval
from readingroom.experiments.summary import Against, ArmFigures, Summary

DIGITS = 4
"""Significant ones of a figure: more than a page prints."""


def figures_of(summary: Summary, first: Sequence[str]) -> dict[str, Any]:
    """Metrics, arms and comparisons, metrics by their place. `first`: names of those to show before others are asked
    for. Of each figure there are two: failures included, and without them."""
    places = {metric.name: place for place, metric in enumerate(summary.metrics)}
    names = [arm.name for arm in summary.arms]
    return {
        "metrics": [_metric(metric) for metric in summary.metrics],
        "first": [places[name] for name in first if name in places],
        "arms": [_arm(arm, places) for arm in summary.arms],
        "against": [_against(one, names, places) for one in summary.comparisons],
    }


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "name": metric.name, "title": metric.title, "lower": metric.better == "lower", "safety": metric.safety,
        "sanity": metric.sanity_only, "share": metric.bounded,
        "counted": is_counted(metric),
    }  # fmt: skip


def is_counted(metric: Metric) -> bool:
    """Whether one case can be told by it: a single tally, and no measure for a look only."""
    return metric.fold == "ratio" and not metric.parts and not metric.sanity_only


def _arm(arm: ArmFigures, places: Mapping[str, int]) -> dict[str, Any]:
    figures: tuple[Figure, ...] = arm.figures
    return {
        "name": arm.name, "baseline": arm.baseline, "blind": arm.arm.tools == NO_TOOLS, "drafts": arm.drafts,
        "failed": arm.failed, "missing": arm.missing,
        "figures": {places[one.metric]: [_interval(one.included), _interval(one.completed)] for one in figures},
    }  # fmt: skip


def _interval(found: Interval) -> list[Any]:
    return [*map(_digits, (found.value, found.low, found.high)), found.n_cases, found.n_patients, found.why]


def _against(one: Against, names: Sequence[str], places: Mapping[str, int]) -> dict[str, Any]:
    rows: dict[int, Any] = {places[row.metric]: _compared(row) for row in one.metrics if row.metric in places}
    return {"arm": names.index(one.arm), "base": names.index(one.baseline), "differs": one.differs, "rows": rows}


def _compared(row: Compared) -> list[list[Any]]:
    return [_comparison(row.included), _comparison(row.completed)]


def _comparison(found: Comparison) -> list[Any]:
    numbers = (found.difference, found.low, found.high, found.p, found.p_holm, found.minimal_detectable)
    return [*map(_digits, numbers), found.n_cases, found.n_patients, found.why]


def _digits(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{DIGITS}g}")
