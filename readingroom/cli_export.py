"""The command that writes a run's report in any format, again and again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from readingroom.formats import formats_of
from readingroom.lazy import room, show


def export(
    run: Annotated[str, typer.Argument(help='A run\'s id or its beginning; "last" is the newest draft.')] = "last",
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="Comma-separated: html, json, md, csv, docx, pdf, fhir, fhir-r5, radfact, dicom-sr, dicom-seg, "
            "dicom-sc.",
        ),
    ] = "html,json,md",
    source: Annotated[
        list[Path] | None, typer.Option(help="The images the report was made from: for pictures and for DICOM.")
    ] = None,
    prior: Annotated[list[Path] | None, typer.Option(help="Its prior image.")] = None,
    lateral: Annotated[list[Path] | None, typer.Option(help="Its lateral view.")] = None,
    word_template: Annotated[Path | None, typer.Option(help="A Word file whose styles a docx takes.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the files; default: beside the record.")] = None,
) -> None:
    """Write a run's report in other formats; the run itself is not touched, so it can be done again."""
    the_room = room.ReadingRoom()
    formats = formats_of(to)
    found = the_room.reading(run, source or None, prior=prior or None, lateral=lateral or None)
    folder = out or the_room.settings.home / "reports" / found.run
    show.written(found.save(folder, formats, word_template))
