"""Where to cut a score: Youden's point, a fixed sensitivity or specificity, and the band between two cuts."""

from __future__ import annotations

from typing import Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from readingroom.domain.value import Value
from readingroom.errors import BadRequest

Numbers = NDArray[np.float64]
Truth = NDArray[np.bool_]

Called = Literal["present", "absent", "indeterminate"]

WANTED = 0.9
"""Sensitivity below whose cut a case is called absent, and specificity above whose cut it is called present."""


class Curve(NamedTuple):
    """What calling present at or above each score would do: scores descending, before them infinity (nobody)."""

    cuts: Numbers
    sensitivity: Numbers
    specificity: Numbers


def curve(present: Truth, scores: Numbers) -> Curve:
    """The ROC curve at every different score. Raises BadRequest where a class is missing."""
    positive, negative = int(present.sum()), int((~present).sum())
    if not (positive and negative):
        raise BadRequest("a cut needs cases with and without", do="Give both.")
    cuts, place = np.unique(-np.asarray(scores, np.float64), return_inverse=True)
    hit = np.cumsum(np.bincount(place, weights=present, minlength=len(cuts))) / positive
    false = np.cumsum(np.bincount(place, weights=~present, minlength=len(cuts))) / negative
    return Curve(np.concatenate([[np.inf], -cuts]), np.concatenate([[0.0], hit]), np.concatenate([[1.0], 1 - false]))


def youden(present: Truth, scores: Numbers) -> float:
    """The cut of largest sensitivity + specificity - 1 (Youden 1950), the highest of equals."""
    found = curve(present, scores)
    best = int(np.argmax((found.sensitivity + found.specificity)[1:])) + 1
    return float(found.cuts[best])


def at_sensitivity(present: Truth, scores: Numbers, least: float) -> float:
    """The highest cut that still finds a share `least` of the cases with it."""
    found = curve(present, scores)
    return float(found.cuts[1:][found.sensitivity[1:] >= _share(least)][0])


def at_specificity(present: Truth, scores: Numbers, least: float) -> float:
    """The lowest cut that still passes over a share `least` of the cases without; infinity where none does."""
    found = curve(present, scores)
    return float(found.cuts[found.specificity >= _share(least)][-1])


def _share(least: float) -> float:
    if not 0 < least <= 1:
        raise BadRequest(f"{least:g} is no share", do="Choose one from 0 to 1, such as 0.9.")
    return least - 1e-12


class Cuts(Value):
    """Probabilities at which a label is called: absent below `low`, present at or above `high`, else indeterminate."""

    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    youden: float = Field(ge=0, le=1)
    """One cut for those who must decide; nothing here decides by it."""

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"the band runs from {self.low} down to {self.high}")
        return self

    def called(self, probability: float) -> Called:
        """One case."""
        if probability >= self.high:
            return "present"
        return "absent" if probability < self.low else "indeterminate"


def cuts(present: Truth, probabilities: Numbers, sensitivity: float = WANTED, specificity: float = WANTED) -> Cuts:
    """Absent below the cut of that sensitivity, present from the cut of that specificity on.

    Of a label so well told that the two cross, what lies between them is left open all the same: no case was there.
    """
    missed = at_sensitivity(present, probabilities, sensitivity)
    false = min(at_specificity(present, probabilities, specificity), 1.0)
    return Cuts(low=min(missed, false), high=max(missed, false), youden=youden(present, probabilities))
