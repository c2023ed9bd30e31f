"""A chart as data: what is drawn, in its own units, before anything draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Literal

Kind = Literal["points", "line", "bars", "rule"]
Ticks = tuple[tuple[float, str], ...]

SERIES = 6
"""Colours and marks that can be told apart; more groups share "other"."""


@dataclass(frozen=True)
class Series:
    """One kind of mark."""

    name: str
    kind: Kind
    x: tuple[float, ...]
    y: tuple[float, ...]
    """A rule is one line across the chart: at y, or at x where y is empty."""
    labels: tuple[str, ...] = ()
    """What is told of each mark on pointing at it."""
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    """Ends of an interval about each y."""
    width: float = 0.0
    """Of bars, in units of x."""
    colour: int = 0
    strong: bool = False
    """Drawn large: what the eye should meet first."""


@dataclass(frozen=True)
class Chart:
    """One picture."""

    name: str
    """Of its file, and of nothing else: "drift"."""
    title: str
    x_name: str
    y_name: str
    series: tuple[Series, ...]
    told: str
    """The same in words, for those who do not see it."""
    x_ticks: Ticks = ()
    """Empty: round numbers."""
    y_ticks: Ticks = ()
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    square: bool = False
    """As high as wide: both axes are shares."""


def ranges(chart: Chart) -> tuple[tuple[float, float], tuple[float, float]]:
    """What the axes run over: as the chart says, else all that is drawn and a twentieth about it."""
    xs = [value for one in chart.series for value in one.x]
    ys = [value for one in chart.series for value in (*one.y, *one.low, *one.high)]
    xs += [one.x[at] + side * one.width / 2 for one in chart.series for at in range(len(one.x)) for side in (-1, 1)]
    floor_y = any(one.kind == "bars" for one in chart.series)
    return chart.x_range or _about(xs), chart.y_range or _about(ys, floor_y=floor_y)


def _about(values: Sequence[float], *, floor_y: bool = False) -> tuple[float, float]:
    least, most = min(values, default=0.0), max(values, default=1.0)
    room = (most - least) / 20 or 0.5
    return (0.0 if floor_y else least - room), most + room


def ticks_of(span: tuple[float, float], given: Ticks = ()) -> Ticks:
    """Given ones, else four to eight round numbers."""
    if given:
        return tuple(tick for tick in given if span[0] - 1e-9 <= tick[0] <= span[1] + 1e-9)
    raw = (span[1] - span[0]) / 5
    scale = 10 ** floor(log10(raw))
    step = next(scale * factor for factor in (1, 2, 5, 10) if scale * factor >= raw * 0.999)
    places = max(0, -floor(log10(step) + 1e-9))
    first, last = ceil(span[0] / step - 1e-9), floor(span[1] / step + 1e-9)
    return tuple((at * step, f"{at * step:.{places}f}") for at in range(first, last + 1))


def whole_ticks(span: tuple[float, float]) -> Ticks:
    """The round numbers of an axis that counts: no half item."""
    return tuple((at, f"{at:.0f}") for at, _ in ticks_of(span) if abs(at - round(at)) < 1e-9)
