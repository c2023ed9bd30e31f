"""The command that frees files of what says whose they are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from readingroom.errors import BadRequest
from readingroom.later import Later
from readingroom.lazy import room

if TYPE_CHECKING:
    from readingroom import settings
    from readingroom.deidentification import choices, ledger, many_files
else:
    settings = Later("readingroom.settings")
    choices = Later("readingroom.deidentification.choices")
    ledger = Later("readingroom.deidentification.ledger")
    many_files = Later("readingroom.deidentification.many_files")


def deidentify(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders: DICOM, NIfTI, PNG, JPEG.")],
    out: Annotated[Path, typer.Option("--out", help="A folder for the new files; the same line again goes on.")],
    dates: Annotated[str, typer.Option(help="remove, or shift: back by days of each patient's own.")] = "remove",
    burned_in: Annotated[
        str, typer.Option(help="Files with text in their pixels: hold (do not write), mask (paint over), keep.")
    ] = "hold",
    device: Annotated[bool, typer.Option("--device", help="Keep names and numbers of the devices.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """New files under pseudonyms by DICOM's basic profile, and a report of what was taken out. Exit 1 where one is not.

    Files with text in their pixels are held back; reports, PDFs and secondary captures are refused.
    """
    if dates not in ("remove", "shift"):
        raise BadRequest(f"--dates cannot be {dates[:40]!r}", do="Choose remove or shift.")
    if burned_in not in ("hold", "mask", "keep"):
        raise BadRequest(f"--burned-in cannot be {burned_in[:40]!r}", do="Choose hold, mask or keep.")
    given: Any = {"dates": dates, "burned_in": burned_in, "device": device}
    key = settings.subject_key(room.ReadingRoom().settings.config)
    done = _Count() if sys.stderr.isatty() else None
    found = many_files.deidentify(paths, out, key, choices.Choices(**given), tell=done)
    if done:
        done.end()
    sys.stdout.write(found.model_dump_json(indent=2) + "\n" if json else _told(found, out))
    if found.unwritten:
        raise typer.Exit(1)


class _Count:
    """How many files are done, on one line of a terminal."""

    def __init__(self) -> None:
        self._files = 0

    def __call__(self, entry: Any) -> None:
        self._files += 1
        sys.stderr.write(f"\r{self._files} files")

    def end(self) -> None:
        sys.stderr.write("\r\033[K")


def _told(found: Any, out: Path) -> str:
    counts = ", ".join(f"{count} {name}" for name, count in found.files.items() if count)
    lines = [f"{counts or 'no files'}; folders of patients: {found.patients}."]
    reasons: dict[str, int] = {}
    for one in found.unwritten:
        line = f"{one.status}: {one.reason}"
        reasons[line] = reasons.get(line, 0) + 1
    lines += [f"  {count} x {line}" for line, count in sorted(reasons.items(), key=lambda pair: -pair[1])[:20]]
    lines += [f"New files and report: {out} ({many_files.REPORT_TEXT}).",
              f"Old names of the files, which stay with you: {ledger.ledger_of(out)}."]  # fmt: skip
    return "".join(line + "\n" for line in lines)
