"""The embedded store: SQLite for runs and steps, content-addressed files for what went in and came out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from readingroom.domain.report import Report
from readingroom.errors import BadRequest, RecordError
from readingroom.runs.blobs import Blobs
from readingroom.runs.run import Run, Step

SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
  id TEXT PRIMARY KEY, workflow TEXT NOT NULL, status TEXT NOT NULL, subject TEXT NOT NULL, started TEXT NOT NULL,
  finished TEXT, request_sha256 TEXT NOT NULL, report_sha256 TEXT, code_version TEXT NOT NULL, error TEXT) STRICT;
CREATE TABLE IF NOT EXISTS steps (
  run TEXT NOT NULL REFERENCES runs(id), number INTEGER NOT NULL, name TEXT NOT NULL, tool TEXT NOT NULL,
  key TEXT NOT NULL, status TEXT NOT NULL, request_sha256 TEXT NOT NULL, output_sha256 TEXT, error TEXT,
  started TEXT NOT NULL, elapsed_ms REAL, PRIMARY KEY (run, number)) STRICT;
"""
VERSION = 1
"""Of the schema (PRAGMA user_version); a store of a newer version is refused."""


class Store:
    """Runs and steps of one installation. Every commit is durable before it returns (WAL, synchronous FULL)."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.blobs = Blobs(home / "blobs")
        self.database = home / "runs.sqlite"
        with self._connection() as connection:
            found = connection.execute("PRAGMA user_version").fetchone()[0]
            if found > VERSION:
                raise RecordError(
                    f"the run store has schema {found}, this version reads up to {VERSION}",
                    where=str(self.database),
                    do="Update readingroom, or set READINGROOM_HOME to another folder.",
                )
            connection.executescript(SCHEMA)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        self.database.chmod(0o600)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(self.database, timeout=30)
        except sqlite3.Error as error:
            raise RecordError(f"cannot open the run store ({error})", where=str(self.database)) from error
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            with connection:
                yield connection
        except sqlite3.Error as error:
            raise RecordError(
                f"the run store failed ({error})", where=str(self.database), do="Free some space, or move it away."
            ) from error
        finally:
            connection.close()

    def save_run(self, run: Run) -> None:
        self._save("runs", run)

    def save_step(self, step: Step) -> None:
        self._save("steps", step)

    def _save(self, table: str, value: Run | Step) -> None:
        row = value.model_dump()
        names, holes = ", ".join(row), ", ".join(f":{name}" for name in row)
        with self._connection() as connection:
            connection.execute(f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({holes})", row)  # noqa: S608 - our own names

    def runs(self, limit: int = 50) -> tuple[Run, ...]:
        """The latest runs, newest first."""
        with self._connection() as connection:
            rows = connection.execute("SELECT * FROM runs ORDER BY started DESC, id DESC LIMIT ?", (limit,)).fetchall()
        return tuple(Run(**dict(row)) for row in rows)

    def run(self, name: str) -> Run:
        """The run of that id or unambiguous beginning of it; "last" is the newest. Raises BadRequest where none is."""
        if name == "last":
            found = list(self.runs(limit=1))
        else:
            beginning = name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
            with self._connection() as connection:
                rows = connection.execute(
                    "SELECT * FROM runs WHERE id LIKE ? ESCAPE '\\' ORDER BY id LIMIT 2", (beginning,)
                )
                found = [Run(**dict(row)) for row in rows]
            found = [run for run in found if run.id == name] or found
        if len(found) != 1:
            why = "there is no such run" if not found else "more than one run begins like that"
            raise BadRequest(f"run {name!r}: {why}", do="`readingroom runs` lists them.")
        return found[0]

    def steps(self, run: str) -> tuple[Step, ...]:
        with self._connection() as connection:
            rows = connection.execute("SELECT * FROM steps WHERE run = ? ORDER BY number", (run,)).fetchall()
        return tuple(Step(**dict(row)) for row in rows)

    def report(self, name: str) -> Report:
        """The report that a run recorded. Raises BadRequest where it has none, RecordError where it was changed."""
        run = self.run(name)
        if run.report_sha256 is None:
            raise BadRequest(f"run {run.id!r} has no report ({run.error or run.status})")
        try:
            return Report.model_validate_json(self.blobs.get(run.report_sha256))
        except ValidationError as error:
            raise BadRequest(
                f"run {run.id!r} recorded a {run.workflow} result, not a report", do="Name a run of `draft`."
            ) from error
