"""The writing end of one run's journal: each entry is durable, and chained to the one before, when `add` returns."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from readingroom.domain.value import canonical_json
from readingroom.errors import RecordError
from readingroom.runs.database import connect, transaction
from readingroom.runs.event import FIRST, Event, Kind, chained, now
from readingroom.runs.run import Run


class _Entry(NamedTuple):
    """An entry that waits to be written, and who waits for it."""

    kind: Kind
    said: dict[str, Any]
    content: str | None
    written: asyncio.Future[Event] | None


class Journal:
    """Held open for as long as a run lasts. Only one process can add: an entry must follow the last one there is."""

    def __init__(self, path: Path, run: Run, last: Event | None = None, *, synced: bool = True) -> None:
        self.run = run
        self._path = path
        self._connection = connect(path, synced=synced)
        self._number = last.number if last else 0
        self._head = last.digest if last else FIRST
        self._waiting: list[_Entry] = []
        self._lock = threading.Lock()

    async def put(self, kind: Kind, said: dict[str, Any], content: str | None = None) -> Event:
        """`add` for parallel calls: what is put in one turn of the event loop is made durable by one commit.

        Who is cancelled while waiting leaves an entry behind that is written all the same.
        """
        loop = asyncio.get_running_loop()
        loop.call_soon(self._flush)
        written: asyncio.Future[Event] = loop.create_future()
        self._waiting.append(_Entry(kind, said, content, written))
        return await written

    def _flush(self) -> None:
        if self._waiting:
            with suppress(RecordError):  # each of those who wait is told
                self._write(None, self.run)

    def add(self, kind: Kind, said: dict[str, Any], content: str | None = None, run: Run | None = None) -> Event:
        """`content` is canonical JSON kept beside the entry; `run`, what the run is from now on, goes with it.

        An entry that begins or ends a run carries the run's own time of it. Raises RecordError where it cannot be
        written, or another process wrote to the run meanwhile.
        """
        return self._write(_Entry(kind, said, content, None), run or self.run)

    def _write(self, last: _Entry | None, run: Run) -> Event:
        """All that waits and `last`, in one transaction."""
        with self._lock:
            entries, self._waiting = [*self._waiting, *([last] if last else [])], []
            try:
                events = self._commit(entries, run)
            except RecordError as error:
                _tell(entries, error)
                raise
            _tell(entries, events)
            return events[-1]

    def _commit(self, entries: list[_Entry], run: Run) -> list[Event]:
        number, head = self._number, self._head
        events: list[Event] = []
        with transaction(self._connection, self._path):
            for entry in entries:
                event = self._event(number + 1, entry, head, run)
                number, head = event.number, event.digest
                events.append(event)
            self._show(events[0], events[-1], run)
            for event, entry in zip(events, entries, strict=True):
                self._connection.execute(
                    "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (event.run, event.number, event.kind, event.at, event.payload, entry.content,
                     event.content_sha256, event.previous, event.digest),
                )  # fmt: skip
        self._number, self._head, self.run = number, head, run
        return events

    def _event(self, number: int, entry: _Entry, head: str, run: Run) -> Event:
        at = {"begun": run.started, "ended": run.finished}.get(entry.kind) or now()
        payload = canonical_json(entry.said)
        held = None if entry.content is None else hashlib.sha256(entry.content.encode()).hexdigest()
        digest = chained(run.id, number, entry.kind, at, payload, held, head)
        return Event(run.id, number, entry.kind, at, payload, held, head, digest)

    def _show(self, first: Event, last: Event, run: Run) -> None:
        """The run's row, which lists and lookups use; made by the first entry."""
        row = run.model_dump(mode="json") | {"events": last.number, "head": last.digest}
        if first.number == 1:
            holes = ", ".join(f":{name}" for name in row)
            self._connection.execute(f"INSERT INTO runs ({', '.join(row)}) VALUES ({holes})", row)  # noqa: S608 - our own names
            return
        changes = ", ".join(f"{name} = :{name}" for name in row)
        done = self._connection.execute(
            f"UPDATE runs SET {changes} WHERE id = :id AND head = :before",  # noqa: S608 - our own names
            row | {"before": first.previous},
        )
        if done.rowcount != 1:
            raise RecordError(f"another process wrote to run {run.id}", do="Let that one finish it.")

    def close(self) -> None:
        self._connection.close()


def _tell(entries: list[_Entry], events: list[Event] | RecordError) -> None:
    for index, entry in enumerate(entries):
        if entry.written is None or entry.written.done():
            continue
        if isinstance(events, RecordError):
            entry.written.set_exception(events)
        else:
            entry.written.set_result(events[index])
