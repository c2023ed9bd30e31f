"""What the page keeps beside the runs and the chats: studies, whose chat is whose, events, and edited versions."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from readingroom.errors import RecordError
from readingroom.runs.database import connect, failing, transaction

VERSION = 1
"""Of the schema (PRAGMA user_version); a file of a newer version is refused."""

SCHEMA = (
    """CREATE TABLE studies (
  id TEXT PRIMARY KEY, session TEXT NOT NULL, subject TEXT NOT NULL, title TEXT NOT NULL, created TEXT NOT NULL,
  way TEXT NOT NULL, images TEXT NOT NULL) STRICT""",
    """CREATE TABLE chats (
  id TEXT PRIMARY KEY, study TEXT NOT NULL, session TEXT NOT NULL, title TEXT NOT NULL) STRICT""",
    """CREATE TABLE events (
  chat TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, data TEXT NOT NULL, at TEXT NOT NULL,
  PRIMARY KEY (chat, number)) STRICT""",
    """CREATE TABLE versions (
  run TEXT NOT NULL, version INTEGER NOT NULL, at TEXT NOT NULL, author TEXT NOT NULL, based_on INTEGER NOT NULL,
  content TEXT NOT NULL, PRIMARY KEY (run, version)) STRICT""",
)


class PageStore:
    """One SQLite file, `page.sqlite`, opened once: events are many and small, and come from several threads."""

    def __init__(self, home: Path) -> None:
        """Raises RecordError where it cannot be opened or a newer version wrote it."""
        self.path = home / "page.sqlite"
        self._lock = threading.Lock()
        self._connection = connect(self.path)
        with failing(self.path):
            self._connection.execute("PRAGMA secure_delete = ON")  # of a chat that is removed nothing stays
        self._prepare()

    def _prepare(self) -> None:
        with failing(self.path):
            found: int = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if found > VERSION:
                what = f"the page's store has schema {found}, this version reads up to {VERSION}"
                raise RecordError(what, where=str(self.path), do="Update readingroom.")
            if found < VERSION:
                with transaction(self._connection, self.path):
                    for statement in SCHEMA:
                        self._connection.execute(statement)
                    self._connection.execute(f"PRAGMA user_version = {VERSION}")
        try:
            self.path.chmod(0o600)
        except OSError as error:
            what = f"cannot be kept from others ({error.strerror})"
            raise RecordError(what, where=str(self.path), do="Set READINGROOM_HOME.") from error

    def rows(self, query: str, given: Sequence[Any] = ()) -> list[sqlite3.Row]:
        with self._lock, failing(self.path):
            return self._connection.execute(query, given).fetchall()

    def write(self, *statements: tuple[str, Sequence[Any]], durable: bool = True) -> None:
        """All of them or none. Not `durable`: safe from a fault of this process, not from one of the machine."""
        with self._lock, failing(self.path):
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            with transaction(self._connection, self.path):
                for statement, given in statements:
                    self._connection.execute(statement, given)

    def close(self) -> None:
        with self._lock:
            self._connection.close()
