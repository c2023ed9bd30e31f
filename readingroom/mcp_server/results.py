"""What each tool gives a host: typed, short, by ids; no pixels, no paths."""

from __future__ import annotations

from typing import Any

from readingroom.agents.answer import Answer
from readingroom.agents.compact import evidence_line
from readingroom.domain.check import Check, Verification
from readingroom.domain.evidence import Evidence
from readingroom.domain.image import ImageRef
from readingroom.domain.report import NOTICE, Report
from readingroom.domain.value import Value
from readingroom.mcp_server.workspace import StudyLine

Line = dict[str, Any]
"""An evidence in one line (agents/compact.py)."""


class Studies(Value):
    """The workspace."""

    studies: tuple[StudyLine, ...]


class Opened(Value):
    """A study that was read."""

    study: str
    subject: str
    images: tuple[ImageRef, ...]
    notes: tuple[str, ...]


class Found(Value):
    """Evidence of one run."""

    run: str
    evidence: tuple[Line, ...]
    limitations: tuple[str, ...]
    pictures: tuple[str, ...]
    """Resources with the outlines drawn on the image."""
    notice: str = NOTICE


class Sentence(Value):
    """One sentence with what the checker says of it."""

    id: str
    section: str
    text: str
    verdict: str
    reasons: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


class Told(Value):
    """Sentences of a draft, an answer or a text that was checked."""

    run: str
    status: str
    sentences: tuple[Sentence, ...]
    omitted: tuple[str, ...] = ()
    """Evidence of something present that no sentence tells."""
    unanswered: tuple[str, ...] = ()
    limitations: tuple[str, ...] = ()
    evidence: tuple[Line, ...] = ()
    pictures: tuple[str, ...] = ()
    notice: str = NOTICE


class Labels(Value):
    """Labels best first."""

    run: str
    label: str
    scores: tuple[Line, ...]
    calibrated: bool
    reason: str
    model: str
    notice: str = NOTICE


class Neighbours(Value):
    """Pictures of the index, nearest first."""

    query: str
    held: int
    model: str
    neighbours: tuple[Line, ...]
    notice: str = NOTICE


def picture_uri(run: str, evidence: str) -> str:
    """Of the resource that shows one evidence on its image."""
    return f"readingroom://runs/{run}/evidence/{evidence}"


def _pictures(run: str, evidence: tuple[Evidence, ...]) -> tuple[str, ...]:
    return tuple(picture_uri(run, item.id) for item in evidence if item.regions)


def found_of(report: Report) -> Found:
    """The evidence of a report that outlined and measured."""
    run = report.provenance.run
    return Found(
        run=run,
        evidence=tuple(evidence_line(item) for item in report.evidence),
        limitations=tuple(limit.text for limit in report.limitations),
        pictures=_pictures(run, report.evidence),
    )


def told_of_report(report: Report) -> Told:
    """A draft, with its verdicts."""
    return Told(
        run=report.provenance.run,
        status=report.status,
        limitations=tuple(limit.text for limit in report.limitations),
        evidence=tuple(evidence_line(item) for item in report.evidence),
        pictures=_pictures(report.provenance.run, report.evidence),
        **_checked(report.verification),
    )


def told_of_answer(answer: Answer) -> Told:
    """An answer: its own sentences, or those of the report that it drafted."""
    if answer.report is not None and answer.plan.aim == "draft":
        return told_of_report(answer.report).model_copy(update={"unanswered": answer.unanswered})
    checks = answer.checks
    sentences = tuple(
        _sentence(checks[one.id], one.evidence)
        if one.id in checks
        else Sentence(id=one.id, section=one.kind, text=one.text, verdict="from the record", evidence=one.evidence)
        for one in answer.sentences
    )
    return Told(
        run=answer.run,
        status=answer.status,
        sentences=sentences,
        unanswered=answer.unanswered,
        limitations=tuple(limit.text for limit in answer.limitations),
        evidence=tuple(evidence_line(item) for item in answer.evidence),
        pictures=_pictures(answer.run, answer.evidence),
    )


def told_of_check(run: str, verification: Verification) -> Told:
    """A text of the host's own."""
    return Told(run=run, status="checked", **_checked(verification))


def _checked(verification: Verification | None) -> dict[str, Any]:
    if verification is None:
        return {"sentences": ()}
    return {
        "sentences": tuple(_sentence(check, check.evidence) for check in verification.checks),
        "omitted": tuple(f"{one.reason} ({', '.join(one.evidence)})" for one in verification.omissions),
    }


def _sentence(check: Check, evidence: tuple[str, ...]) -> Sentence:
    return Sentence(
        id=check.target,
        section=check.section,
        text=check.text,
        verdict=check.verdict,
        reasons=tuple(f"{problem.rule}: {problem.reason}" for problem in check.problems),
        evidence=evidence,
    )
