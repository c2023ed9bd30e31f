"""How a cohort stands, looked at from outside: while another process works on it, or before anything is begun."""

from __future__ import annotations

import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from readingroom.cohorts.estimate import Estimate, estimated
from readingroom.cohorts.item import Cost, Item, Outcome
from readingroom.cohorts.journal import Journal, opened
from readingroom.cohorts.lease import busy
from readingroom.cohorts.listing import By, items_of
from readingroom.cohorts.options import Options, checked
from readingroom.cohorts.summary import SUMMARY
from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.room import ReadingRoom
from readingroom.runs.database import failing
from readingroom.settings import subject_key


class Seen(Value):
    """Of a cohort's folder."""

    counts: dict[str, int]
    """Items by state."""
    failures: dict[str, int]
    """Failed and partial items by reason, most first."""
    busy: bool
    """Whether a process is at it."""


def standing_of(folder: Path) -> Seen:
    """Raises BadRequest where there is no cohort."""
    base = opened(folder)
    try:
        with failing(folder):
            listing = base.execute("SELECT value FROM about WHERE name = 'listing'").fetchone()
            number = int(listing["value"]) if listing else 0
            asked = "SELECT state, count(*) AS n FROM items WHERE listing = ? GROUP BY state"
            counts = {row["state"]: row["n"] for row in base.execute(asked, (number,))}
            reasons: Counter[str] = Counter()
            asked = "SELECT outcome FROM items WHERE listing = ? AND state IN ('failed', 'partial')"
            for row in base.execute(asked, (number,)):
                reasons[Outcome.model_validate_json(zlib.decompress(row["outcome"])).reason] += 1
    finally:
        base.close()
    ranked = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    return Seen(counts=counts, failures=dict(ranked), busy=busy(folder))


def page_of(folder: Path) -> Path:
    """Where the summary is. Raises BadRequest where there is none yet."""
    opened(folder).close()
    path = folder / SUMMARY
    if not path.is_file():
        raise BadRequest("there is no summary yet", where=str(folder), do="Run the cohort to its end first.")
    return path


def estimate_of(room: ReadingRoom, manifest: Path, options: Options, out: Path | None = None, *, by: By = "study",
                limit: float | None = None, tell: Callable[[int], None] | None = None) -> Estimate:  # fmt: skip
    """What is to be done of a manifest, nothing carried out; with the folder of a cohort that was begun, what is left
    of it, and its limit by the times of the quicker of its first two items. `tell` hears how many items were read.

    Raises as `run_cohort` does for the manifest."""
    checked(options)
    if not manifest.exists():
        raise BadRequest("there is no such manifest", where=manifest.name, do="Name a table or a folder.")
    first = None
    counts: Counter[str] = Counter()
    if out is not None:
        base = opened(out)
        try:
            with failing(out):
                kept = base.execute("SELECT value FROM about WHERE name = 'first'").fetchone()
        finally:
            base.close()
        first = Cost.model_validate_json(kept["value"]) if kept else None
        counts.update(standing_of(out).counts)
    ended = sum(counts[state] for state in ("done", "partial", "failed"))
    with tempfile.TemporaryDirectory(prefix="readingroom-") as name:
        journal = Journal(Path(name))
        try:
            items = items_of(manifest, key=subject_key(room.settings.config), by=by)
            journal.list_items(_counted(items, tell) if tell else items, "")
            total, size = sum(journal.count().values()), journal.bytes_waiting()
        finally:
            journal.close()
    left = max(0, total - ended)
    return estimated((total, left, round(size * left / total) if total else 0), first, room.settings, limit)


def _counted(items: Iterator[Item], tell: Callable[[int], None]) -> Iterator[Item]:
    for number, item in enumerate(items, 1):
        tell(number)
        yield item
