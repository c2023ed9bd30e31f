"""The numbered events of every chat, kept, so that a page that was away hears exactly what it missed."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterable
from typing import Any, NamedTuple

from readingroom.runs.event import now
from readingroom.web.page_store import PageStore


class Heard(NamedTuple):
    """One event as it was told."""

    number: int
    name: str
    data: str
    """JSON on one line."""


Ear = tuple[asyncio.AbstractEventLoop, asyncio.Event]


def _rouse(ears: Iterable[Ear]) -> None:
    for loop, ear in ears:
        if not loop.is_closed():
            loop.call_soon_threadsafe(ear.set)


class EventLog:
    """Appended to from any thread; whoever listens is woken in the loop it listens in."""

    def __init__(self, store: PageStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._last: dict[str, int] = {}
        self._ears: dict[str, set[Ear]] = {}

    def add(self, chat: str, name: str, data: dict[str, Any]) -> int:
        """Its number: 1, 2 ... within the chat."""
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        with self._lock:
            number = self._last_of(chat) + 1
            row = (chat, number, name, text, now())
            self._store.write(("INSERT INTO events VALUES (?, ?, ?, ?, ?)", row), durable=False)
            self._last[chat] = number
            ears = tuple(self._ears.get(chat, ()))
        _rouse(ears)
        return number

    def wake(self) -> None:
        """Everybody who listens, though nothing was added: the end is near."""
        with self._lock:
            ears = tuple(ear for some in self._ears.values() for ear in some)
        _rouse(ears)

    def last(self, chat: str) -> int:
        with self._lock:
            return self._last_of(chat)

    def _last_of(self, chat: str) -> int:
        if chat not in self._last:
            found = self._store.rows("SELECT max(number) AS last FROM events WHERE chat = ?", (chat,))
            self._last[chat] = found[0]["last"] or 0
        return self._last[chat]

    def after(self, chat: str, number: int, limit: int = 500) -> list[Heard]:
        query = "SELECT number, name, data FROM events WHERE chat = ? AND number > ? ORDER BY number LIMIT ?"
        return [Heard(*row) for row in self._store.rows(query, (chat, number, limit))]

    def listen(self, chat: str) -> asyncio.Event:
        """Set whenever something was added; from the running loop. Give it back to `leave`."""
        ear = asyncio.Event()
        with self._lock:
            self._ears.setdefault(chat, set()).add((asyncio.get_running_loop(), ear))
        return ear

    def leave(self, chat: str, ear: asyncio.Event) -> None:
        with self._lock:
            kept = {one for one in self._ears.get(chat, set()) if one[1] is not ear}
            self._ears.pop(chat, None)
            if kept:
                self._ears[chat] = kept
