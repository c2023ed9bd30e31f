"""A rule that is not asked about a sentence has nothing to say of it."""

from __future__ import annotations

from collections.abc import Iterator

from readingroom.agents.case import Case, Told, bearing, kinship_of, marks_of
from readingroom.agents.ledger import Index, Ledger, index_of
from readingroom.agents.matching import match
from readingroom.agents.verifier import RULES, of_report
from readingroom.domain.report import Report
from readingroom.language.claims import read_claims
from readingroom.verifier_bench.classes import MAKERS
from readingroom.verifier_bench.drafts import draw_draft, report_of, seeded
from readingroom.verifier_bench.phrasebook import phrasebook


def texts() -> Iterator[Report]:
    """Some drafts, and each with every error that can be made in its text or its evidence."""
    for number in range(12):
        draft = draw_draft(phrasebook("tuned"), 3, number)
        report = report_of(draft)
        yield report
        for level in ("text", "evidence"):
            for name, make in MAKERS[level].items():
                mutant = make(draft, report, seeded(3, number, name, level))
                if mutant is not None:
                    yield mutant.report


def told_of(report: Report, index: Index) -> tuple[Told, ...]:
    return tuple(
        Told(one, tuple(match(claim, index, index.closure(one.cites)) for claim in claims))
        for one, claims in read_claims(of_report(report))
    )


def test_rules_not_asked_find_nothing() -> None:
    skipped = found = 0
    for report in texts():
        index = index_of(Ledger(evidence=report.evidence, images=report.images, categories=report.categories))
        text = told_of(report, index)
        by_id, kinship = {told.sentence.id: told for told in text}, kinship_of(text)
        for told in text:
            case = Case(told, text, by_id, index, kinship)
            asked = bearing(RULES, marks_of(case))
            for judge in RULES:
                problems = list(judge.find(case))
                found += bool(problems)
                if judge.find not in asked:
                    skipped += 1
                    assert not problems, (judge.find.__name__, told.sentence.text)
    assert skipped > 10_000
    assert found > 100
