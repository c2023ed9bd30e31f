"""Findings and impression by a model that may only choose, merge and phrase; every sentence is read again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from readingroom.agents.assembling import Basics, assemble, basics, conclude, of_findings
from readingroom.agents.compact import evidence_line
from readingroom.agents.desk import LONGEST_DATA, Desk
from readingroom.agents.idiom import ENGLISH
from readingroom.agents.ledger import Ledger
from readingroom.agents.limitations import limitation
from readingroom.agents.revising import Revised, revised
from readingroom.agents.second_reader import Basis, Line, Reviewed, review
from readingroom.agents.template import ReportTemplate
from readingroom.agents.verifier import verify
from readingroom.domain.evidence import Evidence
from readingroom.domain.finding import Finding, Limitation, Statement
from readingroom.language.sentences import Sentence

TEMPLATE_WRITER = "template writer 1"

APART = "its sentences hold one by one and not together"


@dataclass(frozen=True)
class Written:
    """What writers hand over to the report."""

    findings: tuple[Finding, ...]
    impression: tuple[Statement, ...]
    limitations: tuple[Limitation, ...] = ()
    writer: str = TEMPLATE_WRITER
    degraded: tuple[str, ...] = ()
    """Writers whose model failed; the template wrote instead."""


async def write(
    template: ReportTemplate, ledger: Ledger, findings: Desk | None = None, impression: Desk | None = None
) -> Written:
    """A report's words from its numbered evidence; where there is no desk the template writes.

    A model that fails, or a budget that is used up, never fails the writing: the template's sentences stand, and a
    limitation says so. A template in another language writes itself: what a model says is checked in English. Raises
    BadRequest for a limit of money without a price.
    """
    if template.language != ENGLISH and (findings or impression):
        return replace(await write(template, ledger), limitations=(limitation("wrote_english"),))
    base = basics(template, ledger)
    done, told = base.findings, Revised()
    if findings is not None and base.findings:
        told = await drafted(base, findings)
        assembled = assemble(told.kept, base)
        done = assembled.findings
        told = Revised(told.kept, (*told.left_out, *assembled.dropped), told.failure)
    summed = Revised()
    if impression is not None and done:
        summed = await summed_up(done, base, impression)
    statements = conclude(summed.kept, done, base)
    own = conclude((), base.findings, base)
    if template.language != ENGLISH:
        return Written(done, statements)
    if not _hold(done, statements, ledger) and _hold(base.findings, own, ledger):
        desk = findings or impression
        line = limitation("writer_failed", part="report", reason=APART, kept=False)
        return Written(base.findings, own, (line,), degraded=("findings-writer",) if desk else ())
    pairs = (("findings", findings, told), ("impression", impression, summed))
    return Written(
        findings=done,
        impression=statements,
        limitations=tuple(line for part, desk, one in pairs if desk for line in limits_of(part, desk, one)),
        writer="; ".join([desk.signature for _, desk, one in pairs if desk and one.kept] or [TEMPLATE_WRITER]),
        degraded=tuple(f"{part}-writer" for part, desk, one in pairs if desk and one.failure),
    )


def _hold(findings: Sequence[Finding], statements: Sequence[Statement], ledger: Ledger) -> bool:
    """Whether all of it together passes the verifier: a fragment can mean another thing behind its neighbour."""
    told = [Sentence(id=one.id, section="findings", text=one.text, cites=one.evidence) for one in findings]
    told += [Sentence(id=one.id, section="impression", text=one.text, cites=one.derived_from) for one in statements]
    return verify(told, ledger).clean


async def drafted(base: Basics, desk: Desk) -> Revised:
    """A model's findings: those sentences that hold, and those that had to be left out."""
    known = base.tellable
    basis = Basis(base.ledger, dict(known), plain=base.plain)

    def read(lines: Sequence[Line], kept: Sequence[Line]) -> list[Reviewed]:
        return review(lines, kept, basis)

    opening = desk.opening("Write the findings of this evidence.", evidence_text(known.values()))
    return await revised(desk, opening, read)


async def summed_up(findings: Sequence[Finding], base: Basics, desk: Desk) -> Revised:
    """A model's impression of findings that stand."""
    closing = tuple(one.text for one in base.impression)
    citable = {one.id: one for one in findings}
    basis = Basis(base.ledger, citable, "impression", of_findings(findings), dict.fromkeys(citable, closing))

    def read(lines: Sequence[Line], kept: Sequence[Line]) -> list[Reviewed]:
        return review(lines, kept, basis)

    told = [{"id": one.id, "text": one.text, "significance": one.significance} for one in findings]
    text = json.dumps(told, ensure_ascii=False)
    return await revised(desk, desk.opening("Write the impression of these findings.", text), read)


def evidence_text(items: Iterable[Evidence]) -> str:
    """A ledger as a model may know it, one line an evidence; what is too long is left to the template."""
    lines: list[str] = []
    size = 0
    for item in items:
        line = json.dumps(evidence_line(item), ensure_ascii=False, separators=(",", ":"))
        size += len(line) + 1
        if size > LONGEST_DATA:
            break
        lines.append(line)
    return "\n".join(lines)


def limits_of(part: str, desk: Desk, one: Revised) -> list[Limitation]:
    """What a reader must know of a model's writing: how much was left out and why, and whether it failed."""
    found = []
    if one.left_out:
        rules = sorted({flaw.rule for left in one.left_out for flaw in left.flaws if flaw.rule.startswith("R")})
        found.append(
            limitation("sentences_left_out", count=len(one.left_out), part=part, model=desk.model.name, rules=rules)
        )
    if one.failure:
        found.append(limitation("writer_failed", part=part, reason=one.failure.rstrip("."), kept=bool(one.kept)))
    return found
