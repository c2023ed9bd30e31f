"""What a model decided in a run: asked for once, kept, and the same when the run goes on or is told again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from readingroom.runs.trace import Trace


class _UnknownError(Exception):
    """The run has not come so far before."""


def _unknown() -> NoReturn:
    raise _UnknownError


async def once(trace: Trace, name: str, decide: Callable[[], Awaitable[Any]]) -> Any:
    """JSON data of a decision, as `Trace.fact` keeps it; nobody is asked where the record holds it.

    What was decided may hang on the clock, a budget or the order of answers; that it was decided so does not. Raises
    RecordError where a run that is told again did not record it, and what `decide` raises, which is not kept.
    """
    try:
        return trace.fact(name, _unknown)
    except _UnknownError:
        value = await decide()
    return trace.fact(name, lambda: value)
