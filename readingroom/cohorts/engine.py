"""Where items are carried out: side by side in this process, or wherever another engine carries them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Protocol

from readingroom.cohorts.item import Held, Outcome
from readingroom.cohorts.work import Work

AT_ONCE = 48
"""Items under way: more than any usual endpoint admits, so that reading and writing never keep it waiting."""


class Engine(Protocol):
    """Carries out items.

    `ended` is told each outcome, in the order in which they end, in the thread of the event loop that calls
    `carry_out`; when it returns, the outcome is kept. Items are taken from the iterator as there is room for them, in
    that thread too. Errors of one item are outcomes; what stops a cohort (work.STOPPING, and whatever `ended` raises)
    is raised, after all that was under way has been stopped. An engine whose workers are other processes gives each a
    `Work` of its own: Held and Outcome are plain data.
    """

    async def carry_out(self, items: Iterator[Held], ended: Callable[[Outcome], None]) -> None:
        """Returns when the last item has ended."""
        ...

    async def aclose(self) -> None:
        """After the last call of `carry_out`, whether it returned or raised."""
        ...


class Embedded:
    """In this process: reading, calling and writing overlap on one event loop and its threads."""

    def __init__(self, work: Work, at_once: int = AT_ONCE) -> None:
        self._work, self._at_once = work, at_once

    async def carry_out(self, items: Iterator[Held], ended: Callable[[Outcome], None]) -> None:
        """As the protocol says."""

        async def serve() -> None:
            for held in items:
                ended(await self._work.outcome(held))

        try:
            async with asyncio.TaskGroup() as group:
                batching = group.create_task(self._work.batcher.serve())
                await asyncio.wait([group.create_task(serve()) for _ in range(self._at_once)])
                batching.cancel()
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None

    async def aclose(self) -> None:
        """As the protocol says."""
        del self  # what is open is the room's
