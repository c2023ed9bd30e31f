"""The commands about cohorts: run a workflow or tool over many studies, estimate, look on, show what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from readingroom.errors import BadRequest
from readingroom.later import Later
from readingroom.lazy import room

if TYPE_CHECKING:
    from readingroom import show_cohort
    from readingroom.cohorts import cohort as running
    from readingroom.cohorts import options, ray_engine, standing
else:
    show_cohort = Later("readingroom.show_cohort")
    running = Later("readingroom.cohorts.cohort")
    options = Later("readingroom.cohorts.options")
    ray_engine = Later("readingroom.cohorts.ray_engine")
    standing = Later("readingroom.cohorts.standing")

cohort = typer.Typer(help="Many studies through one workflow or tool.", no_args_is_help=True)

Manifest = Annotated[Path, typer.Argument(help="A CSV or Parquet table with a column of files, or a folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Folder = Annotated[Path, typer.Argument(help="The cohort's folder, as --out named it.")]
Out = Annotated[Path, typer.Option("--out", help="The cohort's folder; the same line again goes on where it was.")]
Name = Annotated[
    str,
    typer.Option(
        "--workflow",
        help="report, chest_xray_report, segment_and_measure, or a tool: embed, classify, segment, measure, ask, "
        "deidentify.",
    ),
]
By = Annotated[str, typer.Option(help="DICOM files of a folder as one item a study, or a series.")]
Question = Annotated[str | None, typer.Option(help="Of `ask`: what to answer of every study.")]
Indication = Annotated[str | None, typer.Option(help="Where the table has none.")]
Target = Annotated[list[str] | None, typer.Option("--target", "-t", help="What to outline; may be repeated.")]
Template = Annotated[str | None, typer.Option(help="A report template by id.")]
Language = Annotated[str, typer.Option(help="Of the reports: en, de.")]
Label = Annotated[list[str] | None, typer.Option("--label", "-l", help="Of `classify`; may be repeated.")]
LabelSet = Annotated[str, typer.Option(help="Of `classify`: labels by the name of a set.")]
Modality = Annotated[str | None, typer.Option(help="State it for all: x_ray, ct, mr ...")]
Anatomy = Annotated[str | None, typer.Option(help="State it for all: chest, brain ...")]
View = Annotated[str | None, typer.Option(help="State it for all: PA, AP, frontal, lateral.")]
Pooling = Annotated[str, typer.Option(help="Of `embed`: slices of a volume to one vector: median, mean, max or std.")]
Index = Annotated[Path | None, typer.Option("--index", help="Of `embed`: add the vectors to this index.")]
Formats = Annotated[str, typer.Option("--format", help="Files of each report, by commas; none: only the tables.")]
ItemSeconds = Annotated[float, typer.Option(help="An item that takes longer has failed.", min=0.1)]
Limit = Annotated[
    float | None, typer.Option(help="Items a second that the endpoints can do, if you know it.", min=1e-6)
]
AtOnce = Annotated[int, typer.Option(help="Items under way.", min=1)]


@cohort.command()
def run(
    manifest: Manifest, workflow: Name, out: Out, by: By = "study", question: Question = None,
    indication: Indication = None, target: Target = None, template: Template = None, language: Language = "en",
    label: Label = None, label_set: LabelSet = "", modality: Modality = None, anatomy: Anatomy = None,
    view: View = None, pooling: Pooling = "median", index: Index = None, formats: Formats = "html,json",
    item_seconds: ItemSeconds = 3600.0, limit: Limit = None, at_once: AtOnce = 48,
    most: Annotated[int | None, typer.Option(help="Items in this session.", min=1)] = None,
    retry_failed: Annotated[bool, typer.Option(help="Try failed and partial items again.")] = False,
    new_generation: Annotated[
        bool, typer.Option(help="Do all again where models, settings or words have changed.")
    ] = False,
    engine: Annotated[str, typer.Option(help="embedded: this process; ray: workers of a Ray cluster.")] = "embedded",
    address: Annotated[str | None, typer.Option(help="Of the Ray cluster; without it, one on this machine.")] = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Every item once, into tables, reports and a page of figures. Exit 1 where one failed, is partial or waits.

    Kill it anywhere and run the same line again: only what is missing is done.
    """
    stated = {"modality": modality, "anatomy": anatomy, "view": view}
    words = _words(question, indication, target, template, language, stated)
    given = _options(workflow, words, label, label_set, pooling, formats, item_seconds)
    how = running.How(
        by=_by(by), index=index, retry_failed=retry_failed, new_generation=new_generation, limit=limit, most=most,
        at_once=at_once, **_engine(engine, address),
    )  # fmt: skip
    _carry_out(manifest, given, out, how, json)


