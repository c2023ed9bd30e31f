"""What the verifier says: one verdict a sentence, with the rule, the reason and the evidence."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from readingroom.domain.terms import Section, Verdict
from readingroom.domain.value import Value

Rule = Literal["R01", "R02", "R03", "R04", "R05", "R06", "R07", "R08", "R09", "R10", "R11", "R12", "R13", "R14",
               "R15", "R16", "R17"]  # fmt: skip
"""As in the verifier's table: unsupported, contradicts a negative, false negation,
laterality, location, number, unit, comparison, severity, certainty, omission, contradiction, repetition, impression,
grounding, cross-tool conflict, forbidden text."""


class Problem(Value):
    """One thing wrong with one sentence."""

    rule: Rule
    verdict: Verdict
    reason: str
    """One clause a radiologist understands: "says left; the evidence lies on the right"."""
    evidence: tuple[str, ...] = ()
    span: tuple[int, int] | None = None
    """Where in the sentence, in characters."""


class Check(Value):
    """The verdict on one sentence."""

    target: str
    """The finding's or statement's id; of free text S1, S2 ... in order."""
    section: Section
    text: str
    verdict: Verdict
    problems: tuple[Problem, ...] = ()
    evidence: tuple[str, ...] = ()
    """What supports it, by id."""
    claims: int = 0
    """How many typed claims the sentence yielded; 0 makes it not checkable."""
    by: Literal["rules", "model"] = "rules"


class Struck(Value):
    """A sentence that was taken out of the draft; kept, with why, for as long as the report is."""

    check: Check
    """Its text, its section and what is wrong with it, as it was when it was struck."""
    cites: tuple[str, ...] = ()
    """What it said it stands on, by id."""
    by: Literal["checker", "person"] = Field(default="checker", exclude_if=lambda by: by == "checker")
    """Who took it out: the gate, or a person who edited the draft. Written where it was a person, so that reports of
    the machine alone keep the digests that their records have."""


class Omission(Value):
    """Evidence of something present that no sentence tells."""

    rule: Literal["R11", "R14"] = "R11"
    """R14: an urgent finding that the impression does not say."""
    evidence: tuple[str, ...]
    reason: str


class Verification(Value):
    """All that the verifier has to say of one text."""

    checks: tuple[Check, ...]
    omissions: tuple[Omission, ...] = ()
    coverage: float
    """Share of sentences of findings and impression that yielded a typed claim."""

    @property
    def clean(self) -> bool:
        """No sentence is contradicted or unsupported, and nothing present was left out."""
        return not self.omissions and all(check.verdict in ("supported", "not_checkable") for check in self.checks)
