"""Whether rows come back in the order in which they went: one of them is asked again alone."""

from __future__ import annotations

from collections.abc import Callable

from readingroom.errors import BadReply
from readingroom.tools.backends.scorer import Decode, Row, Scorer
from readingroom.tools.contracts.ask import Ask


async def check_order(
    scorer: Scorer, ask: Ask, decode: Decode[Row], same: Callable[[Row, Row], bool], row: int = -1
) -> tuple[Row, ...]:
    """The rows of `ask`, once the answer to `row` sent alone is the `same` as in the batch.

    The contract has no identifiers of rows, so an answer in another order looks well. Raises BadReply where the two
    differ. It costs a call and is for conformance checks, not for every batch.
    """
    rows = await scorer.score(ask, decode)
    place = row % len(ask.rows)
    (alone,) = await scorer.score(ask.part(slice(place, place + 1)), decode)
    if same(rows[place], alone):
        return rows
    others = [other for other, found in enumerate(rows) if same(found, alone)]
    what = f"its answer came as row {others[0]}" if others else "alone it is answered differently"
    raise BadReply(f"{what}, so rows are mixed up", where=f"row {place}", do="Send one row a request.")
