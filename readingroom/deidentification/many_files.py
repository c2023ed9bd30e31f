"""Files and folders de-identified into a new folder: what is done is not done again, what fails is told."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from readingroom.deidentification.choices import Choices
from readingroom.deidentification.ledger import Entry, Ledger, Status, opened
from readingroom.deidentification.one_file import freed_file
from readingroom.deidentification.refusals import HeldBack, Refused
from readingroom.deidentification.report import Report, markdown_of, report_of
from readingroom.domain.value import digest_of
from readingroom.errors import BadRequest, ReadingRoomError, RecordError

REPORT = "report.json"
REPORT_TEXT = "report.md"

Tell = Callable[[Entry], None]


def deidentify(paths: Iterable[Path], out: Path, key: bytes, choices: Choices, *, tell: Tell | None = None) -> Report:
    """Every file of `paths` (folders with all below them) into `out`, under pseudonyms; the same call goes on.

    New files, report.json and report.md lie in `out`, which may be given away; `ledger.ledger_of(out)` knows the old
    names and may not. One file's fault is its own row. `tell` is told each file as it is done. Raises BadRequest
    where there is nothing to do or `out` lies within what is read, RecordError where nothing can be written.
    """
    given = list(paths)
    _check(given, out)
    with opened(out) as ledger:
        for path in _files(given):
            entry = _one(path, out, key, choices, ledger)
            if tell:
                tell(entry)
        return write_report(ledger.entries.values(), out, choices)


def write_report(entries: Iterable[Entry], out: Path, choices: Choices) -> Report:
    """Raises RecordError."""
    report = report_of(entries, choices)
    _write(out / REPORT, (report.model_dump_json(indent=2) + "\n").encode())
    _write(out / REPORT_TEXT, markdown_of(report).encode())
    return report


def _check(given: list[Path], out: Path) -> None:
    if not given:
        raise BadRequest("there is nothing to de-identify", do="Name files or folders.")
    for path in given:
        if not os.path.exists(path):  # of a path that is too long, Path.exists raises
            raise BadRequest("there is no such file or folder", where=path.name, do="Check the path.")
        if path.is_dir() and out.resolve().is_relative_to(path.resolve()):
            raise BadRequest("the new files would lie among the old ones", where=str(out),
                             do="Choose another folder with --out.")  # fmt: skip
    if next(_files(given), None) is None:
        raise BadRequest(
            "there is no file below it", where=given[0].name, do="Check the path; hidden files are passed over."
        )


def _files(given: list[Path]) -> Iterator[Path]:
    """Ordinary files in the order of their paths; links are not followed, hidden files are passed over."""
    for path in given:
        if not path.is_dir():
            yield path.absolute()
            continue
        for at, folders, names in os.walk(path.absolute(), followlinks=False):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                one = Path(at) / name
                if not name.startswith(".") and one.is_file() and not one.is_symlink():
                    yield one


def _one(path: Path, out: Path, key: bytes, choices: Choices, ledger: Ledger) -> Entry:
    told = path.stat()
    stamp = digest_of([told.st_size, told.st_mtime_ns, choices.model_dump(mode="json")])[:16]
    held = ledger.entries.get(str(path))
    if held and held.stamp == stamp and (held.status != "written" or (out / held.output).is_file()):
        return held
    entry = carried_out(path, out, key, choices, stamp=stamp)
    if held and held.output and held.output != entry.output:
        (out / held.output).unlink(missing_ok=True)
    ledger.add(entry)
    return entry


def carried_out(path: Path, out: Path, key: bytes, choices: Choices, *, stamp: str = "") -> Entry:
    """One file into `out`, or the reason why not. Raises RecordError where it cannot be written."""
    try:
        found = freed_file(path, key, choices)
    except ReadingRoomError as error:
        if isinstance(error, RecordError):
            raise
        reason = f"{error.what}. {error.do}".replace("..", ".")
        return Entry(source=str(path), stamp=stamp, status=_status(error), reason=reason)
    _write(out / found.name, found.content)
    counts = tuple((name, action, count) for (name, action), count in sorted(found.counts.items()))
    return Entry(source=str(path), stamp=stamp, status="written", output=found.name, lines=found.lines, counts=counts)


def _status(error: ReadingRoomError) -> Status:
    if isinstance(error, HeldBack):
        return "held back"
    return "refused" if isinstance(error, Refused) else "failed"


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, for its owner alone."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        part.replace(path)
    except OSError as error:
        what = f"cannot be written ({error.strerror})"
        raise RecordError(what, where=str(path), do="Choose another folder with --out.") from error
