"""Kaplan-Meier curves as a PNG file: steps, 95 % bands, marks of censoring and the numbers at risk beneath."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np

from readingroom.exports.chart import ticks_of
from readingroom.exports.plots import DOTS, FACE, INKS, _matplotlib
from readingroom.learning.survival import Curve

WIDE, HIGH = 7.4, 5.2


def kaplan_meier_png(curves: Sequence[Curve], title: str, unit: str = "") -> bytes:
    """The same curves, the same bytes. Raises NotServed without matplotlib."""
    figure_of, context = _matplotlib()
    last = max(curve.times[-1] for curve in curves)
    ticks = [at for at, _ in ticks_of((0.0, last))]
    with context({**FACE}):
        figure = figure_of(figsize=(WIDE, HIGH), dpi=DOTS, layout="constrained")
        above, below = figure.subplots(2, 1, height_ratios=(5, 0.5 + 0.4 * len(curves)), sharex=True)
        for ink, curve in zip(INKS, curves, strict=False):
            _draw(above, curve, ink)
        above.set(title=_plain(title), ylabel="survival", ylim=(0, 1.02), xlim=(-0.03 * last, 1.02 * last))
        above.set_xticks(ticks)
        above.legend(loc="best", fontsize=9)
        _at_risk(below, curves, ticks)
        below.set_xlabel(f"time ({_plain(unit)})" if unit else "time")
        out = BytesIO()
        figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _draw(axes: Any, curve: Curve, ink: str) -> None:
    name = f"{_plain(curve.name)} (n {curve.n}, {curve.events} events)"
    axes.step(curve.times, curve.survival, where="post", color=ink, linewidth=1.8, label=name)
    axes.fill_between(curve.times, curve.low, curve.high, step="post", color=ink, alpha=0.15, linewidth=0)
    flat = [at for at in range(1, len(curve.times)) if curve.survival[at] == curve.survival[at - 1]]
    axes.plot(np.array(curve.times)[flat], np.array(curve.survival)[flat], "|", color=ink, markersize=6)


def _at_risk(axes: Any, curves: Sequence[Curve], ticks: Sequence[float]) -> None:
    axes.set(ylim=(-0.6, len(curves) - 0.4), title="")
    axes.set_title("at risk", fontsize=9)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set_yticks(range(len(curves)), [_plain(curve.name) for curve in reversed(curves)])
    for line, curve in enumerate(reversed(curves)):
        for at in ticks:
            axes.text(at, line, str(curve.at_risk_at(at)), ha="center", va="center", fontsize=9)


def _plain(text: str) -> str:
    """Names come from data: nothing in them is mathematics or hides from the legend."""
    return text.replace("$", r"\$").lstrip("_")
