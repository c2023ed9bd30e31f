"""The commands about the record: list and verify runs, go on with one, tell one again, compare two."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from readingroom.formats import formats_of
from readingroom.later import Later
from readingroom.lazy import room, show

if TYPE_CHECKING:
    from readingroom import reading, show_answer
    from readingroom.domain.value import Value
else:
    reading = Later("readingroom.reading")
    show_answer = Later("readingroom.show_answer")

runs = typer.Typer(help="List the latest runs, newest first; verify the record of one.", no_args_is_help=False)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Run = Annotated[str, typer.Argument(help='A run\'s id or its beginning; "last" is the newest.')]


def _print(lines: list[str], found: Value, as_json: bool) -> None:
    text = found.model_dump_json(indent=2) if as_json else "\n".join(lines)
    sys.stdout.write(f"{text}\n")


@runs.callback(invoke_without_command=True)
def list_runs(
    context: typer.Context, limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20, json: Json = False
) -> None:
    """List the latest runs, newest first; verify the record of one."""
    if context.invoked_subcommand is None:
        show.run_list(room.ReadingRoom().runs(limit), json)


@runs.command("verify")
def verify_run(run: Run = "last", json: Json = False) -> None:
    """Is the record of a run as it was written? Exit 1 where it is not, with every place."""
    found = room.ReadingRoom().verify_run(run)
    lines = [f"{fault.where}: {fault.what}" for fault in found.faults]
    verdict = "intact" if found.intact else "NOT as it was written"
    _print([*lines, f"{found.run}: {verdict} ({found.entries} entries, {found.files} files)"], found, json)
    if not found.intact:
        raise typer.Exit(1)


def resume(
    run: Run = "last",
    formats: Annotated[str, typer.Option("--format", help="Comma-separated; see export.")] = "html,json,md",
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the files.")] = None,
    strict: Annotated[bool, typer.Option(help="Exit 1 if a sentence is unsupported or contradicted.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print an answer as JSON; a report is a file.")] = False,
) -> None:
    """Finish a run that was stopped or killed; nothing that was answered is asked again."""
    names = formats_of(formats)
    the_room = room.ReadingRoom()
    with show.progress() as listen:
        made = the_room.wait_for(the_room.resume(run, listen))
    if not isinstance(made, reading.Reading):
        show_answer.show_answer(made, json)
        return
    folder = out or the_room.settings.home / "reports" / made.run
    paths = made.save(folder, names)
    show.report(made.report)
    show.written(paths)
    if strict and not made.report.clean:
        raise typer.Exit(1)


def replay(run: Run = "last", json: Json = False) -> None:
    """Tell a run again from its record alone, without network or files. Exit 1 where another report comes out."""
    the_room = room.ReadingRoom()
    found = the_room.wait_for(the_room.replay(run))
    verdict = "the same report" if found.identical else "NOT the same report"
    digests = f"{found.recorded_sha256[:12]} recorded, {(found.replayed_sha256 or 'none')[:12]} now"
    _print([f"{found.run}: {verdict} ({digests})", *([found.why] if found.why else [])], found, json)
    if not found.identical:
        raise typer.Exit(1)


def diff(
    first: Annotated[str, typer.Argument(help="A run.")],
    second: Annotated[str, typer.Argument(help="Another run.")],
    json: Json = False,
) -> None:
    """The first step in which two runs differ, and how their reports' sentences do. Exit 1 where they differ."""
    found = room.ReadingRoom().diff(first, second)
    gone = [f"- {line}" for line in found.only_first]
    new = [f"+ {line}" for line in found.only_second]
    _print([found.line, *gone, *new], found, json)
    if not found.same:
        raise typer.Exit(1)
