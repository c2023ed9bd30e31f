"""The consultant: a question about a finished report is answered from its evidence alone, or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from readingroom.agents.answer import WRITER, AnswerSentence, Worded
from readingroom.agents.assembling import sentences_by
from readingroom.agents.chat_model import Message
from readingroom.agents.desk import Desk
from readingroom.agents.explain import explained
from readingroom.agents.ledger import Ledger
from readingroom.agents.revising import Review, Revised, revised
from readingroom.agents.second_reader import Basis, Line, Reviewed, review
from readingroom.agents.wish import Wish, read_wish
from readingroom.agents.writers import evidence_text
from readingroom.domain.evidence import Evidence
from readingroom.domain.report import Report
from readingroom.language.claims import claims_of
from readingroom.language.lexicon import lexicon
from readingroom.prompts.words import load_words, read_words, render

FILE = "consulting.yaml"
LONGEST_QUESTION = 2_000


class Consulted(NamedTuple):
    """An answer, and what became of the model's writing; a failure means that the rules answered."""

    words: Worded
    revised: Revised = Revised()
    writer: str = WRITER


async def consult(question: str, report: Report, desk: Desk | None = None) -> Consulted:
    """Sentences that each cite evidence of the report and hold against it, and what it says nothing of.

    Where there is no model, or it fails, the rules answer.
    """
    wish = read_wish(question)
    if desk is None:
        return Consulted(explained(wish, report))
    ledger = Ledger(evidence=report.evidence, images=report.images)
    earlier = {image.id for image in report.images if image.role == "prior"}
    known = {one.id: one for one in report.evidence if one.trust == "tool" and one.image_id not in earlier}
    told = await revised(desk, _opening(desk, question, report, known.values()), _reader(report, ledger, known))
    if told.failure and not told.kept:
        return Consulted(explained(wish, report), told)
    sentences = tuple(
        AnswerSentence(id=f"A{number}", text=one.line.text.strip(), evidence=one.line.evidence)
        for number, one in enumerate(told.kept, 1)
    )
    return Consulted(Worded(sentences, tuple(_unsaid(wish, told))), told, desk.signature)


def _opening(desk: Desk, question: str, report: Report, known: Iterable[Evidence]) -> list[Message]:
    findings = [{"id": one.id, "text": one.text, "evidence": one.evidence} for one in report.findings]
    told = "\n".join(json.dumps(one, ensure_ascii=False) for one in findings)
    return desk.opening(f"The question: {question[:LONGEST_QUESTION]}", told, evidence_text(known))


def _reader(report: Report, ledger: Ledger, known: dict[str, Evidence]) -> Review:
    """Findings may be cited for the evidence that they stand on."""
    behind = {one.id: one.evidence for one in report.findings}
    basis = Basis(ledger, dict(known), plain=sentences_by(report.findings))

    def read(lines: Sequence[Line], kept: Sequence[Line]) -> list[Reviewed]:
        cited = [
            line.model_copy(update={"evidence": tuple(
                dict.fromkeys(part for name in line.evidence for part in behind.get(name, (name,)))
            )})
            for line in lines
        ]  # fmt: skip
        return review(cited, kept, basis)

    return read


def _unsaid(wish: Wish, told: Revised) -> Iterable[str]:
    """What was asked after and no sentence speaks of; where nothing was said at all, that."""
    words = lexicon()
    spoken = {claim.observation for one in told.kept for claim in claims_of(one.line.text)}
    missing = [name for name in wish.findings
               if not any(words.is_a(one, name) or words.is_a(name, one) for one in spoken)]  # fmt: skip
    said = load_words(read_words(FILE), FILE)
    if missing:
        names = [words.name(name) for name in missing]
        yield render(said["nothing_of"], FILE, names=names)
    elif not told.kept:
        yield render(said["nothing"], FILE)
    if told.left_out:
        yield render(said["left_out"], FILE, count=len(told.left_out))
