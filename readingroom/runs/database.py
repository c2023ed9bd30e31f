"""The SQLite file of runs and their journal: how it is opened, its schema, and how an older one is brought up."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from readingroom.errors import RecordError
from readingroom.runs.migration import steps_to_events

VERSION = 2
"""Of the schema (PRAGMA user_version); a store of a newer version is refused, one of version 1 is brought up."""

RUNS = """CREATE TABLE IF NOT EXISTS runs (
  id TEXT PRIMARY KEY, workflow TEXT NOT NULL, status TEXT NOT NULL, subject TEXT NOT NULL, started TEXT NOT NULL,
  finished TEXT, request_sha256 TEXT NOT NULL, report_sha256 TEXT, code_version TEXT NOT NULL, error TEXT) STRICT"""

JOURNAL = (
    "ALTER TABLE runs ADD COLUMN events INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE runs ADD COLUMN head TEXT NOT NULL DEFAULT ''",
    """CREATE TABLE events (
  run TEXT NOT NULL REFERENCES runs(id), number INTEGER NOT NULL, kind TEXT NOT NULL, at TEXT NOT NULL,
  payload TEXT NOT NULL, content TEXT, content_sha256 TEXT, previous TEXT NOT NULL, digest TEXT NOT NULL,
  PRIMARY KEY (run, number)) STRICT""",
    """CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
  BEGIN SELECT RAISE(ABORT, 'the journal is only appended to'); END""",
    """CREATE TRIGGER events_are_not_removed BEFORE DELETE ON events
  BEGIN SELECT RAISE(ABORT, 'the journal is only appended to'); END""",
)
"""`events` and `head` of a run are its journal's length and last digest, so that a missing end is seen, too."""


def connect(path: Path, *, synced: bool = True) -> sqlite3.Connection:
    """Every commit is durable before it returns (WAL, synchronous FULL). Raises RecordError.

    Not `synced`: a commit outlives the process but not the power until the caller syncs the disk and checkpoints.
    """
    with failing(path):
        connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {'FULL' if synced else 'NORMAL'}")
            if not synced:
                connection.execute("PRAGMA wal_autocheckpoint = 0")
        except sqlite3.Error:
            connection.close()
            raise
        return connection


@contextmanager
def failing(path: Path) -> Iterator[None]:
    """SQLite's errors as one line."""
    try:
        yield
    except sqlite3.Error as error:
        raise RecordError(
            f"the run store failed ({error})", where=str(path), do="Free some space, or set READINGROOM_HOME elsewhere."
        ) from error


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """All of it or nothing. Raises RecordError."""
    with failing(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # SQLite has rolled back by itself after a full disk
                connection.execute("ROLLBACK")
            raise


def prepare(path: Path) -> None:
    """Make the tables, or bring version 1's up to this one. Raises RecordError for a newer version."""
    connection = connect(path)
    try:
        if _version(connection, path) == VERSION:
            return
        with transaction(connection, path):
            found = _version(connection, path)  # again: another process may have been first
            if found == VERSION:
                return
            connection.execute(RUNS)
            for statement in JOURNAL:
                connection.execute(statement)
            if found == 1:
                steps_to_events(connection)
            connection.execute(f"PRAGMA user_version = {VERSION}")
    finally:
        connection.close()


def _version(connection: sqlite3.Connection, path: Path) -> int:
    with failing(path):
        found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > VERSION:
        raise RecordError(
            f"the run store has schema {found}, this version reads up to {VERSION}",
            where=str(path),
            do="Update readingroom, or set READINGROOM_HOME to another folder.",
        )
    return found
