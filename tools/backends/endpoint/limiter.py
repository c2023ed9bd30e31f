"""How many requests of one endpoint are in flight: found out, not configured.

Managed online endpoints admit 2 x max_concurrent x instances and answer the next one with 429. This starts at one in
flight, adds one for every answer (doubling each round trip) until the first 429, and then holds four fifths of what
was refused: above the n x c that keeps every instance busy, below the edge where an answer that is still leaving
counts against the next request. Where the settings say what is admitted, the first answer shows that the door is open,
and half of what is admitted, n x c, goes at once. Now and then it tries the refused level once more, each time later;
where that passes, it grows on by one a round trip. Where half as many more in flight bring no more answers a second
(bandwidth, or this machine, is the limit), growth rests, each time longer.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

CUT = 0.8
"""Of the refused level. Anything above one half keeps the instances busy; measured by benchmarks/endpoints.py."""
FIRST_PROBE, LAST_PROBE = 100, 1600
"""Answers before the refused level is tried again, and the most that this doubles to: 1 % of calls, then 0.06 %."""
TROUBLE = 0.25
"""Share of recent calls (over about ten) failing by infrastructure above which nothing grows."""
FIRST_PAUSE, LAST_PAUSE = 0.25, 8.0
"""Seconds, doubling, of which a random part is waited when 429 comes and nothing was answered since the last cut."""
GROWN, GAINED = 1.5, 1.15
"""In flight, and answers a second: where the first has grown so much and the second not, more in flight is no use."""
REST = 100
"""Answers for which growth rests then, the first time."""
MOST = 512
"""In flight at all: what 32 instances with 8 at once each would admit."""

Outcome = Literal["answered", "throttled", "failed", "given up"]


class Gain:
    """Whether more in flight has brought more answers a second."""

    def __init__(self) -> None:
        self._level = self._rate = 0.0
        """At the last comparison."""
        self._count = self._window = 0
        self._since: float | None = None
        self._rest, self._next_rest = 0, REST

    def worth_more(self, now: float, limit: float, *, full: bool) -> bool:
        """After every answer: whether the limit may grow. Only answers that came while all slots were used count."""
        if not full or self._since is None:
            self._count, self._window, self._since = 0, max(8, int(limit)), now
            return True
        self._count += 1
        if self._count >= self._window and now > self._since:
            self._compare(self._count / (now - self._since), limit)
            self._count, self._window, self._since = 0, max(8, int(limit)), now
        self._rest -= self._rest > 0
        return self._rest == 0

    def _compare(self, rate: float, limit: float) -> None:
        if limit < GROWN * self._level:
            return
        if rate < GAINED * self._rate:
            self._rest, self._next_rest = self._next_rest, 2 * self._next_rest
        self._level, self._rate = limit, rate


@dataclass(eq=False)
class Slot:
    """One request in flight. Set `outcome`, and `told` where the server said how long to wait, before it is left."""

    level: int
    """Requests in flight when it entered, itself counted."""
    cuts: int
    outcome: Outcome = "given up"
    told: float | None = None


class Limiter:
    """Additive increase, one multiplicative decrease for each episode of 429. Older requests enter first."""

    def __init__(self, cap: int | None = None, draw: random.Random | None = None) -> None:
        self.cap = cap
        self.limit = 1.0
        self.in_flight = 0
        self.refused_at: int | None = None
        """The level of the last 429; None while none came, or since that level has been passed."""
        self._draw = draw or random.Random()  # noqa: S311  # jitter
        self._waiting: list[tuple[int, int, asyncio.Future[Slot]]] = []
        self._entries = 0
        self._cuts = 0
        self._starting = True
        self._answers = 0
        """Since the last cut, of requests sent after it."""
        self._lit = False
        """Whether anything was answered since the last cut."""
        self._blind = 0
        """Cuts in a row without that."""
        self._probe_after = FIRST_PROBE
        self._trouble = 0.0
        self._paused_until = 0.0
        self._gain = Gain()

    def hold_to(self, cap: int | None) -> None:
        """At most so many in flight from now on; what is beyond them already is answered first."""
        self.cap = cap
        self.limit = min(self.limit, float(cap or MOST))

    @asynccontextmanager
    async def slot(self, age: int) -> AsyncIterator[Slot]:
        """Waits its turn, the lowest `age` first. Cancelled while it waits or holds, it leaves nothing behind."""
        slot = await self._enter(age)
        try:
            yield slot
        finally:
            self._leave(slot)

    async def _enter(self, age: int) -> Slot:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Slot] = loop.create_future()
        self._entries += 1
        heapq.heappush(self._waiting, (age, self._entries, future))
        self._wake()
        if not future.done() and loop.time() < self._paused_until:
            loop.call_at(self._paused_until, self._wake)
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self._leave(future.result())
            raise

    def _free(self, now: float) -> bool:
        return self.in_flight < int(self.limit) and now >= self._paused_until

    def _granted(self) -> Slot:
        self.in_flight += 1
        return Slot(self.in_flight, self._cuts)

    def _wake(self) -> None:
        now = asyncio.get_running_loop().time()
        while self._waiting and self._free(now):
            future = heapq.heappop(self._waiting)[2]
            if not future.done():
                future.set_result(self._granted())

    def _leave(self, slot: Slot) -> None:
        full = self.in_flight >= int(self.limit)
        self.in_flight -= 1
        match slot.outcome:
            case "answered":
                self._answered(slot, full=full)
            case "throttled":
                self._throttled(slot)
            case "failed":
                self._trouble += 0.1 * (1 - self._trouble)
        if slot.told is not None:
            self._pause(slot.told)
        self._wake()

    def _answered(self, slot: Slot, *, full: bool) -> None:
        self._trouble -= 0.1 * self._trouble
        self._lit = True
        if slot.cuts != self._cuts:
            return
        self._blind = 0
        self._answers += 1
        if self.refused_at is not None and slot.level >= self.refused_at:
            self.refused_at, self._probe_after = None, FIRST_PROBE
        if self._gain.worth_more(asyncio.get_running_loop().time(), self.limit, full=full):
            if full and self._trouble < TROUBLE:
                self._grow()
        else:
            self._starting = False

    def _grow(self) -> None:
        if self.refused_at is None:
            self.limit += 1 if self._starting else 1 / self.limit
            if self._starting and self.cap is not None:
                self.limit = max(self.limit, self.cap / 2)
        elif self.limit < (held := _held(self.refused_at)):
            self.limit = min(held, self.limit + 1)
        elif self._answers >= self._probe_after:
            self.limit = float(self.refused_at)
        self.limit = min(self.limit, float(self.cap or MOST))

    def _throttled(self, slot: Slot) -> None:
        if slot.cuts == self._cuts:
            self._cut(slot.level)
        elif slot.cuts == self._cuts - 1 and self.refused_at is not None and not self._blind:
            self._lower(slot.level)

    def _cut(self, level: int) -> None:
        blind, self._lit = not self._lit, False
        probed = self.refused_at is not None and level >= self.refused_at
        self._cuts += 1
        self._answers = 0
        self._starting = False
        self._gain = Gain()
        if blind:
            self._blind += 1
            self.limit = max(1.0, CUT * min(self.limit, level))
            ceiling = min(LAST_PAUSE, FIRST_PAUSE * 2 ** min(self._blind, 10))
            self._pause(self._draw.random() * ceiling)
            return
        self._probe_after = min(LAST_PROBE, 2 * self._probe_after) if probed else FIRST_PROBE
        self.refused_at = level
        self.limit = _held(level)

    def _lower(self, level: int) -> None:
        """Another 429 of the same episode, of a request that had entered at a lower level."""
        assert self.refused_at is not None
        self.refused_at = min(self.refused_at, level)
        self.limit = min(self.limit, _held(self.refused_at))

    def _pause(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._paused_until = max(self._paused_until, loop.time() + seconds)
        if self._waiting:
            loop.call_at(self._paused_until, self._wake)


def _held(refused_at: int) -> float:
    return max(1.0, float(int(CUT * refused_at)))
