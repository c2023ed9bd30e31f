"""The typed meaning of a few words of a report."""

from __future__ import annotations

from typing import NamedTuple

from readingroom.domain.terms import Certainty, Change, Laterality, Presence, Severity
from readingroom.language.quantities import Quantity

GREATER = ":greater"
"""Ends the observation of a claim that one side is worse than the other."""


class Claim(NamedTuple):
    """One thing that a sentence says."""

    observation: str
    """A concept of the lexicon; "structure:adjective" where the lexicon has no name for what they make."""
    presence: Presence
    span: tuple[int, int]
    """Where in the sentence, in characters."""
    laterality: Laterality = "unspecified"
    zone: str = ""
    severity: Severity | None = None
    certainty: Certainty = "definite"
    change: Change | None = None
    altered: bool = False
    """Says that it changed, and not how."""
    comparison: bool = False
    """Speaks of an earlier image."""
    quantities: tuple[Quantity, ...] = ()
    scope: str = ""
    """What a denial is limited to: other, new, suspicious, large, acute, focal, significant; empty if to nothing."""
    implied: bool = False
    """Expanded from a broad statement: "the lungs are clear"."""
