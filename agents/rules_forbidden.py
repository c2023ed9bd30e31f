"""Rule R17: what no draft may hold, whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterator

from readingroom.agents.case import Case, Judge
from readingroom.agents.forbidden_text import FORBIDDEN, stems_of
from readingroom.agents.sentence_rules import FORBIDS
from readingroom.domain.check import Problem
from readingroom.language.lexicon import lexicon
from readingroom.language.scan import scan
from readingroom.language.sentences import SAYING


def r17_forbidden(case: Case) -> Iterator[Problem]:
    """Identifiers, signatures, the word final, treatment, and text that tries to instruct a machine."""
    text = case.sentence.text
    stems = stems_of(text)
    for family in FORBIDDEN:
        match = None if family.stems.isdisjoint(stems) else family.pattern.search(text)
        if match is not None:
            reason = f"holds {family.name}, which a draft may not: {match.group()[:60]!r}"
            yield Problem(rule="R17", verdict="contradicted", reason=reason, span=match.span())
    if case.sentence.section in SAYING:
        yield from _against_template(case)


def _against_template(case: Case) -> Iterator[Problem]:
    """What the template promises to hold none of, by its own words and by the lexicon's for advice."""
    text = case.sentence.text
    for name in case.ledger.forbids:
        told = FORBIDS[name].search(text)
        span = told.span() if told else next(
            ((item.start, item.end) for item in scan(text, lexicon()).items if item.kind == "advice"), None
        )  # fmt: skip
        if span is not None:
            reason = f"holds {name}, which its template forbids: {text[slice(*span)]!r}"
            yield Problem(rule="R17", verdict="unsupported", reason=reason, span=span)


FORBIDDEN_RULES: tuple[Judge, ...] = (Judge("R17", r17_forbidden),)
