"""An experiment's summary as tables for a terminal: figures with intervals, then what differs from the baselines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from readingroom.errors import BadRequest
from readingroom.experiments.arms import NO_TOOLS
from readingroom.experiments.metrics.metric import Metric
from readingroom.experiments.statistics.comparison import SAME, Comparison
from readingroom.experiments.statistics.interval import Interval
from readingroom.experiments.summary import Against, ArmFigures, Summary

FIRST = ("slips_reaching", "silent_errors", "contradicted_rate", "unsupported_rate", "omission_rate", "claim_f1",
         "label_f1", "choice_accuracy", "tokens")  # fmt: skip
"""What a table shows where nothing else is asked for, as far as it was counted."""
MOST = 6
"""Columns of figures, where the terminal is wide enough."""
ROOM, COLUMN = 66, 23
"""Characters of an arm with its drafts, and of one figure."""
NONE = "-"
FIGURES = "Figures with 95 % intervals, patients as clusters; failed drafts counted as drafts that say nothing"
DIFFERENCES = (
    "Differences in any patient, with 95 % intervals; p: paired permutation of patients, after Holm over all metrics;\n"
    "detectable: what four of five such experiments would have found"
)


def chosen(summary: Summary, names: Sequence[str]) -> tuple[Metric, ...]:
    """The metrics of a table. Raises BadRequest for one that was not counted."""
    known = {metric.name: metric for metric in summary.metrics}
    if strange := [name for name in names if name not in known]:
        raise BadRequest(f"metric {strange[0]!r} was not counted", do=f"There are {', '.join(known)}.")
    return tuple(known[name] for name in names or [name for name in FIRST if _tells(summary, name)][:MOST])


def _tells(summary: Summary, name: str) -> bool:
    """Whether it was counted; of tokens, whether there were any."""
    values = [one.included.value for arm in summary.arms for one in arm.figures if one.metric == name]
    return any(values) if name == "tokens" else bool(values)


def print_summary(summary: Summary, console: Console, names: Sequence[str] = ()) -> None:
    """Both tables and the errors."""
    metrics = chosen(summary, names)
    if not names:
        metrics = metrics[: max(1, (console.width - ROOM) // COLUMN)]
    console.print(
        f"{summary.name}: {summary.cases} cases of {summary.patients} patients, {len(summary.arms)} arms, "
        f"{summary.drafts} drafts, {summary.failed} failed"
        + (f", {summary.missing} not run yet" if summary.missing else "")
    )
    console.print(_figures(summary, metrics))
    told = _comparisons(summary, metrics)
    if told.row_count:
        console.print(told)
    for line, times in summary.errors.items():
        console.print(f"{times} x {line}", markup=False)


def _figures(summary: Summary, metrics: Sequence[Metric]) -> Table:
    table = Table(title=FIGURES, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("template / writer / tools / check", no_wrap=True)
    table.add_column("drafts", justify="right")
    for metric in metrics:
        table.add_column(f"{metric.title}{' (sanity only)' if metric.sanity_only else ''}", justify="right")
    for arm in summary.arms:
        cells = [told_interval(_of(arm, metric, completed=False)) for metric in metrics]
        table.add_row(f"{arm.name}{' *' if arm.baseline else ''}", str(arm.drafts), *cells)
        if arm.failed:
            cells = [told_interval(_of(arm, metric, completed=True)) for metric in metrics]
            table.add_row("  without its failed drafts", str(arm.drafts - arm.failed), *cells)
    table.caption, table.caption_justify = "* baseline", "left"
    return table


def _of(arm: ArmFigures, metric: Metric, *, completed: bool) -> Interval | None:
    figure = next((one for one in arm.figures if one.metric == metric.name), None)
    return None if figure is None else figure.completed if completed else figure.included


def told_interval(found: Interval | None) -> str:
    """ "0.21 (0.07 to 0.48)"; a dash where nothing could be counted."""
    if found is None or found.value is None:
        return NONE
    if found.low is None or found.high is None:
        return number(found.value)
    return f"{number(found.value)} ({number(found.low)} to {number(found.high)})"


def number(value: float) -> str:
    """Two digits of a share, and no more of an amount than it bears."""
    return f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}"


def _comparisons(summary: Summary, metrics: Sequence[Metric]) -> Table:
    """Each arm against the nearest baseline, with tools against none, checked against unchecked; then against the first
    template, writer, prompts and tools of the file, all else equal."""
    table = Table(title=DIFFERENCES, title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("arm", "metric"):
        table.add_column(name, no_wrap=True)
    for name in ("difference", "p", "detectable", "patients", "without failed drafts"):
        table.add_column(name, justify="right")
    for against, less in _shown(summary):
        for row in _rows(against, metrics):
            table.add_row(f"{against.arm}, minus {less}", *row)
    return table


def _shown(summary: Summary) -> Iterator[tuple[Against, str]]:
    """With what is subtracted, in short. Of baselines no template or writer is compared where there are other arms."""
    nearest = {against.arm: against for against in summary.comparisons if not against.differs}
    for against in nearest.values():
        yield against, "no tools" if against.baseline.endswith(NO_TOOLS) else "no check"
    asked = {one.name for one in summary.arms if not one.baseline} or {one.name for one in summary.arms}
    for against in summary.comparisons:
        if against.differs and against.arm in asked:
            yield against, f"{against.differs} {against.first}"


def _rows(against: Against, metrics: Sequence[Metric]) -> Iterator[tuple[str, ...]]:
    """What differs in at least one patient."""
    of = {one.metric: one for one in against.metrics}
    for metric in metrics:
        one = of.get(metric.name)
        if one is None or one.included.difference is None or one.included.why == SAME:
            continue
        first = one.included
        apart = "same" if one.completed == first else _difference(one.completed)
        yield metric.name, _difference(first), _p(first), _detectable(first), str(first.n_patients), apart


def _difference(found: Comparison) -> str:
    if found.difference is None:
        return NONE
    if found.low is None or found.high is None:
        return f"{found.difference:+.2f}"
    return f"{found.difference:+.2f} ({found.low:+.2f} to {found.high:+.2f})"


def _p(found: Comparison) -> str:
    if found.p_holm is None:
        return NONE
    return "<0.001" if found.p_holm < 0.001 else f"{found.p_holm:.3f}"


def _detectable(found: Comparison) -> str:
    return NONE if found.minimal_detectable is None else number(found.minimal_detectable)
