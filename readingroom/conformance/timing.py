"""How long calls take, and how many are let in at once."""

from __future__ import annotations

import asyncio
import statistics

import numpy as np

from readingroom.conformance.bench import Bench
from readingroom.conformance.found import Latency, Limits
from readingroom.conformance.question import Question, Seen, failed, passed, warned
from readingroom.errors import Unavailable

MOST_AT_ONCE = 64
"""Calls: above the admission limit of every published deployment (16)."""
SLOW = 90.0
"""Seconds: the timeout of the published deployments."""


async def latency(bench: Bench) -> Latency:
    """The first golden image, again and again, one call at a time; 200s only. Unavailable where none came."""
    seconds: list[float] = []
    sent = received = 0
    for _ in range(bench.wire.calls):
        reply = await bench.reply(bench.ask())
        if reply.status == 200:
            seconds.append(reply.seconds)
            sent, received = reply.sent, len(reply.body)
    if not seconds:
        raise Unavailable("no call was answered", where=bench.line.host)
    return Latency(
        calls=len(seconds), first=bench.line.first or seconds[0], median=statistics.median(seconds),
        p95=float(np.percentile(seconds, 95)), request_bytes=sent, answer_bytes=received,
    )  # fmt: skip


async def admission(bench: Bench) -> Limits:
    """Volleys of 1, 2, 4 .. calls at the same time until one is refused with 429: what was let in then is the limit.

    It costs twice as many calls as are let in, and disturbs whoever else uses the endpoint.
    """
    admitted, at_once = 0, 1
    while at_once <= MOST_AT_ONCE:
        replies = await asyncio.gather(*(bench.reply(bench.ask(), patient=False) for _ in range(at_once)))
        refused = [reply for reply in replies if reply.status == 429]
        admitted = max(admitted, at_once - len(refused))
        if refused:
            told = next(
                (f"{name}: {reply.headers[name]}" for reply in refused for name in WAITS if name in reply.headers), ""
            )
            return Limits(admitted=admitted, refused_at=at_once, retry_after=told)
        at_once *= 2
    return Limits(admitted=admitted, refused_at=None)


WAITS = ("retry-after-ms", "x-ms-retry-after-ms", "retry-after")


async def _latency(bench: Bench) -> Seen:
    bench.latency = await latency(bench)
    took = bench.latency
    told = f"median {1000 * took.median:.0f} ms, p95 {1000 * took.p95:.0f} ms, first {1000 * took.first:.0f} ms"
    return passed(told) if took.p95 < SLOW else warned(told)


async def _admission(bench: Bench) -> Seen:
    seen = bench.admission = await admission(bench)
    if not seen.admitted:
        return failed("not even one call was let in")
    end = f"the first 429 came at {seen.refused_at}" if seen.refused_at else f"no 429 up to {MOST_AT_ONCE}"
    return passed(f"{seen.admitted} at once; {end}; Retry-After {seen.retry_after or 'not told'}")


LATENCY = Question("latency", "the first golden image, one call at a time", f"answers within {SLOW:g} s", _latency)
ADMISSION = Question("limits", "more and more calls at once", "a 429 at 2 x concurrency x instances + 1", _admission)
