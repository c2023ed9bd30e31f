"""A batch that fails as a whole, taken apart until each row has its answer or its own error."""

from __future__ import annotations

from readingroom.errors import BadReply, InputRefused, ToolFailed, Unavailable
from readingroom.tools.backends.endpoint.failures import TimedOut
from readingroom.tools.backends.scorer import Decode, Row, Scorer
from readingroom.tools.contracts.ask import Ask


async def score_each(scorer: Scorer, ask: Ask, decode: Decode[Row]) -> list[Row | ToolFailed]:
    """One answer or error a row, in order. A row that was answered is not sent again.

    A batch that the model refuses, or answers wrongly, is halved until the rows that cause it stand alone; one that
    ran out of time is halved once. Raises NotAuthorised and EgressRefused, and Unavailable where no row was answered
    because the endpoint cannot be.
    """
    found = await _apart(scorer, ask, decode, late=False)
    away = [row for row in found if isinstance(row, Unavailable)]
    if away and len(away) == len(found):
        raise away[0]
    return found


async def _apart(scorer: Scorer, ask: Ask, decode: Decode[Row], *, late: bool) -> list[Row | ToolFailed]:
    """`late`: this is a half of a batch that ran out of time already."""
    try:
        return list(await scorer.score(ask, decode))
    except ToolFailed as error:
        timed_out = isinstance(error, TimedOut)
        splits = isinstance(error, InputRefused | BadReply) or (timed_out and not late)
        if len(ask.rows) < 2 or not splits:
            return [error] * len(ask.rows)
    middle = len(ask.rows) // 2
    halves: list[Row | ToolFailed] = []
    for rows in (slice(None, middle), slice(middle, None)):
        halves += await _apart(scorer, ask.part(rows), decode, late=late or timed_out)
    return halves
