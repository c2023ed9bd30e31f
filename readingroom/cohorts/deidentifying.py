"""De-identification as a workflow of a cohort: an item's files under pseudonyms, and what was taken out of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from readingroom.cohorts.journal import Journal
from readingroom.cohorts.options import Options
from readingroom.cohorts.rows import Row
from readingroom.cohorts.tasks import Errand, Made
from readingroom.deidentification.ledger import Entry, Status
from readingroom.deidentification.many_files import carried_out, write_report
from readingroom.errors import BadStudy
from readingroom.settings import subject_key

NEW_FILES = "deidentified"
"""The only part of a cohort's folder that may be given away: the rest of it knows old names."""

HELD = "held back"
TOLD = "items.parquet of the cohort says why"
"""Its reasons may hold names of files."""


async def deidentify(errand: Errand) -> Made:
    """The new files, and a row for each attribute that was changed. Raises BadStudy where none could be written."""
    key = subject_key(errand.room.settings.config)
    out, choices = errand.folder / NEW_FILES, errand.options.deidentify
    paths = [Path(path) for names in (errand.item.paths, errand.item.prior, errand.item.lateral) for path in names]
    entries = [await asyncio.to_thread(carried_out, path, out, key, choices) for path in paths]
    unwritten = [one for one in entries if one.status != "written"]
    if len(unwritten) == len(entries):
        raise BadStudy(f"{unwritten[0].status}: {unwritten[0].reason}".rstrip("."))
    partial = f"{len(unwritten)} of {len(entries)} files: {unwritten[0].reason}" if unwritten else ""
    return Made({"images": len(entries) - len(unwritten)}, tuple(_rows(entries)), partial=partial)


def _rows(entries: list[Entry]) -> list[Row]:
    counts: Counter[tuple[str, str]] = Counter()
    for one in entries:
        for name, action, count in one.counts:
            counts[name, action] += count
    rows: list[Row] = [{"row": "file", "name": one.status, "text": one.reason or None, "cites": one.output or None,
                        "value": float(one.lines)} for one in entries]  # fmt: skip
    return rows + [{"row": "removed", "name": name, "text": action, "value": float(count)}
                   for (name, action), count in sorted(counts.items())]  # fmt: skip


def report_cohort(folder: Path, journal: Journal, options: Options) -> None:
    """report.json and report.md of all items so far. Raises RecordError."""
    entries: list[Entry] = []
    for item, found in journal.results():
        if found is None:
            continue
        counts = tuple((str(row["name"]), str(row["text"]), round(row["value"])) for row in found.findings
                       if row["row"] == "removed")  # fmt: skip
        files = [row for row in found.findings if row["row"] == "file"]
        if not files:
            status: Status = "held back" if found.reason.startswith(HELD) else "failed"
            entries.append(Entry(source=item.id, stamp="", status=status, reason=TOLD))
        first = next((number for number, row in enumerate(files) if row["name"] == "written"), 0)
        for number, row in enumerate(files):
            entries.append(Entry(
                source=f"{item.id} {number:06d}", stamp="", status=row["name"], output=row["cites"] or "",
                reason=row["text"] or "", lines=round(row["value"]), counts=counts if number == first else (),
            ))  # fmt: skip
    write_report(entries, folder / NEW_FILES, options.deidentify)
