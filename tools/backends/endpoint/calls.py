"""One endpoint's calls: when a request may go, how often it is tried, and what its answers mean."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from readingroom.errors import BadReply, InputRefused, NotAuthorised, Unavailable
from readingroom.tools.backends.endpoint.breaker import Breaker, Outcome
from readingroom.tools.backends.endpoint.config import EndpointConfig
from readingroom.tools.backends.endpoint.connections import Connections
from readingroom.tools.backends.endpoint.credentials import refusal
from readingroom.tools.backends.endpoint.egress import Reply, send
from readingroom.tools.backends.endpoint.failures import Interrupted, TimedOut
from readingroom.tools.backends.endpoint.limiter import Limiter, Slot
from readingroom.tools.backends.endpoint.location import Location
from readingroom.tools.backends.endpoint.retry import ATTEMPTS, TOLD_CAP, Budget, backoff, stretched
from readingroom.tools.backends.endpoint.verdict import MODEL_STATUS, Verdict, told_wait, verdict_of
from readingroom.tools.backends.endpoint.wall import Wall, wall
from readingroom.tools.contracts.ask import Ask

T = TypeVar("T")

PUBLISHED_SLOTS = {"cxrreportgen": 2}
"""In flight where instances are not configured: the published 1 x 1 deployment takes two, and each takes seconds."""


@dataclass
class _Tries:
    """What one request has gone through."""

    age: int
    failures: int = 0
    timeouts: int = 0
    bad: int = 0
    refused: str = ""
    """The bearer that was answered with 401."""
    last: str = "nothing"


class Calls:
    """Sends requests of one endpoint. The state is kept from one event loop to the next, connections are not."""

    def __init__(self, model: str, config: EndpointConfig, clock: Wall = wall) -> None:
        self._config, self._wall = config, clock
        self._connections = Connections(config.proxy)
        self.location = Location(config, self._connections, clock)
        self.cap = admitted(model, config)
        self.limiter = Limiter(self.cap)
        self.breaker = Breaker(self.location.host)
        self.budget = Budget()
        self._ages = itertools.count()
        self._answered = 0.0

    async def aclose(self) -> None:
        """Close the connections."""
        await self._connections.aclose()

    async def answer(self, ask: Ask, read: Callable[[bytes], T]) -> tuple[bytes, T]:
        """The body that came and what `read` makes of it; a body that `read` refuses is asked for once more.

        Raises InputRefused, TimedOut, Unavailable, BadReply, NotAuthorised or EgressRefused.
        """
        tries = _Tries(next(self._ages))
        deadline = asyncio.timeout(None)
        try:
            async with deadline:
                while True:
                    body = await self._once(ask, tries, deadline)
                    try:
                        return body, read(body)
                    except BadReply:
                        if tries.bad or not self.budget.spend(asyncio.get_running_loop().time()):
                            raise
                        tries.bad += 1
        except TimeoutError:
            raise self._late(tries) from None

    async def _once(self, ask: Ask, tries: _Tries, deadline: asyncio.Timeout) -> bytes:
        """Calls until one is answered, waiting outside the slot so that others use it."""
        while True:
            async with self.limiter.slot(tries.age) as slot:
                if deadline.when() is None:
                    deadline.reschedule(asyncio.get_running_loop().time() + self._config.deadline)
                    self.budget.earn()
                found = await self._call(ask, tries, slot)
            if isinstance(found, bytes):
                return found
            await asyncio.sleep(found)

    async def _call(self, ask: Ask, tries: _Tries, slot: Slot) -> bytes | float:
        """One call: the body, or the seconds to wait before the next."""
        loop = asyncio.get_running_loop()
        probe = self.breaker.admit(loop.time())
        outcome: Outcome = "unknown"
        try:
            to = await self.location.destination(tries.refused)
            try:
                reply = await send(self._connections, self.location.known, ask, to)
            except Interrupted as error:
                slot.outcome, outcome, tries.last = "failed", "failed", error.what
                return self._late_call(ask, tries) if error.how == "timeout" else self._failed(tries, loop.time(), None)
            verdict = verdict_of(reply.status, reply.headers)
            outcome = "failed" if verdict in ("failed", "timeout") else "alive"
            if verdict == "unauthorised":
                return self._renew(tries, to.bearer)
            return self._judged(verdict, ask, tries, slot, reply)
        finally:
            self.breaker.record(outcome, loop.time(), probe=probe, what=tries.last)

    def _judged(self, verdict: Verdict, ask: Ask, tries: _Tries, slot: Slot, reply: Reply) -> bytes | float:
        host, now = self.location.host, asyncio.get_running_loop().time()
        tries.last = _named(reply)
        told = told_wait(reply.headers, self._wall())
        match verdict:
            case "answered":
                slot.outcome, self._answered = "answered", now
                return reply.body
            case "throttled":
                slot.outcome = "throttled"
                slot.told = self._told(told)
                return 0.0
            case "failed":
                slot.outcome = "failed"
                slot.told = self._told(told)
                return self._failed(tries, now, told)
            case "timeout":
                slot.outcome = "failed"
                return self._late_call(ask, tries)
            case "refused":
                slot.outcome = "answered"
                raise InputRefused(f"the model refused this input ({tries.last})", where=f"{ask.model} at {host}")
            case "forbidden":
                raise NotAuthorised("these credentials may not score", where=host, do="Ask for the right to score.")
            case _:
                raise Unavailable(
                    f"nothing serves here ({tries.last})",
                    where=host,
                    do="Check the address, and that a deployment takes the traffic.",
                )

    def _told(self, told: float | None) -> float | None:
        if told is not None and told > TOLD_CAP:
            raise Unavailable(
                f"throttled: it asks to be left alone for {told:.0f} s", where=self.location.host, do="Come back then."
            )
        return None if told is None else stretched(told)

    def _failed(self, tries: _Tries, now: float, told: float | None) -> float:
        tries.failures += 1
        if tries.failures >= ATTEMPTS:
            raise Unavailable(f"{tries.failures} calls failed, the last with {tries.last}", where=self.location.host)
        if not self.budget.spend(now):
            raise Unavailable(
                f"too many calls fail to try each again, this one with {tries.last}", where=self.location.host
            )
        return 0.0 if told is not None else backoff(tries.failures)

    def _late_call(self, ask: Ask, tries: _Tries) -> float:
        """A single row may be tried once more; several rows only in halves, by whoever asked."""
        tries.timeouts += 1
        if len(ask.rows) > 1 or tries.timeouts > 1 or not self.budget.spend(asyncio.get_running_loop().time()):
            rows = "row" if len(ask.rows) == 1 else f"{len(ask.rows)} rows"
            raise TimedOut(
                f"no answer for {rows} in time ({tries.last})", where=self.location.host, do="Ask for fewer rows."
            )
        return backoff(1)

    def _renew(self, tries: _Tries, bearer: str) -> float:
        if tries.refused:
            raise refusal(self.location.host)
        tries.refused, tries.last = bearer, "401"
        return 0.0

    def _late(self, tries: _Tries) -> Unavailable:
        now = asyncio.get_running_loop().time()
        if tries.last == "429" and now - self._answered >= self._config.deadline:
            self.breaker.trip(now, "429")
        how = "throttled: no call was let through" if tries.last == "429" else f"no answer, last {tries.last},"
        return Unavailable(f"{how} within {self._config.deadline:g} s", where=self.location.host, do="Try again later.")


def _named(reply: Reply) -> str:
    """Its status, and for 424 the model's; the reason is not shown, for a model may repeat its input in it."""
    model = reply.headers.get(MODEL_STATUS, "")
    return f"{reply.status}, the model's {model}" if reply.status == 424 and model.isdigit() else str(reply.status)


def admitted(model: str, config: EndpointConfig) -> int | None:
    """The documented admission rule where its two numbers are known."""
    if config.instances is not None and config.concurrency is not None:
        return 2 * config.instances * config.concurrency
    return PUBLISHED_SLOTS.get(model) if config.instances is None else None
