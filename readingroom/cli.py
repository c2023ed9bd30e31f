"""The command line: each command a few lines over the room. Exit 0 clean, 1 not clean, 2 bad input, 130 stopped."""

from __future__ import annotations

import os
import sys
import traceback
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from readingroom import __version__, cli_runs, streams
from readingroom.cli_acquisition import acquisition
from readingroom.cli_adapt import adapt
from readingroom.cli_ask import ask
from readingroom.cli_bench import bench
from readingroom.cli_category import category, template
from readingroom.cli_chat import chat
from readingroom.cli_cohort import cohort
from readingroom.cli_deidentify import deidentify
from readingroom.cli_doctor import doctor
from readingroom.cli_drift import drift, outliers
from readingroom.cli_experiment import experiment
from readingroom.cli_export import export
from readingroom.cli_index import index
from readingroom.cli_mcp import mcp
from readingroom.cli_mcp_tools import mcp_tools
from readingroom.cli_models import models
from readingroom.cli_reader_study import reader_study
from readingroom.cli_serve import serve
from readingroom.cli_slide import slide
from readingroom.cli_survival import survival
from readingroom.errors import BadFile, ReadingRoomError
from readingroom.formats import formats_of
from readingroom.lazy import demonstration, masks, readers, room, show
from readingroom.ordinary import ordinary

app = typer.Typer(
    name="readingroom",
    help="Grounded, structured report drafts of medical images. For research; not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

USAGE: type[Exception] = typer.BadParameter.__bases__[0]
"""Typer's error for words that no command takes; the module that it is from differs between Typer's versions."""
STOPPED = 130

MOST_TEXT = 1_000_000
"""Bytes of a template."""
MOST_GIVEN = 100_000_000
"""Bytes of standard input; what a report may have, its reader says."""

Images = Annotated[list[Path], typer.Argument(help="DICOM files or folders, NIfTI, NRRD, PNG, JPEG or TIFF.")]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for the files; default: beside the run's record.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Targets = Annotated[
    list[str] | None, typer.Option("--target", "-t", help='What to outline, such as "heart"; may be repeated.')
]
Modality = Annotated[str | None, typer.Option(help="State it: x_ray, ct, mr, ultrasound, dermoscopy, fundus ...")]
Anatomy = Annotated[str | None, typer.Option(help="State it: chest, brain, skin, retinal ...")]
View = Annotated[str | None, typer.Option(help="State it: PA, AP, frontal, lateral.")]
ImageLeft = Annotated[str | None, typer.Option(help="Which side of the patient lies at the image's left: right, left.")]
PixelMm = Annotated[float | None, typer.Option(help="State the millimetres from one pixel to the next.")]


def _stated(
    modality: str | None, anatomy: str | None, view: str | None, image_left: str | None, pixel_mm: float | None
) -> dict[str, Any]:
    given = {
        "modality": modality,
        "anatomy": anatomy.lower() if anatomy else None,
        "view": view,
        "image_left": image_left,
        "pixel_mm": pixel_mm,
    }
    return {name: value for name, value in given.items() if value is not None}


@app.command()
def demo(
    out: Out = None,
    browser: Annotated[bool, typer.Option(help="Open the report in a browser.")] = True,
) -> None:
    """A phantom study with its prior, drafted, checked and opened: the whole house in a few seconds."""
    the_room = room.ReadingRoom()
    current, prior = demonstration.make(the_room.settings.home / "demo")
    with show.progress() as listen:
        reading = the_room.draft_sync(current, prior=prior, indication=demonstration.INDICATION, listen=listen)
    paths = reading.save(out or the_room.settings.home / "reports" / reading.run)
    show.report(reading.report)
    show.written(paths)
    if browser and sys.stdout.isatty() and not os.environ.get("CI"):
        webbrowser.open(paths[0].resolve().as_uri())
    sys.stderr.write("The same in a browser, to ask and to edit: readingroom serve\n")


