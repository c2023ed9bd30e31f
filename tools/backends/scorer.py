"""Where one foundation model answers: an endpoint over HTTP, or weights on this machine, behind the same contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from readingroom.imaging.cleared import Cleared
from readingroom.tools.backends.protocol import Model
from readingroom.tools.contracts.ask import Ask

Row = TypeVar("Row")

Decode = Callable[[Any, Ask], tuple[Row, ...]]
"""Parsed JSON and the request to one typed answer a row, in order; raises BadReply naming the path in the answer."""


class Scorer(Protocol):
    """One model that answers requests of its contract."""

    model: Model
    """Who answers; its `preprocessing_id` names what is done to the pixels after they are handed over, where known."""

    async def score(self, ask: Ask, decode: Decode[Row]) -> tuple[Row, ...]:
        """All rows, in order. Raises InputRefused, Unavailable, BadReply, NotAuthorised or EgressRefused."""
        ...


def model_seeing(scorer: Scorer, cleared: Cleared) -> Model:
    """Who answers, with the whole way of the pixels: prepared here, then as the scorer itself prepares them."""
    ways = (cleared.preprocessing_id, scorer.model.preprocessing_id)
    return scorer.model.model_copy(update={"preprocessing_id": "+".join(filter(None, ways))})
