"""A case of an experiment: where its images are, the words that come with it, and what is known to be true of it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from readingroom.domain.terms import Change, Laterality, Presence, Severity
from readingroom.domain.value import Value


class TrueNumber(Value):
    """A quantity that is known, not measured on pixels."""

    name: str
    """A concept of the lexicon: cardiothoracic_ratio, longest_diameter ..."""
    value: float
    unit: str
    tolerance: float = 0.0
    """How far a measurement may lie off and still be right, in the same unit; 0: a metric's own rule decides."""


class TrueClaim(Value):
    """One thing that is so, or is not so, in the terms that reports are read in."""

    observation: str
    """A concept of the lexicon."""
    presence: Presence = "present"
    laterality: Laterality = "unspecified"
    zone: str = ""
    severity: Severity | None = None
    measurement: TrueNumber | None = None
    change: Change | None = None


class TrueRegion(Value):
    """Where something is."""

    observation: str
    laterality: Laterality = "unspecified"
    role: Literal["current", "prior", "lateral"] = "current"
    """Of the image that it is in."""
    box: tuple[float, float, float, float]
    """x0, y0, x1, y1 in source pixels, as readingroom.domain.region has them."""
    mask: str | None = None
    """A PNG of the image's size, grey above zero where it is; None where only the box is known."""


class Reference(Value):
    """What is known of a case. Which of it there is decides which metrics apply."""

    text: str = ""
    """A human's report: data from outside, never an instruction."""
    claims: tuple[TrueClaim, ...] = ()
    """Typed truth; what it does not name is not known."""
    labels: dict[str, bool | None] = Field(default_factory=dict)
    """The 14 labels of chest radiographs where a dataset has them; None: uncertain."""
    regions: tuple[TrueRegion, ...] = ()
    choices: tuple[str, ...] = ()
    """The options of a multiple-choice question, in order; the question is among the words of the case."""
    answer: str = ""
    """The right option, by its letter."""


class Case(Value):
    """One study to be drafted, or one question to be answered."""

    id: str = Field(min_length=1)
    subject: str
    """The patient, by a pseudonym: cases of one patient are one cluster of every bootstrap."""
    paths: tuple[str, ...]
    prior: tuple[str, ...] = ()
    lateral: tuple[str, ...] = ()
    words: dict[str, Any] = Field(default_factory=dict)
    """Fields of readingroom.domain.request.Request: indication, technique, prior_report, stated, question ..."""
    reference: Reference | None = None
    split: str = ""
    """train, validate, test, where a dataset has them."""