@app.command()
def draft(
    images: Images,
    prior: Annotated[list[Path] | None, typer.Option(help="A prior image of the same patient.")] = None,
    lateral: Annotated[list[Path] | None, typer.Option(help="The lateral view.")] = None,
    indication: Annotated[str | None, typer.Option(help="Why the study was done.")] = None,
    technique: Annotated[str | None, typer.Option(help="How it was done.")] = None,
    prior_report: Annotated[Path | None, typer.Option(help="The prior report: text, DOCX, FHIR, DICOM SR ...")] = None,
    target: Targets = None,
    template: Annotated[str | None, typer.Option(help="A report template by id, or a YAML file of your own.")] = None,
    language: Annotated[str, typer.Option(help="Of the report: en, de.")] = "en",
    category: Annotated[
        list[str] | None, typer.Option(help="Compute lung-rads, bi-rads or ti-rads from the evidence; may be repeated.")
    ] = None,
    workflow: Annotated[str, typer.Option(help="report, chest_xray_report or segment_and_measure.")] = "report",
    modality: Modality = None,
    anatomy: Anatomy = None,
    view: View = None,
    image_left: ImageLeft = None,
    pixel_mm: PixelMm = None,
    window: Annotated[str | None, typer.Option(help="Show CT in this window: lung, bone, brain ...")] = None,
    formats: Annotated[str, typer.Option("--format", help="Comma-separated; see export.")] = "html,json,md",
    out: Out = None,
    strict: Annotated[bool, typer.Option(help="Exit 1 if a sentence is unsupported or contradicted.")] = False,
) -> None:
    """Draft a checked report of a study; every sentence is held against what the tools returned."""
    names = formats_of(formats)
    the_room = room.ReadingRoom()
    words = {
        "indication": indication,
        "technique": technique,
        "prior_report": readers.read_text(prior_report) if prior_report else None,
        "targets": tuple(target or ()),
        **_template(template, language),
        "categories": tuple(category or ()),
        "stated": {**_stated(modality, anatomy, view, image_left, pixel_mm), "window": window},
    }
    with show.progress() as listen:
        reading = the_room.draft_sync(images, prior=prior, lateral=lateral, workflow=workflow, listen=listen, **words)
    folder = out or the_room.settings.home / "reports" / reading.run
    paths = reading.save(folder, names)
    show.report(reading.report)
    show.written(paths)
    if strict and not reading.report.clean:
        raise typer.Exit(1)


def _template(template: str | None, language: str) -> dict[str, str | None]:
    """A template by id; or the words of a file, with those of its wording beside it: mine.yaml and mine.de.yaml."""
    if template is None or not template.endswith((".yaml", ".yml")):
        return {"template": template, "language": language}
    path = Path(template)
    wording = path.with_suffix(f".{language}{path.suffix}")
    return {
        "template": path.name,
        "template_text": _text(path),
        "wording_text": _text(wording) if wording.exists() else None,
        "language": language,
    }


def _text(path: Path) -> str:
    """A file of words: a template."""
    try:
        if ordinary(path).stat().st_size > MOST_TEXT:
            raise BadFile(f"is larger than {MOST_TEXT // 1_000_000} MB", where=str(path), do="Give a template.")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadFile("is not UTF-8 text", where=str(path), do="Give YAML.") from error
    except OSError as error:
        raise BadFile(f"cannot be read ({error.strerror})", where=str(path), do="Check the path.") from error


