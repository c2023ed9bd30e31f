"""Charts as PNG files, by matplotlib: the same chart, the same bytes."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from readingroom.errors import NotServed
from readingroom.exports.chart import Chart, Series, ranges, ticks_of

INKS = ("#0a5cab", "#c2410c", "#17663b", "#a2158f", "#755000", "#525d6a")
"""s0 ... s5 of page/plots.css in its light theme."""
MARKS = ("o", "s", "^", "D", "v", "P")
DOTS = 150
"""Dots an inch: 1110 pixels across."""
WIDE, HIGH, SQUARE = 7.4, 4.3, 5.4

FACE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same letters everywhere
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#9aa5b1",
    "axes.labelcolor": "#3a4450",
    "xtick.color": "#3a4450",
    "ytick.color": "#3a4450",
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.grid": True,
    "grid.color": "#e6eaef",
    "axes.axisbelow": True,
    "legend.frameon": False,
}


def to_png(chart: Chart) -> bytes:
    """Raises NotServed without matplotlib."""
    figure_of, context = _matplotlib()
    with context({**FACE}):
        figure = figure_of(figsize=(SQUARE, SQUARE) if chart.square else (WIDE, HIGH), dpi=DOTS, layout="constrained")
        axes = figure.add_subplot()
        axes.set(title=chart.title, xlabel=chart.x_name, ylabel=chart.y_name)
        for one in chart.series:
            _draw(axes, one)
        across, up = ranges(chart)
        axes.set(xlim=across, ylim=up)
        for axis, ticks in ((axes.xaxis, ticks_of(across, chart.x_ticks)), (axes.yaxis, ticks_of(up, chart.y_ticks))):
            axis.set_ticks([at for at, _ in ticks], [text for _, text in ticks])
        if sum(len(text) for _, text in chart.x_ticks) > 70:
            axes.tick_params(axis="x", rotation=45)
        if chart.square:
            axes.set_aspect("equal")
        if len(chart.series) > 1:
            figure.legend(loc="outside lower center", ncols=1 if chart.square else 3, fontsize=9)
        out = BytesIO()
        figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _draw(axes: Any, one: Series) -> None:
    ink = INKS[one.colour % len(INKS)]
    name = _plain(one.name)
    if one.kind == "rule":
        line = {"color": ink, "linestyle": (0, (5, 3)), "linewidth": 1.4, "label": name}
        if one.y:
            axes.axhline(one.y[0], **line)
        else:
            axes.axvline(one.x[0], **line)
    elif one.kind == "bars":
        axes.bar(one.x, one.y, width=one.width, color=ink, alpha=0.75, label=name)
    elif one.kind == "line":
        axes.plot(one.x, one.y, color=ink, linewidth=1.8, label=name)
    else:
        size = 46 if one.strong else 22
        mark = MARKS[one.colour % len(MARKS)]
        axes.scatter(one.x, one.y, s=size, c=ink, marker=mark, linewidths=0.6, edgecolors="white", label=name, zorder=3)
    if one.low:
        # A share of 1 may lie a rounding error beyond its interval's end.
        below = [max(0.0, y - low) for y, low in zip(one.y, one.low, strict=True)]
        above = [max(0.0, high - y) for y, high in zip(one.y, one.high, strict=True)]
        axes.errorbar(one.x, one.y, yerr=(below, above), fmt="none", ecolor=ink, elinewidth=1.1, capsize=3)


def _plain(text: str) -> str:
    """Names come from data: nothing in them is mathematics or hides from the legend."""
    return text.replace("$", r"\$").lstrip("_")


def _matplotlib() -> tuple[Any, Any]:
    """Figure and style context: no window system, no state shared with the caller's own figures."""
    try:
        from matplotlib import rc_context  # noqa: PLC0415  # extra `plots`
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError as error:
        raise NotServed("plots as PNG need matplotlib", do="pip install 'readingroom[plots]'") from error

    def figure_of(**named: Any) -> Any:
        figure = Figure(**named)
        FigureCanvasAgg(figure)
        return figure

    return figure_of, rc_context
