"""The embedded store: SQLite for runs and their journal, content-addressed files for masks, vectors and reports."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from readingroom.domain.report import Report
from readingroom.errors import BadRequest, RecordError
from readingroom.runs.blobs import Blobs
from readingroom.runs.database import connect, failing, prepare
from readingroom.runs.event import Event
from readingroom.runs.history import History
from readingroom.runs.journal import Journal
from readingroom.runs.run import Run, Step
from readingroom.runs.unfinished import Unfinished

EVENT = "run, number, kind, at, payload, content_sha256, previous, digest"
COLUMNS = ", ".join(Run.model_fields)


class Store:
    """Runs of one installation. Every commit is durable before it returns (WAL, synchronous FULL).

    Not `synced`: it outlives the process; against a loss of power the owner syncs the disk for many runs at once.
    """

    def __init__(self, home: Path, *, synced: bool = True) -> None:
        """Raises RecordError for a store that cannot be opened or that a newer version wrote."""
        self.home = home
        self._synced = synced
        self.blobs = Blobs(home / "blobs", synced=synced)
        self.unfinished = Unfinished(home / "unfinished", synced=synced)
        self.database = home / "runs.sqlite"
        prepare(self.database)
        try:
            self.database.chmod(0o600)
        except OSError as error:
            raise RecordError(
                f"cannot be kept from others ({error.strerror})", where=str(self.database), do="Set READINGROOM_HOME."
            ) from error

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        connection = connect(self.database, synced=self._synced)
        try:
            with failing(self.database):
                yield connection
        finally:
            connection.close()

    def journal(self, run: Run, last: Event | None = None) -> Journal:
        """The writing end of a run: a new one, or one that goes on after its last entry."""
        return Journal(self.database, run, last, synced=self._synced)

    def runs(self, limit: int = 50) -> tuple[Run, ...]:
        """The latest runs, newest first; -1: all."""
        with self._reading() as connection:
            found = connection.execute(
                f"SELECT {COLUMNS} FROM runs ORDER BY started DESC, id DESC LIMIT ?",  # noqa: S608 - our own names
                (limit,),
            ).fetchall()
        return tuple(Run(**dict(row)) for row in found)

    def run(self, name: str) -> Run:
        """The run of that id or unambiguous beginning of it; "last" is the newest. Raises BadRequest where none is."""
        if name == "last":
            found = list(self.runs(limit=1))
        else:
            beginning = name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
            with self._reading() as connection:
                rows = connection.execute(
                    f"SELECT {COLUMNS} FROM runs WHERE id LIKE ? ESCAPE '\\' ORDER BY id LIMIT 2",  # noqa: S608 - our own names
                    (beginning,),
                )
                found = [Run(**dict(row)) for row in rows]
            found = [run for run in found if run.id == name] or found
        if len(found) != 1:
            why = "there is no such run" if not found else "more than one run begins like that"
            raise BadRequest(f"run {name!r}: {why}", do="`readingroom runs` lists them.")
        return found[0]

    def going(self) -> frozenset[str]:
        """The runs that have not ended, or can go on."""
        with self._reading() as connection:
            rows = connection.execute("SELECT id FROM runs WHERE status IN ('running', 'interrupted')").fetchall()
        return frozenset(row["id"] for row in rows)

    def history(self, run: str) -> History:
        """The journal of a run by its whole id."""
        with self._reading() as connection:
            rows = connection.execute(f"SELECT {EVENT} FROM events WHERE run = ? ORDER BY number", (run,))  # noqa: S608 - our own names
            return History(tuple(Event(*row) for row in rows), self.content)

    def head(self, run: str) -> tuple[int, str]:
        """How long the journal of a run is and its last digest, as its row says."""
        with self._reading() as connection:
            row = connection.execute("SELECT events, head FROM runs WHERE id = ?", (run,)).fetchone()
        return row["events"], row["head"]

    def content(self, event: Event) -> str:
        """The text kept beside an entry. Raises RecordError where it is gone or was changed."""
        with self._reading() as connection:
            row = connection.execute(
                "SELECT content FROM events WHERE run = ? AND number = ?", (event.run, event.number)
            ).fetchone()
        if event.content_sha256 is None:
            raise RecordError(f"entry {event.number} of run {event.run} keeps nothing")
        if row is None or row["content"] is None:
            return self.blobs.get(event.content_sha256).decode()  # as schema 1 kept it
        text: str = row["content"]
        if hashlib.sha256(text.encode()).hexdigest() != event.content_sha256:
            raise RecordError(
                f"what entry {event.number} of run {event.run} keeps was changed after it was written",
                do="Run the reading again.",
            )
        return text

    def steps(self, run: str) -> tuple[Step, ...]:
        return self.history(run).steps

    def report(self, name: str) -> Report:
        """The report that a run recorded. Raises BadRequest where it has none, RecordError where it was changed."""
        run = self.run(name)
        if run.report_sha256 is None:
            what = f"run {run.id!r} has no report ({run.error or run.status})"
            raise BadRequest(what, do="Name a run that drafted one; `readingroom runs` lists them.")
        try:
            return Report.model_validate_json(self.blobs.get(run.report_sha256))
        except ValidationError as error:
            raise BadRequest(
                f"run {run.id!r} recorded a {run.workflow} result, not a report", do="Name a run of `draft`."
            ) from error