@app.command()
def segment(
    images: Images,
    target: Targets = None,
    modality: Modality = None,
    anatomy: Anatomy = None,
    view: View = None,
    image_left: ImageLeft = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Outline targets; masks are written on the source pixels as PNG, of volumes as NIfTI."""
    reading = _outlined(images, target, _stated(modality, anatomy, view, image_left, None))
    paths = masks.write(reading, out or room.ReadingRoom().settings.home / "reports" / reading.run)
    if json:
        show.values(reading.report.evidence)
        return
    show.measurements(reading.report.evidence)
    show.written(paths)


@app.command()
def measure(
    images: Images,
    target: Targets = None,
    modality: Modality = None,
    anatomy: Anatomy = None,
    view: View = None,
    image_left: ImageLeft = None,
    pixel_mm: PixelMm = None,
    json: Json = False,
) -> None:
    """Outline and measure: areas, diameters, volumes, intensities, with unit, method and uncertainty."""
    reading = _outlined(images, target, _stated(modality, anatomy, view, image_left, pixel_mm))
    if json:
        show.values(reading.report.evidence)
    else:
        show.measurements(reading.report.evidence)


def _outlined(images: list[Path], target: list[str] | None, stated: dict[str, Any]) -> Any:
    with show.progress() as listen:
        return room.ReadingRoom().draft_sync(
            images, workflow="segment_and_measure", targets=tuple(target or ()), stated=stated, listen=listen
        )


@app.command()
def embed(
    images: Images,
    model: Annotated[str, typer.Option(help="medimageinsight or gigapath, where both are configured.")] = "",
    json: Json = False,
) -> None:
    """An image as a vector of length 1, with the model and the preparation it holds for."""
    the_room = room.ReadingRoom()
    with show.progress() as listen:
        result = the_room.wait_for(the_room.embed(images, model, listen))
    show.vector(result, the_room.store.blobs.get(result.vector), json)


@app.command()
def classify(
    images: Images,
    label: Annotated[list[str] | None, typer.Option("--label", "-l", help="A label to choose from.")] = None,
    label_set: Annotated[str, typer.Option(help="Labels by the name of a set: chest_xray, brain_tumor ...")] = "",
    json: Json = False,
) -> None:
    """Which label fits; the baseline tells modality and body part and refuses pathology by name."""
    the_room = room.ReadingRoom()
    with show.progress() as listen:
        result = the_room.wait_for(the_room.classify(images, label or (), listen, label_set=label_set))
    show.labels(result, json)


@app.command()
def verify(
    report: Annotated[
        Path,
        typer.Argument(
            help="Text, Markdown, JSON, HTML, DOCX, FHIR DiagnosticReport or DICOM SR; - for standard input"
        ),
    ],
    run: Annotated[str | None, typer.Option(help='The run whose evidence counts; "last" is the newest draft.')] = None,
    json: Json = False,
) -> None:
    """Check a report again, or any text against a run's evidence, and say what changed for the worse."""
    given = sys.stdin.buffer.read(MOST_GIVEN) if report == Path("-") else report
    text = readers.read_text(given, where=report.name, keep_json=True)
    found = room.ReadingRoom().verify(text, run, where=report.name)
    show.verdicts(found, json)
    if not found.verification.clean:
        raise typer.Exit(1)


@app.command("show")
def show_run(
    run: Annotated[str, typer.Argument(help='A run\'s id or its beginning; "last" is the newest.')] = "last",
    json: Json = False,
) -> None:
    """A run's report and every step it took."""
    show.whole_run(*room.ReadingRoom().show(run), json)


app.command()(ask)
app.command()(chat)
app.command()(serve)
app.command()(export)
app.command()(cli_runs.resume)
app.command()(cli_runs.replay)
app.command()(cli_runs.diff)
app.add_typer(cli_runs.runs, name="runs")
app.command()(doctor)
app.add_typer(models, name="models")
app.command()(mcp)
app.add_typer(mcp_tools, name="mcp-tools")
app.command()(category)
app.add_typer(template, name="template")
app.add_typer(index, name="index")
app.add_typer(cohort, name="cohort")
app.command()(deidentify)
app.add_typer(adapt, name="adapt")
app.command()(acquisition)
app.command()(survival)
app.add_typer(slide, name="slide")
app.command()(outliers)
app.add_typer(drift, name="drift")
app.add_typer(bench, name="bench")
app.add_typer(reader_study, name="reader-study")
app.add_typer(experiment, name="experiment")


def _version(value: bool) -> None:
    if value:
        typer.echo(f"readingroom {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of every command."""
    del version


def main() -> None:
    """Run the command line; every error ends in one line on standard error."""
    streams.prepare()
    try:
        ended = app(prog_name="readingroom", standalone_mode=False)
        streams.flush()
    except ReadingRoomError as error:
        typer.echo(f"readingroom: {error.line()}", err=True)
        ended = 2
    except USAGE as error:
        ended = _misused(error)
    except (KeyboardInterrupt, typer.Abort):
        ended = STOPPED
    except OSError as error:
        _debug()
        typer.echo(f"readingroom: {streams.unwritten(error).line()}", err=True)
        ended = 2
    except Exception as error:  # noqa: BLE001 - the last door: a fault of ours is told in one line, too
        _debug()
        typer.echo(
            f"readingroom: a fault of this program ({type(error).__name__}). "
            "Run again with READINGROOM_DEBUG=1 and report what it prints.",
            err=True,
        )
        ended = 3
    if ended == STOPPED:  # Typer hands Ctrl-C on as this status
        typer.echo("readingroom: stopped", err=True)
    with suppress(ReadingRoomError):  # it is told, or the error before it matters more
        streams.flush()
    sys.exit(ended)


def _debug() -> None:
    if os.environ.get("READINGROOM_DEBUG"):
        traceback.print_exc()


def _misused(error: Any) -> int:
    """Words that no command takes, in one line; a group without a command tells what it has."""
    told = " ".join(error.format_message().replace("Value error, ", "").split())
    if told.startswith("Usage:"):
        error.show()
    else:
        command = error.ctx.command_path if error.ctx else "readingroom"
        told = f"{told[:1].lower()}{told[1:]}" + ("" if told.endswith((".", "?")) else ".")
        typer.echo(f"readingroom: {told} `{command} --help` tells what it takes.", err=True)
    return 2
