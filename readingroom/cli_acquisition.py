"""The command about how an image was acquired: what its pixels suggest beside what its header says."""

from __future__ import annotations

import json as jsons
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from readingroom.later import Later
from readingroom.lazy import room

if TYPE_CHECKING:
    from readingroom import acquiring
    from readingroom.exports import wording
    from readingroom.workflows import acquisition as workflow
else:
    acquiring = Later("readingroom.acquiring")
    wording = Later("readingroom.exports.wording")
    workflow = Later("readingroom.workflows.acquisition")


def acquisition(
    image: Annotated[list[Path], typer.Argument(help="An image, a volume or a DICOM folder.")],
    index: Annotated[Path | None, typer.Option(help="An index with labels; default: that of the settings.")] = None,
    adapter: Annotated[Path | None, typer.Option(help="An adapter; it goes before neighbours where it knows.")] = None,
    k: Annotated[int, typer.Option("-k", help="Patients at most that vote.", min=1)] = 15,
    share: Annotated[float, typer.Option(help="Share of the votes below which nothing is decided.")] = 0.7,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Modality, body part, plane, MR sequence and contrast by pixels and by header. Exit 1 where they differ."""
    the_room = room.ReadingRoom()
    wanted = workflow.Wanted(k=k, share=share)
    found = the_room.wait_for(acquiring.acquisition(the_room, image, index=index, wanted=wanted, adapter=adapter))
    if json:
        sys.stdout.write(jsons.dumps(found.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n")
    else:
        _printed(found)
    if found.mismatches:
        raise typer.Exit(1)


def _printed(found: workflow.Acquisition) -> None:
    lines = [found.image, found.provenance, *found.notes, ""]
    for one in found.parameters:
        mark = "MISMATCH " if one.verdict == "mismatch" else ""
        source = f" ({one.header_source})" if one.header_source else ""
        lines.append(f"{one.field}: {mark}header {one.header}{source}; pixels {one.pixels}; {one.verdict}")
        lines.append(f"    {one.reason}")
        if mark:
            lines += [f"    {voter.similarity:.3f} {voter.label} {voter.id[:12]}" for voter in one.voters]
    sys.stdout.write("".join(wording.plain(line) + "\n" for line in lines))
