"""What turns scores into probabilities, as values that are kept; `calibration.py` fits them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, FiniteFloat, model_validator

from readingroom.domain.value import Value

Numbers = NDArray[np.float64]


class Platt(Value):
    """p = 1 / (1 + exp(slope x score + offset)); the slope is negative where larger scores mean present."""

    kind: Literal["platt"] = "platt"
    slope: FiniteFloat
    offset: FiniteFloat

    def apply(self, scores: Numbers) -> Numbers:
        """(N,) probabilities of (N,) scores."""
        return sigmoid(-(self.slope * np.asarray(scores, np.float64) + self.offset))


class Isotonic(Value):
    """Steps that never fall, as a table: straight lines between the knots, flat beyond them."""

    kind: Literal["isotonic"] = "isotonic"
    scores: tuple[FiniteFloat, ...] = Field(min_length=1, max_length=100_000)
    probabilities: tuple[Annotated[float, Field(ge=0, le=1)], ...]

    @model_validator(mode="after")
    def _is_a_staircase(self) -> Self:
        if len(self.scores) != len(self.probabilities):
            raise ValueError("a step table has as many probabilities as scores")
        if (np.diff(self.scores) <= 0).any() or (np.diff(self.probabilities) < 0).any():
            raise ValueError("a step table ascends")
        return self

    def apply(self, scores: Numbers) -> Numbers:
        """(N,) probabilities of (N,) scores."""
        return np.asarray(np.interp(scores, self.scores, self.probabilities), np.float64)


class Plain(Value):
    """p = 1 / (1 + exp(-score)): nothing was fitted, the probability is the score's own word."""

    kind: Literal["none"] = "none"

    def apply(self, scores: Numbers) -> Numbers:
        """(N,) probabilities of (N,) scores."""
        return sigmoid(np.asarray(scores, np.float64))


Calibrator = Annotated[Platt | Isotonic | Plain, Field(discriminator="kind")]
Method = Literal["platt", "isotonic", "none"]


def sigmoid(logits: Numbers) -> Numbers:
    """1 / (1 + exp(-x)) without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0.0, -np.asarray(logits, np.float64))), np.float64)


def bounded(probabilities: Numbers, patients: int) -> Numbers:
    """Kept within 1/(n + 2) of either end: no n patients show more than that (Laplace's rule of succession)."""
    least = 1 / (patients + 2)
    return np.asarray(np.clip(probabilities, least, 1 - least), np.float64)
