"""What became of each source file, kept beside the new files and not among them: it alone knows their old names."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

from pydantic import ValidationError

from readingroom.domain.value import Value, canonical_json
from readingroom.errors import BadRequest, RecordError

Status = Literal["written", "held back", "refused", "failed"]
"""refused: of a kind that is not de-identified. failed: broken, or not written."""


class Entry(Value):
    """One source file."""

    source: str
    """Its absolute path, which may name the patient."""
    stamp: str
    """Size, time of change, and the choices: where it is the same, nothing is done again."""
    status: Status
    output: str = ""
    """Below the folder of new files."""
    reason: str = ""
    lines: int = 0
    """Of text in its pixels."""
    counts: tuple[tuple[str, str, int], ...] = ()
    """Attribute, action, how often."""


def ledger_of(out: Path) -> Path:
    """Beside the folder of new files, so that giving that folder away does not give this away."""
    out = out.absolute()
    return out.with_name(out.name + ".sources.jsonl")


class Ledger:
    """Open for one session."""

    def __init__(self, file: IO[str], entries: dict[str, Entry]) -> None:
        self._file, self.entries = file, entries

    def add(self, entry: Entry) -> None:
        """Kept at once. Raises RecordError."""
        try:
            self._file.write(canonical_json(entry) + "\n")
            self._file.flush()
        except OSError as error:
            raise _unwritable(Path(self._file.name), error) from error
        self.entries[entry.source] = entry


@contextmanager
def opened(out: Path) -> Iterator[Ledger]:
    """Raises BadRequest where another process is at it, RecordError where it cannot be written."""
    path = ledger_of(out)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise _unwritable(path, error) from error
    with os.fdopen(number, "r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BadRequest(
                "another process writes these files", where=str(out), do="Wait until it is done."
            ) from error
        file.seek(0)
        lines = file.readlines()
        if lines and not lines[-1].endswith("\n"):  # cut short by a kill
            file.write("\n")
        entries = {entry.source: entry for line in lines if (entry := _entry(line)) is not None}
        yield Ledger(file, entries)


def _entry(line: str) -> Entry | None:
    """None for a line that a kill cut short."""
    try:
        return Entry.model_validate(json.loads(line))
    except (ValueError, ValidationError):
        return None


def _unwritable(path: Path, error: OSError) -> RecordError:
    return RecordError(f"cannot be written ({error.strerror})", where=str(path), do="Choose another folder with --out.")
