"""What a draft tells its reader: every sentence with its claims, its verdict, and whether it still stands."""

from __future__ import annotations

from typing import NamedTuple

from readingroom.agents.gate import REFUSED
from readingroom.agents.ledger import Ledger
from readingroom.agents.translation import pairs_of, tables_of, twin
from readingroom.agents.verifier import of_report
from readingroom.domain.report import Report
from readingroom.domain.terms import Section, Verdict
from readingroom.experiments.metrics.truth import distinct
from readingroom.language.claim import Claim
from readingroom.language.claims import claims_of, read_claims
from readingroom.language.sentences import SAYING, Sentence


class Told(NamedTuple):
    """One sentence of findings or impression, with each claim once; what was not assessed claims nothing."""

    id: str
    section: Section
    text: str
    claims: tuple[Claim, ...]
    cites: tuple[str, ...]
    verdict: Verdict | None
    """What the draft's own check says; None where it was not checked."""
    struck: bool = False

    @property
    def warned(self) -> bool:
        """Whether the reader does not see it, or sees it marked as wrong or unsupported."""
        return self.struck or self.verdict in REFUSED


def told_in(report: Report) -> tuple[Told, ...]:
    """The sentences that stand, then those that the gate struck.

    A report in another language is read through its English twin, as the verifier does. Raises BadRequest where that
    report's template is not at hand.
    """
    checks = {check.target: check.verdict for check in report.verification.checks} if report.verification else {}
    standing = tuple(
        Told(one.id, one.section, one.text, distinct(claims), one.cites, checks.get(one.id))
        for one, claims in read_claims(_sentences(report))
        if one.section in SAYING
    )
    struck = tuple(
        Told(one.check.target, one.check.section, one.check.text, distinct(claims_of(one.check.text)), one.cites,
             one.check.verdict, struck=True)
        for one in report.struck if one.check.section in SAYING
    )  # fmt: skip
    return (*standing, *struck)


def claims_in(told: tuple[Told, ...]) -> tuple[Claim, ...]:
    """Everything that the standing sentences claim, each once."""
    return distinct(claim for one in told if not one.struck for claim in one.claims)


def _sentences(report: Report) -> tuple[Sentence, ...]:
    told = of_report(report)
    if report.language == "en":
        return told
    ledger = Ledger(evidence=report.evidence, images=report.images)
    return twin(told, pairs_of(tables_of(report), ledger)).sentences
