"""The command about survival: vectors of one or several indexes against a table of outcomes."""

from __future__ import annotations

import json as jsons
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from readingroom.errors import BadFile
from readingroom.later import Later
from readingroom.lazy import room

if TYPE_CHECKING:
    from readingroom import surviving
    from readingroom.exports import kaplan_meier, wording
    from readingroom.learning import survival_validation
    from readingroom.workflows import survival as workflow
else:
    surviving = Later("readingroom.surviving")
    kaplan_meier = Later("readingroom.exports.kaplan_meier")
    wording = Later("readingroom.exports.wording")
    survival_validation = Later("readingroom.learning.survival_validation")
    workflow = Later("readingroom.workflows.survival")


def survival(
    table: Annotated[Path, typer.Argument(help="A CSV table: one row a patient, with time and event.")],
    index: Annotated[list[Path], typer.Option(help="An index of embedded studies; several are fused by patient.")],
    subject: Annotated[str, typer.Option(help="Column of patients: identifiers or pseudonyms.")] = "subject",
    time: Annotated[str, typer.Option(help="Column of times.")] = "time",
    event: Annotated[str, typer.Option(help="Column of events: 1, or 0 for censored.")] = "event",
    unit: Annotated[str, typer.Option(help="Of the times: months, days ...")] = "",
    outer: Annotated[int, typer.Option(help="Outer folds.", min=2)] = 5,
    inner: Annotated[int, typer.Option(help="Inner folds.", min=2)] = 3,
    components: Annotated[list[int] | None, typer.Option(help="To choose from; may be repeated; 2, 5, 10.")] = None,
    penalty: Annotated[list[float] | None, typer.Option(help="To choose from; may be repeated; 0.1, 1.")] = None,
    seed: Annotated[int, typer.Option(help="Of folds and intervals.")] = 0,
    figure: Annotated[Path | None, typer.Option(help="Write the Kaplan-Meier figure: a PNG file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Cox models of embeddings, validated on patients left out: concordance, Kaplan-Meier, numbers at risk."""
    given = (tuple(components or (2, 5, 10)), tuple(penalty or (0.1, 1.0)))
    plan = survival_validation.Plan(*given, outer=outer, inner=inner, seed=seed)
    told = workflow.Table(table, subject, time, event, unit)
    found = surviving.survival(room.ReadingRoom(), told, index, plan, progress=_told)
    if json:
        sys.stdout.write(jsons.dumps(found.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("".join(wording.plain(line) + "\n" for line in _lines(found)))
    if figure is not None:
        best = found.models[-1]
        title = f"{best.name}: C {best.harrell.value:.2f} ({best.harrell.low:.2f}-{best.harrell.high:.2f})"
        content = kaplan_meier.kaplan_meier_png(best.groups, title, unit)
        try:
            figure.write_bytes(content)
        except OSError as error:
            what = f"cannot be written ({error.strerror})"
            raise BadFile(what, where=str(figure), do="Choose another place with --figure.") from error


def _lines(found: workflow.Survival) -> list[str]:
    unit = f" {found.unit}" if found.unit else ""
    median = "not reached" if found.everyone.median is None else f"{found.everyone.median:g}{unit}"
    lines = [f"{found.patients} patients, {found.events} events; median survival {median}"]
    for one in found.models:
        lines += ["", one.name, f"    Harrell's C {one.harrell.line}", f"    Uno's C up to {one.tau:g} {one.uno.line}"]
        lines.append("    chosen: " + ", ".join(f"{title} in {count} folds" for title, count in one.chosen.items()))
        for curve in one.groups:
            half = "not reached" if curve.median is None else f"{curve.median:g}{unit}"
            lines.append(f"    {curve.name}: n {curve.n}, {curve.events} events, median {half}")
    return [*lines, "", *found.notes]


def _told(line: str) -> None:
    sys.stderr.write(f"{wording.plain(line)}\n")
