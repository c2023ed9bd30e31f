"""Is a run's record as it was written? The chain, what each entry keeps, the files that outputs name, the report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from readingroom.domain.value import Value
from readingroom.errors import RecordError
from readingroom.runs.event import FIRST, is_digest
from readingroom.runs.history import History
from readingroom.runs.store import Store

FILES = frozenset({"mask", "mask_digest", "vector"})
"""Fields of a tool's output that name a stored file by its digest."""


class Fault(Value):
    """One place where the record is not as it was written."""

    where: str
    """"entry 7", "the end", "file 3f2a...", "the report"."""
    what: str


class Integrity(Value):
    """All that was looked at, and what was found."""

    run: str
    entries: int
    files: int
    faults: tuple[Fault, ...]

    @property
    def intact(self) -> bool:
        return not self.faults


def integrity(store: Store, run: str) -> Integrity:
    """Every fault of one run, in order. A run of a newer schema is refused when the store is opened."""
    past = store.history(run)
    faults = list(_chain(store, past))
    if faults:  # what broken entries name would only be told twice
        return Integrity(run=run, entries=len(past.events), files=0, faults=tuple(faults))
    names: dict[str, str] = {}
    for event in past.events:
        if event.content_sha256:
            try:
                content = store.content(event)
            except RecordError as error:
                faults.append(Fault(where=f"entry {event.number}", what=error.what))
                continue
            names |= dict.fromkeys(_files(json.loads(content)), f"entry {event.number}")
    if report := past.run.report_sha256:
        names[report] = "the report"
    for digest, where in names.items():
        try:
            store.blobs.get(digest)
        except RecordError as error:
            faults.append(Fault(where=where, what=error.what))
    return Integrity(run=run, entries=len(past.events), files=len(names), faults=tuple(faults))


def intact(store: Store, run: str) -> History:
    """The run's journal. Raises RecordError where its chain is broken: nothing is built on that."""
    past = store.history(run)
    for fault in _chain(store, past):
        raise RecordError(
            f"the journal of run {run} was changed ({fault.where}: {fault.what})",
            do="`readingroom runs verify` tells all; draft anew.",
        )
    return past


def _chain(store: Store, past: History) -> Iterator[Fault]:
    """Each entry follows from the one before, up to the last one that the run's row names."""
    previous = FIRST
    for number, event in enumerate(past.events, 1):
        where = f"entry {event.number}"
        if event.number != number:
            yield Fault(where=f"entry {number}", what="is missing")
            return
        if event.digest != event.computed():
            yield Fault(where=where, what="was changed after it was written")
            return
        if event.previous != previous:
            yield Fault(where=where, what="does not follow the entry before it")
            return
        previous = event.digest
    run = past.events[0].run if past.events else ""
    if not past.events:
        yield Fault(where="the journal", what="is empty")
        return
    length, head = store.head(run)
    if (length, head) != (len(past.events), previous):
        yield Fault(where="the end", what=f"the run's row counts {length} entries, {len(past.events)} are there")
    elif (row := store.run(run)) != past.run:
        differ = [name for name in type(row).model_fields if getattr(row, name) != getattr(past.run, name)]
        yield Fault(where="the run's row", what=f"says another {' and '.join(differ)} than the journal")


def _files(data: Any) -> Iterator[str]:
    """Digests of stored files anywhere in a tool's output."""
    if isinstance(data, dict):
        for name, value in data.items():
            if name in FILES and isinstance(value, str) and is_digest(value):
                yield value
            else:
                yield from _files(value)
    elif isinstance(data, list):
        for value in data:
            yield from _files(value)
