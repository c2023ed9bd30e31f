"""What came out of one cell: a report or an answer, or the line of the error; and what it took."""

from __future__ import annotations

from typing import Literal

from readingroom.domain.report import Report
from readingroom.domain.value import Value


class Slip(Value):
    """One error that a scripted writer made on purpose, so that it is known where to look for it."""

    kind: Literal["side", "negation", "number", "omission", "invention"]
    section: Literal["findings", "impression"]
    text: str
    """The wrong sentence as it was written; of an omission the sentence that was left out."""
    was: str = ""
    """The right sentence; of an invention none."""
    evidence: tuple[str, ...] = ()
    """What the right sentence stands on; of an invention what it cites."""


class Drafted(Value):
    """One case by one arm with one seed. A failed one keeps its error and counts."""

    case: str
    """The case's id."""
    cell: str
    """SHA-256 of everything that determines the draft, in hexadecimal."""
    arm: str
    """The arm's readable name."""
    seed: int
    report: Report | None = None
    """As it would reach the reader: without a verification where the arm has no check, without what was struck."""
    answer: str = ""
    """Of a multiple-choice question: the letter that was chosen; empty where none was."""
    error: str = ""
    """The one line of what went wrong; empty where nothing did."""
    seconds: float = 0.0
    """Wall time of the drafting; the recorded tools are not called again and take none."""
    calls: int = 0
    """Of language models; the tools were called once for all arms and are not counted here."""
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float | None = None
    """In the currency of the price table; None where there is no price."""
    slips: tuple[Slip, ...] = ()
    """Of a scripted writer that errs on purpose: every error that it wrote, in whatever round."""
    drafted_sha256: str = ""
    """Of the report or the answer as canonical JSON, without its run and times; empty of a failed cell."""