@cohort.command()
def retry(
    manifest: Manifest, workflow: Name, out: Out, by: By = "study", question: Question = None,
    indication: Indication = None, target: Target = None, template: Template = None, language: Language = "en",
    label: Label = None, label_set: LabelSet = "", modality: Modality = None, anatomy: Anatomy = None,
    view: View = None, pooling: Pooling = "median", index: Index = None, formats: Formats = "html,json",
    item_seconds: ItemSeconds = 3600.0, limit: Limit = None, at_once: AtOnce = 48, json: Json = False,
) -> None:  # fmt: skip
    """As `run --retry-failed`: failed and partial items again, and what still waits."""
    stated = {"modality": modality, "anatomy": anatomy, "view": view}
    words = _words(question, indication, target, template, language, stated)
    given = _options(workflow, words, label, label_set, pooling, formats, item_seconds)
    how = running.How(by=_by(by), index=index, retry_failed=True, limit=limit, at_once=at_once)
    _carry_out(manifest, given, out, how, json)


@cohort.command()
def estimate(
    manifest: Manifest, workflow: Name,
    out: Annotated[Path | None, typer.Option("--out", help="A cohort begun: its first two items tell times.")] = None,
    by: By = "study", limit: Limit = None, json: Json = False,
) -> None:  # fmt: skip
    """Items, bytes, the endpoints' limit, hours and money of what is to be done; nothing is carried out."""
    the_room = room.ReadingRoom()
    given = _options(workflow, {}, None, "", "median", "", 3600.0)
    with show_cohort.reading() as tell:
        found = standing.estimate_of(the_room, manifest, given, out, by=_by(by), limit=limit, tell=tell)
    show_cohort.estimate(found, json)


@cohort.command()
def status(folder: Folder, json: Json = False) -> None:
    """How far a cohort is, also while a process is at it, and why items failed."""
    found = standing.standing_of(folder)
    show_cohort.status(found.counts, found.failures, found.busy, json)


@cohort.command()
def show(folder: Folder, json: Json = False) -> None:
    """Where the page of figures is."""
    show_cohort.page(standing.page_of(folder), json)


def _carry_out(manifest: Path, given: Any, out: Path, how: Any, json: bool) -> None:
    the_room = room.ReadingRoom()
    with show_cohort.watching() as tell:
        found = the_room.wait_for(running.run_cohort(the_room, manifest, given, out, how=how, tell=tell))
    show_cohort.standing(found, json)
    if not found.clean:
        raise typer.Exit(1)


def _words(question: str | None, indication: str | None, target: list[str] | None, template: str | None,
           language: str, stated: dict[str, str | None]) -> dict[str, Any]:  # fmt: skip
    told = {"question": question, "indication": indication, "targets": tuple(target or ()), "template": template,
            "language": language}  # fmt: skip
    facts = {name: value for name, value in stated.items() if value}
    return {**{name: value for name, value in told.items() if value}, **({"stated": facts} if facts else {})}


def _options(workflow: str, words: dict[str, Any], label: list[str] | None, label_set: str, pooling: Any, formats: str,
             seconds: float) -> Any:  # fmt: skip
    names = () if formats in ("", "none") else tuple(name.strip() for name in formats.split(",") if name.strip())
    return options.options_of(workflow=workflow, words=words, labels=tuple(label or ()), label_set=label_set,
                           pooling=pooling, formats=names, seconds=seconds)  # fmt: skip


def _by(given: str) -> Any:
    if given not in ("study", "series"):
        raise BadRequest(f"--by cannot be {given[:40]!r}", do="Choose study or series.")
    return given


def _engine(given: str, address: str | None) -> dict[str, Any]:
    if given not in ("embedded", "ray"):
        raise BadRequest(f"--engine cannot be {given[:40]!r}", do="Choose embedded or ray.")
    if given == "embedded" and address:
        raise BadRequest("--address is that of a Ray cluster", do="Add --engine ray.")
    return {"engine": ray_engine.ray_at(address)} if given == "ray" else {}
