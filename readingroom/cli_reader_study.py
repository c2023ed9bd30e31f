"""The commands of a reader study: make the readers' folder and the key, collect what they saved."""

from __future__ import annotations

import csv
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from readingroom.errors import BadFile
from readingroom.later import Later
from readingroom.lazy import room, show

if TYPE_CHECKING:
    from readingroom import settings
    from readingroom.reader_study import answer, making, pairing, summary, told
else:
    settings = Later("readingroom.settings")
    answer = Later("readingroom.reader_study.answer")
    making = Later("readingroom.reader_study.making")
    pairing = Later("readingroom.reader_study.pairing")
    summary = Later("readingroom.reader_study.summary")
    told = Later("readingroom.reader_study.told")

reader_study = typer.Typer(
    help="Compare two systems' drafts blinded: make a study for readers, collect their answers.", no_args_is_help=True
)

MOST_LIST = 2_000_000
SEED_BITS = 63
PAIRS = "Give a CSV file with columns case,first,second,images."


@reader_study.command()
def make(
    pairs: Annotated[Path, typer.Argument(help="CSV: case,first,second,images; drafts are run ids or report JSONs.")],
    out: Annotated[Path, typer.Option("--out", help="The readers' folder; it must be empty.")],
    key: Annotated[Path, typer.Option("--key", help="Where the key goes: not into the readers' folder.")],
    first: Annotated[str, typer.Option(help="Name of the system of the first column.")] = "first",
    second: Annotated[str, typer.Option(help="Name of the system of the second column.")] = "second",
    seed: Annotated[int | None, typer.Option(help="For the same study again; else drawn, and kept in the key.")] = None,
) -> None:
    """Write a blinded A/B study: a page that works offline, forms, and the key apart."""
    the_room = room.ReadingRoom()
    rows = _rows(pairs)
    found = pairing.pairs_of(rows, pairs.parent, the_room.store.report, settings.subject_key(the_room.settings.config))
    drawn = secrets.randbits(SEED_BITS) if seed is None else seed
    made = making.make(found, out, key, systems=(first, second), seed=drawn)
    show.written((*made.files, made.key))


@reader_study.command()
def collect(
    files: Annotated[list[Path], typer.Argument(help="What the readers saved: JSON, or the filled-in form.csv.")],
    key: Annotated[Path, typer.Option("--key", help="The key that was made with the study.")],
    out: Annotated[Path | None, typer.Option("--out", help="Folder for summary.md and summary.json.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Read the saved answers, unblind them and sum them up."""
    opened = making.read_key(key)
    found = summary.summarise(answer.read_files(files, opened), opened)
    texts = {"summary.json": found.model_dump_json(indent=2) + "\n", "summary.md": told.to_markdown(found)}
    sys.stdout.write(texts["summary.json" if json else "summary.md"])
    if out is not None:
        show.written(making.write_all(out, texts))


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        if path.stat().st_size > MOST_LIST:
            raise BadFile("is too large to be a list of pairs", where=str(path), do=PAIRS)
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [{name: value or "" for name, value in row.items() if name} for row in csv.DictReader(file)]
    except OSError as error:
        raise BadFile(f"cannot be read ({error.strerror})", where=str(path), do=PAIRS) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadFile("is no CSV in UTF-8", where=str(path), do=PAIRS) from error
