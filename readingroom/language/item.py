"""One tagged stretch of a sentence: what reading hands from step to step."""

from __future__ import annotations

from typing import NamedTuple


class Item(NamedTuple):
    """One tagged stretch of a sentence; a phrase with several meanings gives several items."""

    kind: str
    value: str
    start: int
    end: int
