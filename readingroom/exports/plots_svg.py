"""Charts as inline SVG for our own pages: colours by class, every text escaped, nothing that a policy must allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import isfinite
from typing import NamedTuple

from markupsafe import Markup, escape

from readingroom.exports.chart import Chart, Series, ranges, ticks_of
from readingroom.exports.wording import plain

WIDE, HIGH, SQUARE = 760.0, 420.0, 520.0
LEFT, RIGHT, TOP, BELOW = 64.0, 16.0, 12.0, 58.0
LONG_TICKS = 90
"""Letters of all ticks below an axis at which they are turned."""


class _Frame(NamedTuple):
    """Where the axes are on the page."""

    x: Callable[[float], float]
    y: Callable[[float], float]
    wide: float
    high: float


def to_svg(chart: Chart) -> Markup:
    """One `<svg>`. Marks carry `data-told`, groups of them `data-series`: what page/plots.js works with."""
    across, up = ranges(chart)
    turned = sum(len(text) for _, text in chart.x_ticks) > LONG_TICKS
    below = BELOW + (34 if turned else 0)
    wide, high = (SQUARE, SQUARE) if chart.square else (WIDE, HIGH)

    def x(value: float) -> float:
        return LEFT + (value - across[0]) / (across[1] - across[0]) * (wide - LEFT - RIGHT)

    def y(value: float) -> float:
        return high - below - (value - up[0]) / (up[1] - up[0]) * (high - TOP - below)

    frame = _Frame(x, y, wide, high)
    parts = [
        f'<svg class="chart" viewBox="0 0 {wide:g} {high:g}" role="img" aria-label="{_text(chart.told)}">',
        *_axes(chart, frame, below, turned=turned),
    ]
    for at, one in enumerate(chart.series):
        parts += [f'<g class="series s{one.colour % 6}" data-series="{at}">', *_marks(one, frame, below), "</g>"]
    return Markup("".join([*parts, "</svg>"]))  # noqa: S704  # every text in it went through _text


def _text(text: str) -> Markup:
    return escape(plain(text))


def _axes(chart: Chart, frame: _Frame, below: float, *, turned: bool) -> Iterator[str]:
    across, up = ranges(chart)
    bottom = frame.high - below
    for at, text in ticks_of(up, chart.y_ticks):
        y = frame.y(at)
        yield f'<path class="grid" d="M{LEFT:.1f} {y:.1f}H{frame.wide - RIGHT:.1f}"/>'
        yield f'<text class="tick" x="{LEFT - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{_text(text)}</text>'
    for at, text in ticks_of(across, chart.x_ticks):
        x = frame.x(at)
        yield f'<path class="grid" d="M{x:.1f} {bottom:.1f}v5"/>'
        how = (
            f'text-anchor="end" transform="rotate(-40 {x:.1f} {bottom + 16:.1f})"' if turned else 'text-anchor="middle"'
        )
        yield f'<text class="tick" x="{x:.1f}" y="{bottom + 19:.1f}" {how}>{_text(text)}</text>'
    middle = (TOP + bottom) / 2
    yield f'<path class="axis" d="M{LEFT:.1f} {TOP:.1f}V{bottom:.1f}H{frame.wide - RIGHT:.1f}"/>'
    centre = (LEFT + frame.wide - RIGHT) / 2
    yield (
        f'<text class="name" x="{centre:.1f}" y="{frame.high - 10:.1f}" text-anchor="middle">'
        f"{_text(chart.x_name)}</text>"
    )
    yield (
        f'<text class="name" x="16" y="{middle:.1f}" text-anchor="middle" transform="rotate(-90 16 {middle:.1f})">'
        f"{_text(chart.y_name)}</text>"
    )


def _marks(one: Series, frame: _Frame, below: float) -> Iterator[str]:
    told = one.labels or ("",) * len(one.x)
    if one.kind == "rule":
        if one.y:
            yield f'<path class="rule" d="M{LEFT:.1f} {frame.y(one.y[0]):.1f}H{frame.wide - RIGHT:.1f}"/>'
        else:
            yield f'<path class="rule" d="M{frame.x(one.x[0]):.1f} {TOP:.1f}V{frame.high - below:.1f}"/>'
        return
    if one.kind == "line":
        points = [(frame.x(x), frame.y(y)) for x, y in zip(one.x, one.y, strict=True) if isfinite(y)]
        yield f'<path class="line" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in points)}"/>'
        return
    for at, (x, y) in enumerate(zip(one.x, one.y, strict=True)):
        said = f' data-told="{_text(told[at])}" tabindex="-1"' if told[at] else ""
        if one.kind == "bars":
            left, right, top = frame.x(x - one.width / 2), frame.x(x + one.width / 2), frame.y(y)
            shape = f"M{left:.1f} {frame.y(0):.1f}V{top:.1f}H{right:.1f}V{frame.y(0):.1f}Z"
            yield f'<path class="bar-mark"{said} d="{shape}"/>'
            continue
        if one.low:
            low, high = frame.y(one.low[at]), frame.y(one.high[at])
            yield f'<path class="whisker" d="M{frame.x(x):.1f} {low:.1f}V{high:.1f}"/>'
        yield f'<path class="point"{said} d="{_mark(frame.x(x), frame.y(y), one.colour % 6, 6 if one.strong else 4)}"/>'


def _mark(x: float, y: float, shape: int, r: float) -> str:
    """A circle, square, triangle, diamond, triangle downwards or plus: never told by colour alone."""
    third = r / 3
    return (
        f"M{x - r:.1f} {y:.1f}a{r:g} {r:g} 0 1 0 {2 * r:g} 0a{r:g} {r:g} 0 1 0 {-2 * r:g} 0Z",
        f"M{x - r * 0.9:.1f} {y - r * 0.9:.1f}h{r * 1.8:g}v{r * 1.8:g}h{-r * 1.8:g}Z",
        f"M{x:.1f} {y - r * 1.1:.1f}l{r:g} {r * 1.9:g}h{-2 * r:g}Z",
        f"M{x:.1f} {y - r * 1.2:.1f}l{r * 1.2:g} {r * 1.2:g}l{-r * 1.2:g} {r * 1.2:g}l{-r * 1.2:g} {-r * 1.2:g}Z",
        f"M{x:.1f} {y + r * 1.1:.1f}l{r:g} {-r * 1.9:g}h{-2 * r:g}Z",
        f"M{x - third:.1f} {y - r:.1f}h{2 * third:.2f}v{r - third:.2f}h{r - third:.2f}v{2 * third:.2f}h{third - r:.2f}"
        f"v{r - third:.2f}h{-2 * third:.2f}v{third - r:.2f}h{third - r:.2f}v{-2 * third:.2f}h{r - third:.2f}Z",
    )[shape]
