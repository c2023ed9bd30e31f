"""The commands that watch what comes in: outliers against a reference, drift of a stream."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from readingroom.later import Later
from readingroom.lazy import room

if TYPE_CHECKING:
    from readingroom import show, watching
    from readingroom.exports import plots_page
    from readingroom.index import conditions
    from readingroom.workflows import drift as drift_workflow
    from readingroom.workflows import outliers as outliers_workflow
else:
    show = Later("readingroom.show")
    watching = Later("readingroom.watching")
    conditions = Later("readingroom.index.conditions")
    plots_page = Later("readingroom.exports.plots_page")
    drift_workflow = Later("readingroom.workflows.drift")
    outliers_workflow = Later("readingroom.workflows.outliers")

drift = typer.Typer(help="Has what comes in changed?", no_args_is_help=True)

Span = Literal["day", "week", "month", "quarter", "year"]
How = Literal["mmd", "energy"]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for Markdown, JSON, HTML and PNG.")]
Where = Annotated[list[str] | None, typer.Option(help="field=value and so on of the reference; may be repeated.")]


@drift.callback()
def watches() -> None:
    """Has what comes in changed?"""


def outliers(
    reference: Annotated[Path, typer.Argument(help="The index of a reference.")],
    queries: Annotated[list[Path], typer.Argument(help="An index, or files and folders; DICOM goes by series.")],
    alpha: Annotated[float, typer.Option(help="Share of studies like the reference that is flagged anyway.")] = 0.05,
    neighbours: Annotated[int, typer.Option(help="Nearest reference studies to average over.", min=1)] = 2,
    where: Where = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Studies that are unlike a reference, with conformal p-values and what may explain them.

    Exit 1 where any is an outlier.
    """
    the_room = room.ReadingRoom()
    asked = outliers_workflow.Asked(alpha=alpha, k=neighbours)
    told = the_room.wait_for(
        watching.outliers(the_room, reference, queries, asked, where=conditions.filter_of(where or ()), tell=_counted)
    )
    _shown(told, out, "outliers", as_json=json)


@drift.command("check")
def check(
    reference: Annotated[Path, typer.Option(help="The index of the reference.")],
    stream: Annotated[Path, typer.Option(help="The index of what came in.")],
    time: Annotated[str, typer.Option(help="The metadata field that tells the day: 2024-03-05 or 20240305.")],
    window: Annotated[Span, typer.Option(help="How time is cut.")] = "month",
    false_alarm: Annotated[float, typer.Option(help="Chance of an alarm in a window without change.")] = 0.01,
    field: Annotated[list[str] | None, typer.Option(help="A metadata field to watch; default: all fit for it.")] = None,
    how: Annotated[How, typer.Option(help="Vectors by maximum mean discrepancy or energy distance.")] = "mmd",
    smallest: Annotated[int, typer.Option(help="Subjects below which a window is not tested.", min=2)] = 10,
    splits: Annotated[int, typer.Option(help="Random divisions of each window, at least.", min=19)] = 999,
    where: Where = None,
    stream_where: Annotated[list[str] | None, typer.Option(help="The same of the stream; may be repeated.")] = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Windows of a stream against a reference: vectors and metadata. Exit 1 where any window alarms."""
    watched = drift_workflow.Watched(
        time=time, span=window, false_alarm=false_alarm, fields=tuple(field) if field else None, how=how,
        smallest=smallest, splits=splits,
    )  # fmt: skip
    told = watching.drift(
        reference, stream, watched, reference_where=conditions.filter_of(where or ()),
        stream_where=conditions.filter_of(stream_where or ()), tell=lambda name: _said(f"{name} ..."),
    )  # fmt: skip
    _shown(told, out, "drift", as_json=json)


def _shown(told: Any, out: Path | None, name: str, *, as_json: bool) -> None:
    text = f"{told.found.model_dump_json(indent=2)}\n" if as_json else plots_page.page_markdown(told.page)
    sys.stdout.write(text)
    if out is not None:
        show.written(watching.write(told, out, name))
    if told.page.alarm:
        raise typer.Exit(1)


def _counted(done: int, of: int) -> None:
    if done == of or done % 50 == 0:
        _said(f"{done} of {of} studies judged")


def _said(words: str) -> None:
    """Progress, beside the result."""
    sys.stderr.write(f"{words}\n")
