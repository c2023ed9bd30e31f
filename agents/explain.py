"""What a sentence or an evidence of a finished report stands on, told from the report alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

from readingroom.agents.answer import AnswerSentence, Worded, numbered, tell
from readingroom.agents.wish import Wish
from readingroom.agents.writer import structure_of
from readingroom.domain.evidence import Evidence
from readingroom.domain.finding import Finding, Statement
from readingroom.domain.report import Report
from readingroom.language.lexicon import lexicon

ALIKE = 0.6
"""Least likeness (difflib's ratio) at which a quoted sentence is taken for one of the report."""

MOST = 4
"""Sentences of a report that one question explains."""


def explained(wish: Wish, report: Report) -> Worded:
    """Sentences on each thing meant: by id, by its words, by its place in the list, or by what it speaks of."""
    meant, missing = _meant(wish, report)
    rows = {(row.text, row.evidence): row for name in meant[:MOST] for row in _about(name, report)}
    limits = [] if meant else list(_limited(wish, report))
    if not meant and not missing:
        missing = [tell("which", ids=_listed(list(_sentences(report))) or "none")]
    return Worded(numbered([*rows.values(), *limits]), tuple(missing))


def _record(text: str, evidence: tuple[str, ...] = ()) -> AnswerSentence:
    """What the record tells, as it stands there."""
    return AnswerSentence(id="A0", text=text, evidence=evidence, kind="record")


def _limited(wish: Wish, report: Report) -> Iterator[AnswerSentence]:
    """What the report says under its limitations of that which it does not tell."""
    names = [lexicon().name(concept).lower() for concept in wish.findings]
    for limit in report.limitations:
        if any(name in limit.text.lower() for name in names):
            yield _record(tell("limited", text=limit.text))


def _sentences(report: Report) -> dict[str, str]:
    """Every sentence of findings and impression, by id."""
    return {one.id: one.text for one in report.findings} | {one.id: one.text for one in report.impression}


def _meant(wish: Wish, report: Report) -> tuple[list[str], list[str]]:
    """Ids of what is to be explained, and what was named and is not there."""
    known = [*_sentences(report), *(item.id for item in report.evidence)]
    found = [name for name in wish.ids if name in known]
    missing = [
        tell("missing", id=name, ids=_listed([one for one in known if one[0] == name[0]]) or "none")
        for name in wish.ids
        if name not in known
    ]
    for quote in wish.quotes:
        like = _like(quote, report)
        found += [like] if like else []
        missing += [] if like else [tell("no_sentence", ids=_listed(list(_sentences(report))))]
    findings = [one.id for one in report.findings]
    if wish.ordinal and not wish.ids and abs(wish.ordinal) <= len(findings):
        found.append(findings[wish.ordinal - (wish.ordinal > 0)])
    if not (found or missing):
        found = [one.id for one in report.findings if _asked(one, wish)]
        names = [lexicon().name(concept) for concept in wish.findings]
        missing = [tell("told_nowhere", id=_listed(names))] if names and not found else []
    return list(dict.fromkeys(found)), missing


def _like(quote: str, report: Report) -> str | None:
    """The sentence that a quoted one is most like, or that holds it."""
    scored = [(_likeness(quote, text), name) for name, text in _sentences(report).items()]
    best = max(scored, default=(0.0, ""), key=lambda pair: pair[0])
    return best[1] if best[0] >= ALIKE else None


def _likeness(quote: str, text: str) -> float:
    low, held = quote.lower().strip(" ."), text.lower().strip(" .")
    return 1.0 if low == held else 0.99 if low in held else SequenceMatcher(None, low, held, autojunk=False).ratio()


def _asked(finding: Finding, wish: Wish) -> bool:
    words = lexicon()
    return any(part.name in wish.quantities for part in finding.measurements) or any(
        words.is_a(finding.observation, concept) or words.is_a(concept, finding.observation)
        for concept in wish.findings
    )


def evidence_explained(names: Iterable[str], ledger: dict[str, Evidence]) -> tuple[AnswerSentence, ...]:
    """What evidence is and what it was computed from, where there is no report about it."""
    return numbered(row for name in names for row in _of_evidence(ledger[name], ledger))


def _about(name: str, report: Report) -> Iterator[AnswerSentence]:
    ledger = {item.id: item for item in report.evidence}
    finding = next((one for one in report.findings if one.id == name), None)
    statement = next((one for one in report.impression if one.id == name), None)
    if finding:
        yield from _of_finding(finding, report, ledger)
    elif statement:
        yield from _of_statement(statement, report, ledger)
    else:
        yield from _of_evidence(ledger[name], ledger)
        sentences = [one.id for one in report.findings if name in one.evidence]
        told = tell("told_by", id=name, sentences=_listed(sentences)) if sentences else tell("told_nowhere", id=name)
        yield _record(told)


def _of_finding(finding: Finding, report: Report, ledger: dict[str, Evidence]) -> Iterator[AnswerSentence]:
    yield AnswerSentence(id="A0", text=tell("says", id=finding.id, text=finding.text), evidence=finding.evidence)
    for cited in finding.evidence:
        yield from _of_evidence(ledger[cited], ledger)
    yield from _verdict(finding.id, report)


def _of_statement(statement: Statement, report: Report, ledger: dict[str, Evidence]) -> Iterator[AnswerSentence]:
    sources = [one for one in report.findings if one.id in statement.derived_from]
    cites = tuple(dict.fromkeys(cited for one in sources for cited in one.evidence))
    yield AnswerSentence(id="A0", text=tell("says", id=statement.id, text=statement.text), evidence=cites)
    yield _record(tell("inferred", id=statement.id, findings=_listed(list(statement.derived_from))))
    yield from _verdict(statement.id, report)
    for one in sources[:MOST]:
        yield from _of_finding(one, report, ledger)


def _verdict(name: str, report: Report) -> Iterator[AnswerSentence]:
    checks = report.verification.checks if report.verification else ()
    for check in checks:
        if check.target == name:
            reasons = "; ".join(problem.reason for problem in check.problems)
            yield _record(tell("verdict", id=name, verdict=check.verdict.replace("_", " "), reasons=reasons))


def _of_evidence(item: Evidence, ledger: dict[str, Evidence]) -> Iterator[AnswerSentence]:
    methods = dict.fromkeys(part.method for part in item.measurements if not part.name.startswith("prior_"))
    yield _record(
        tell(
            "item",
            id=item.id,
            summary=item.summary.rstrip("."),
            method="; ".join(methods) if len(methods) == 1 else "",
            model=f"{item.origin.model} {item.origin.model_version}".strip(),
            quality="" if item.quality is None else f"{item.quality:.2f}",
            reason=item.quality_reason.rstrip("."),
        ),
        (item.id,),
    )
    sources = [name for name in item.derived_from if name in ledger]
    if sources:
        named = [f"{name} ({_short(ledger[name])})" for name in sources]
        yield _record(tell("computed", id=item.id, sources=_listed(named)), (item.id, *sources))


def _short(item: Evidence) -> str:
    """An outline by its structure, anything else by its summary."""
    return f"outline of the {structure_of(item)}" if item.origin.tool == "segment" else item.summary.rstrip(".")


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""
