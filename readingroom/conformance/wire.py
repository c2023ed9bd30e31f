"""How one model is asked with the golden images, and how its answers are read without judging them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readingroom.imaging.cleared import Cleared
from readingroom.tools.contracts.ask import Ask, ModelId

Print = NDArray[np.float32]
"""An answer row as one flat vector; two answers are the same where their cosine is about 1."""


@dataclass(frozen=True)
class Wire:
    """What the checks that every model shares need to know of one."""

    model: ModelId
    ask: Callable[[Sequence[Cleared]], Ask]
    """One row an image, all else as this package's own client sends it."""
    prints: Callable[[Any, Ask], Sequence[Print]]
    """Parsed JSON to one vector a row, in any documented form; BadReply where there is none to be read."""
    variants: Callable[[Any, Ask], set[str]]
    """The strict reader of the contract: the documented forms met; BadReply for any other."""
    images: int = 3
    """How many golden images go into one batch."""
    calls: int = 8
    """How many calls the latency is taken from."""
    generative: bool = False
    """It writes text: the same film may be told in other words, two films in the same."""
    may_lack: tuple[str, ...] = ()
    """Columns that a row may leave out."""


def cosine(one: Print, other: Print) -> float:
    """1 for the same direction; 0 where either is all zero, unless both are, which is the same answer."""
    if one.shape != other.shape:
        return 0.0
    norms = float(np.linalg.norm(one)) * float(np.linalg.norm(other))
    if norms == 0:
        return 1.0 if not one.any() and not other.any() else 0.0
    return float(np.dot(one.astype(np.float64), other.astype(np.float64)) / norms)
