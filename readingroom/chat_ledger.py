"""What evidence of a chat stands on, told from the chat alone: no tool runs, and no report is needed."""

from __future__ import annotations

from readingroom.agents.answer import Answer, checked, tell
from readingroom.agents.explain import evidence_explained
from readingroom.agents.rule_planner import NAME
from readingroom.agents.wish import read_wish, words
from readingroom.chat_course import Course
from readingroom.domain.plan import Plan


def from_the_ledger(question: str, course: Course) -> Answer | None:
    """The answer where a question names evidence of the chat alone; None where it needs the report, or tools."""
    wish, ledger, report = read_wish(question), course.ledger, course.drafted
    in_report = {item.id for item in report.evidence} if report else set()
    ours = [name for name in wish.ids if name.startswith("E")]
    if not ours or len(ours) < len(wish.ids) or set(ours) <= in_report or set(wish.aims) - {"explain"}:
        return None
    sentences = evidence_explained([name for name in ours if name in ledger], ledger)
    images, evidence = course.source.asked.images, tuple(ledger.values())
    there = ", ".join(ledger) or "none"
    return Answer(
        run="",
        status="answered" if sentences else "nothing",
        subject=course.source.subject,
        question=question,
        plan=Plan(question=question, aim="explain", planner=f"{NAME} {words().version}"),
        sentences=sentences,
        unanswered=tuple(tell("missing", id=name, ids=there) for name in ours if name not in ledger),
        images=images,
        evidence=evidence,
        verification=checked(sentences, evidence, images, whole=False),
    )
