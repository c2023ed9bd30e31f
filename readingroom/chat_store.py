"""Chats as an append-only journal: each entry is durable, and chained to the one before, when `append` returns."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from readingroom.domain.value import Value, canonical_json
from readingroom.errors import BadRequest, RecordError
from readingroom.runs.database import connect, failing, transaction
from readingroom.runs.event import FIRST, chained, now

VERSION = 1
"""Of the schema (PRAGMA user_version); a file of a newer version is refused."""

SCHEMA = (
    """CREATE TABLE entries (
  chat TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, at TEXT NOT NULL, payload TEXT NOT NULL,
  previous TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (chat, number)) STRICT""",
    """CREATE TRIGGER entries_are_not_changed BEFORE UPDATE ON entries
  BEGIN SELECT RAISE(ABORT, 'the journal is only appended to'); END""",
    """CREATE TRIGGER entries_are_not_removed BEFORE DELETE ON entries
  BEGIN SELECT RAISE(ABORT, 'the journal is only appended to'); END""",
)

Kind = Literal["begun", "sources", "asked", "run", "planned", "approved", "answered", "failed", "undone", "forgotten"]
"""begun: the study it is about. sources: a prior was added. asked, run, planned, approved, answered or failed: one
turn, in that order. undone: a turn was taken back. forgotten: where its files are is kept no longer."""


class Entry(NamedTuple):
    """One entry of a chat's journal."""

    chat: str
    number: int
    kind: Kind
    at: str
    payload: str
    previous: str
    digest: str

    @property
    def said(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self.payload)
        return data

    def computed(self) -> str:
        return chained(self.chat, self.number, self.kind, self.at, self.payload, self.previous)


class ChatLine(Value):
    """A chat in a list."""

    id: str
    begun: str
    turns: int


class ChatStore:
    """The chats of one installation, in a file of their own beside the runs."""

    def __init__(self, home: Path) -> None:
        """Raises RecordError where it cannot be opened or a newer version wrote it."""
        self._path = home / "chats.sqlite"
        self._prepare()

    def _prepare(self) -> None:
        with self._open() as connection:
            found = _version(connection)
            if found < VERSION:
                with transaction(connection, self._path):
                    if _version(connection) == 0:  # again: another process may have been first
                        for statement in SCHEMA:
                            connection.execute(statement)
                        connection.execute(f"PRAGMA user_version = {VERSION}")
        if found > VERSION:
            what = f"the chats have schema {found}, this version reads up to {VERSION}"
            raise RecordError(what, where=str(self._path), do="Update readingroom, or set READINGROOM_HOME elsewhere.")
        try:
            self._path.chmod(0o600)
        except OSError as error:
            what = f"cannot be kept from others ({error.strerror})"
            raise RecordError(what, where=str(self._path), do="Set READINGROOM_HOME.") from error

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        connection = connect(self._path)
        try:
            with failing(self._path):
                yield connection
        finally:
            connection.close()

    def append(self, chat: str, kind: Kind, said: dict[str, Any]) -> Entry:
        """Durable when it returns. Raises RecordError."""
        with self._open() as connection, transaction(connection, self._path):
            last = connection.execute(
                "SELECT number, digest FROM entries WHERE chat = ? ORDER BY number DESC LIMIT 1", (chat,)
            ).fetchone()
            number, head = (last["number"], last["digest"]) if last else (0, FIRST)
            draft = Entry(chat, number + 1, kind, now(), canonical_json(said), head, "")
            entry = draft._replace(digest=draft.computed())
            connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)", entry)
        return entry

    def entries(self, chat: str) -> tuple[Entry, ...]:
        """In order, by the whole id. Raises RecordError where one was changed or is missing."""
        with self._open() as connection:
            rows = connection.execute("SELECT * FROM entries WHERE chat = ? ORDER BY number", (chat,)).fetchall()
        found = tuple(Entry(*row) for row in rows)
        head = FIRST
        for number, entry in enumerate(found, 1):
            if (entry.number, entry.previous, entry.digest) != (number, head, entry.computed()):
                raise RecordError(f"the record of chat {chat} was changed (entry {number})", do="Begin another chat.")
            head = entry.digest
        return found

    def chats(self, limit: int = 50) -> tuple[ChatLine, ...]:
        """Newest first."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT chat, min(at) AS at, sum(kind = 'asked') AS turns FROM entries"
                " GROUP BY chat ORDER BY 2 DESC, 1 LIMIT ?",
                (limit,),
            ).fetchall()
        return tuple(ChatLine(id=row["chat"], begun=row["at"], turns=row["turns"]) for row in rows)

    def find(self, name: str) -> str:
        """The chat of that id or unambiguous beginning of it; "last" is the newest. Raises BadRequest."""
        known = [line.id for line in self.chats(1 if name == "last" else -1)]
        found = known if name == "last" else [one for one in known if one.startswith(name)] if name else []
        found = [one for one in found if one == name] or found
        if len(found) != 1:
            why = "there is no such chat" if not found else "more than one chat begins like that"
            raise BadRequest(f"chat {name[:60]!r}: {why}", do="`readingroom chat --list` lists them.")
        return found[0]


def _version(connection: sqlite3.Connection) -> int:
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return found
