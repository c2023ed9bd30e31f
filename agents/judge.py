"""The judge: a language model that may doubt what no rule could check. It can lift nothing, and it fails closed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal, NamedTuple

from pydantic import Field

from readingroom.agents.chat_model import Message
from readingroom.agents.compact import evidence_line
from readingroom.agents.desk import Desk
from readingroom.agents.ledger import Ledger
from readingroom.agents.limitations import limitation, limits_in
from readingroom.domain.check import Check, Problem, Verification
from readingroom.domain.evidence import Evidence
from readingroom.domain.report import Report
from readingroom.domain.value import Value
from readingroom.errors import ToolFailed
from readingroom.language.sentences import SAYING

DEGRADED = "judge"
"""In a report's provenance: a sentence that the judge was to read has no answer of it."""

UNKNOWN_IDS = "it named evidence that is not there"
TOO_MANY = "more sentences than it may be asked about"


class Vote(Value):
    """What a judging model answers."""

    verdict: Literal["supported", "unsupported"]
    evidence_ids: tuple[str, ...] = Field(max_length=60)
    reason: str = Field(max_length=600)


class Judged(NamedTuple):
    """A verification after the judge has read it."""

    verification: Verification
    asked: int = 0
    """Sentences that were put to the model."""
    unanswered: int = 0
    """Sentences that no rule could check and that have no usable answer of the model: their verdict stays."""
    why: str = ""
    """Why not, of the first of them."""


async def judged(verification: Verification, ledger: Ledger, desk: Desk) -> Judged:
    """The same, with sentences that the rules could not read made "unsupported" where a model twice finds no support.

    The votes are taken with the evidence in opposite orders. The model is asked about no other sentence and can raise
    none; its words do not get into the verification. Where it fails, is cut off by the budget, or names evidence that
    is not there, "not_checkable" stays, and the sentence counts as unanswered. Raises BadRequest for a limit of money
    without a price.
    """
    checks = list(verification.checks)
    open_to = [at for at, check in enumerate(checks) if check.verdict == "not_checkable" and check.section in SAYING]
    most = desk.specialist.limits.rounds
    reasons: list[str] = []
    for at in open_to[:most]:
        said = await _votes(checks[at], ledger, desk)
        if isinstance(said, str):
            reasons.append(said)
        elif said:
            checks[at] = _doubted(checks[at])
    reasons += [TOO_MANY] * len(open_to[most:])
    found = verification.model_copy(update={"checks": tuple(checks)})
    return Judged(found, len(open_to[:most]), len(reasons), reasons[0] if reasons else "")


async def judged_report(report: Report, desk: Desk) -> Report:
    """A verified report with the judge's doubts; where it did not answer, the report says so. One that was not verified
    comes back as it is."""
    if report.verification is None:
        return report
    found = await judged(report.verification, Ledger(evidence=report.evidence, images=report.images), desk)
    if not found.unanswered:
        return report.model_copy(update={"verification": found.verification})
    with limits_in(report.language):
        line = limitation("judge_silent", model=desk.model.name, count=found.unanswered, reason=found.why)
    told = report.provenance.model_copy(update={"degraded": (*report.provenance.degraded, DEGRADED)})
    changed = {"verification": found.verification, "limitations": (*report.limitations, line), "provenance": told}
    return report.model_copy(update=changed)


def _doubted(check: Check) -> Check:
    problem = Problem(
        rule="R01", verdict="unsupported", reason="a second model finds nothing in the evidence that says so"
    )
    changed = {"verdict": "unsupported", "problems": (*check.problems, problem), "by": "model"}
    return check.model_copy(update=changed)


async def _votes(check: Check, ledger: Ledger, desk: Desk) -> bool | str:
    """Whether both votes find no support; or why there are no two votes."""
    tools = [item for item in ledger.evidence if item.trust == "tool"]
    known = {item.id for item in ledger.evidence}
    for items in (tools, tools[::-1]):
        try:
            said = await desk.answer(Vote, _question(check, items, desk))
        except ToolFailed as error:
            return error.line()
        if not known.issuperset(said.evidence_ids):
            return UNKNOWN_IDS
        if said.verdict == "supported":
            return False
    return True


def _question(check: Check, items: Sequence[Evidence], desk: Desk) -> list[Message]:
    lines = [evidence_line(item) for item in items]
    given = json.dumps({"sentence": check.text, "evidence": lines}, ensure_ascii=False)
    return desk.opening("Is the sentence supported by the evidence?", given)
