"""Identical calls in flight are one call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class _Flying(Generic[T]):
    def __init__(self, task: asyncio.Task[T]) -> None:
        self.task = task
        self.waiting = 0


class Flight(Generic[T]):
    """Whoever asks for a key that is being fetched waits for that fetch; a waiter that leaves stops nobody else's."""

    def __init__(self) -> None:
        self._flying: dict[str, _Flying[T]] = {}

    async def join(self, key: str, fetch: Callable[[], Awaitable[T]]) -> tuple[T, bool]:
        """What the fetch gave, and whether it was this caller's own `fetch`. Its errors reach every waiter."""
        flying = self._flying.get(key)
        own = flying is None or flying.task.get_loop() is not asyncio.get_running_loop()
        if flying is None or own:
            flying = self._flying[key] = _Flying(asyncio.ensure_future(_awaited(fetch)))
            flying.task.add_done_callback(_seen)
        flying.waiting += 1
        try:
            return await asyncio.shield(flying.task), own
        finally:
            flying.waiting -= 1
            if self._flying.get(key) is flying and (flying.task.done() or not flying.waiting):
                del self._flying[key]
            if not flying.waiting and not flying.task.done():
                flying.task.cancel()


async def _awaited(fetch: Callable[[], Awaitable[T]]) -> T:
    return await fetch()


def _seen(task: asyncio.Task[T]) -> None:
    """Every waiter may have left before it failed; nobody is left to be told then."""
    if not task.cancelled():
        task.exception()
