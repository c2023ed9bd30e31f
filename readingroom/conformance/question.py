"""One check before it is put: what is asked, what the contract says, and how the answer is judged."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from readingroom.conformance.bench import Bench
from readingroom.conformance.found import Checked, Mark
from readingroom.errors import BadReply, ReadingRoomError
from readingroom.imaging.clean import clean_text

LONGEST = 300
"""Characters of what is told about one check."""


@dataclass(frozen=True)
class Seen:
    """What came of a question, in words, and what it means."""

    verdict: Mark
    found: str


@dataclass(frozen=True)
class Question:
    """A check that can be put to any endpoint of its model."""

    id: str
    asked: str
    expected: str
    put: Callable[[Bench], Awaitable[Seen]]


def passed(found: str) -> Seen:
    """As the contract says."""
    return Seen("pass", found)


def warned(found: str) -> Seen:
    """Odd, or against what other clients need; this package can use the answers."""
    return Seen("warn", found)


def failed(found: str) -> Seen:
    """Against the contract in a way that makes answers wrong, or missing."""
    return Seen("fail", found)


def skipped(why: str) -> Seen:
    """It could not be asked."""
    return Seen("skipped", why)


async def put(question: Question, bench: Bench) -> Checked:
    """Ask and judge. What the package raises on the way (a reply that is none, an endpoint that is gone, a redirect, a
    certificate that does not hold) is the finding of a failed check."""
    started = time.perf_counter()
    try:
        seen = await question.put(bench)
    except BadReply as error:
        seen = failed(error.line()) if bench.readable else skipped("the answers cannot be read: see the check `form`")
    except ReadingRoomError as error:
        seen = failed(error.line())
    return checked(question, seen, 1000 * (time.perf_counter() - started))


def checked(question: Question, seen: Seen, milliseconds: float) -> Checked:
    """The line of the table."""
    return Checked(
        id=question.id, asked=question.asked, expected=question.expected, found=clean_text(seen.found, LONGEST),
        verdict=seen.verdict, milliseconds=round(milliseconds, 1),
    )  # fmt: skip
