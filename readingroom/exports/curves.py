"""The charts that are looked at: a map, scores, a ROC curve, a calibration curve, a course over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import log10
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readingroom.exports.chart import SERIES, Chart, Series
from readingroom.learning.calibration import reliability
from readingroom.learning.operating import curve
from readingroom.learning.projection import Projection
from readingroom.learning.rates import Truth, auroc_rate

OTHER = "other"
BARS = 24
SHARES = tuple((at / 5, f"{at / 5:.1f}") for at in range(6))
UNIT = (-0.02, 1.02)


def map_chart(
    projection: Projection, vectors: NDArray[np.floating], groups: Sequence[str], labels: Sequence[str], title: str
) -> Chart:
    """Rows on a projection's map, coloured by group: the largest groups by name, the others together."""
    points = projection.of(vectors)
    counts = Counter(groups)
    named = sorted(counts, key=lambda name: (-counts[name], name))
    named = named if len(named) <= SERIES else named[: SERIES - 1]
    shown = [name if name in named else OTHER for name in groups]
    series = []
    for colour, name in enumerate([*named, *([OTHER] if OTHER in shown and OTHER not in named else [])]):
        rows = [at for at, group in enumerate(shown) if group == name]
        series.append(Series(
            f"{name} ({len(rows)})", "points", tuple(points[rows, 0].tolist()), tuple(points[rows, 1].tolist()),
            tuple(labels[at] for at in rows), colour=colour,
        ))  # fmt: skip
    first, second = projection.shares
    told = f"Map of {len(groups)} images by two principal components: {', '.join(one.name for one in series)}"
    return Chart("map", title, f"first component ({first:.0%} of the variance)",
                 f"second component ({second:.0%})", tuple(series), told)  # fmt: skip


def score_chart(reference: Sequence[float], queries: Sequence[tuple[str, float, float]], limit: float) -> Chart:
    """Scores of a reference as bars, queries (name, score, p) as marks above them, and the limit of an outlier."""
    ends = np.histogram_bin_edges(np.asarray(reference), BARS)
    counts, _ = np.histogram(np.asarray(reference), ends)
    middle, width = (ends[:-1] + ends[1:]) / 2, float(ends[1] - ends[0])
    most = float(counts.max())
    bars = tuple(f"{low:.3g} to {high:.3g}: {count} reference studies"
                 for low, high, count in zip(ends[:-1], ends[1:], counts, strict=True))  # fmt: skip
    heights = tuple(most * (1.06 + 0.045 * (at % 4)) for at in range(len(queries)))
    labels = tuple(f"{name}\nscore {score:.3g}, p {p:.3g}" for name, score, p in queries)
    beyond = sum(score > limit for _, score, _ in queries)
    return Chart(
        "scores", "How far each study is from the reference", "mean distance to the nearest reference studies",
        "reference studies",
        (
            Series(f"reference ({len(reference)})", "bars", tuple(middle.tolist()), tuple(map(float, counts)), bars,
                   width=width, colour=5),
            Series(f"queries ({len(queries)})", "points", tuple(score for _, score, _ in queries), heights, labels,
                   colour=1, strong=True),
            Series("limit of an outlier", "rule", (limit,), (), colour=3),
        ),
        f"Histogram of {len(reference)} reference scores; {beyond} of {len(queries)} queries lie above the limit "
        f"{limit:.3g}",
        y_range=(0.0, most * 1.28),
    )  # fmt: skip


def time_chart(periods: Sequence[tuple[str, float | None, bool, str]], limit: float, smallest: float) -> Chart:
    """p-values of windows (name, p, alarm, words) over time on a logarithmic axis, small ones high, and the alarm line.

    `smallest`: the least p-value that can come out.
    """

    def height(p: float) -> float:
        return -log10(p)

    tested = [(at, p, alarm, words) for at, (_, p, alarm, words) in enumerate(periods) if p is not None]
    step = max(1, -(-len(periods) // 24))
    ticks = tuple((float(at), period[0]) for at, period in enumerate(periods) if at % step == 0)
    top = max(height(smallest), height(limit)) * 1.08
    marks = [
        Series(name, "points", tuple(float(at) for at, *_ in chosen), tuple(height(p) for _, p, _, _ in chosen),
               tuple(words for *_, words in chosen), colour=colour, strong=True)
        for name, wanted, colour in (("no alarm", False, 0), ("alarm", True, 1))
        if (chosen := [one for one in tested if one[2] is wanted])
    ]  # fmt: skip
    course = Series("course", "line", tuple(float(at) for at, *_ in tested),
                    tuple(height(p) for _, p, _, _ in tested), colour=5)  # fmt: skip
    line = Series(f"alarm at p {limit:.3g}", "rule", (), (height(limit),), colour=3)
    alarms = [periods[at][0] for at, _, alarm, _ in tested if alarm]
    powers = [10.0**-power for power in range(int(top) + 1)]
    return Chart(
        "drift", "Drift from the reference over time", "window", "p-value (small is up)", (course, *marks, line),
        f"p-values of {len(tested)} windows; alarms in {', '.join(alarms) or 'none'}", x_ticks=ticks,
        y_ticks=tuple((height(p), f"{p:g}") for p in powers), x_range=(-0.5, len(periods) - 0.5), y_range=(-0.08, top),
    )  # fmt: skip


class Ranked(NamedTuple):
    """Scores of cases whose truth is known."""

    name: str
    present: Truth
    scores: NDArray[np.float64]
    subjects: NDArray[np.str_]
    """Whose each case is: intervals count patients."""
    folds: NDArray[np.int64] | None = None
    """Where scores of several folds stand together: the area then counts pairs of one fold alone."""


def roc_chart(curves: Sequence[Ranked], title: str = "ROC curve") -> Chart:
    """Curves with their areas, 95 % intervals and numbers, and the line of chance."""
    series, told = [], []
    for colour, one in enumerate(curves):
        found = curve(one.present, one.scores)
        area = auroc_rate(one.present, one.scores, one.subjects, one.folds)
        told.append(f"{one.name}: area {area.line}")
        name = f"{one.name}: {area.value:.2f} ({area.low:.2f} to {area.high:.2f})"
        false, hit = (1 - found.specificity).tolist(), found.sensitivity.tolist()
        series.append(Series(name, "line", tuple(false), tuple(hit), colour=colour))
    chance = Series("chance", "line", (0.0, 1.0), (0.0, 1.0), colour=5)
    return Chart("roc", title, "share of negatives flagged", "share of positives flagged", (*series, chance),
                 "; ".join(told), SHARES, SHARES, UNIT, UNIT, square=True)  # fmt: skip


def calibration_chart(present: Truth, probabilities: NDArray[np.float64], title: str = "Calibration") -> Chart:
    """Predicted against observed shares by tenths, with 95 % intervals, and the diagonal."""
    found = reliability(present, probabilities)
    labels = tuple(f"predicted {one.told:.2f}, observed {one.seen.value:.2f} "
                   f"({one.seen.low:.2f} to {one.seen.high:.2f}) of {one.seen.n}" for one in found)  # fmt: skip
    marks = Series(
        f"observed ({len(present)} cases)", "points", tuple(one.told for one in found),
        tuple(one.seen.value for one in found), labels, tuple(one.seen.low for one in found),
        tuple(one.seen.high for one in found), strong=True,
    )  # fmt: skip
    perfect = Series("as predicted", "line", (0.0, 1.0), (0.0, 1.0), colour=5)
    return Chart("calibration", title, "predicted probability", "observed share", (marks, perfect),
                 "; ".join(labels), SHARES, SHARES, UNIT, UNIT, square=True)  # fmt: skip
