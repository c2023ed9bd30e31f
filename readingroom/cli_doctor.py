"""The command that tells what is configured, reachable and missing."""

from __future__ import annotations

import json as jsons
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from readingroom.later import Later
from readingroom.lazy import room

if TYPE_CHECKING:
    from readingroom import doctor as examination
else:
    examination = Later("readingroom.doctor")


def doctor(json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False) -> None:
    """What is configured, reachable and missing, without a secret. Exit 1 where something asked for does not work."""
    the_room = room.ReadingRoom()
    found = the_room.wait_for(examination.examined(the_room))
    if json:
        sys.stdout.write(jsons.dumps([one.model_dump(mode="json") for one in found], indent=2) + "\n")
    else:
        wide = max(len(one.about) for one in found)
        for one in found:
            told = f"{one.told}. {one.do}" if one.do else one.told
            sys.stdout.write(f"{one.state:<6}{one.about:<{wide}}  {told}\n")
    if examination.faults(found):
        raise typer.Exit(1)
