"""Where one foundation model answers: an endpoint over HTTP, or weights on this machine, behind the same contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from readingroom.tools.backends.protocol import Model
from readingroom.tools.contracts.ask import Ask

Row = TypeVar("Row")

Decode = Callable[[Any, Ask], tuple[Row, ...]]
"""Parsed JSON and the request to one typed answer a row, in order; raises BadReply naming the path in the answer."""


class Scorer(Protocol):
    """One model that answers requests of its contract."""

    model: Model
    """Who answers; `preprocessing_id` is filled in by whoever prepared the pixels."""

    async def score(self, ask: Ask, decode: Decode[Row]) -> tuple[Row, ...]:
        """All rows, in order. Raises InputRefused, Unavailable, BadReply, NotAuthorised or EgressRefused."""
        ...
