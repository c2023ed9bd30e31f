"""The verifier: every sentence read again as text and held against the evidence, the same way every time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cache

from readingroom.agents.case import DISPUTED, Case, Judge, Told, bearing, kinship_of, listed, marks_of
from readingroom.agents.fields import field_problems
from readingroom.agents.ledger import Index, Ledger, index_of
from readingroom.agents.matching import Match, match
from readingroom.agents.rules_category import CATEGORY_RULES, holds_category
from readingroom.agents.rules_claims import CLAIM_RULES
from readingroom.agents.rules_conflict import CONFLICT_RULES, left_open
from readingroom.agents.rules_forbidden import FORBIDDEN_RULES
from readingroom.agents.rules_grounding import GROUNDING_RULES
from readingroom.agents.rules_impression import IMPRESSION_RULES, urgent_left_out
from readingroom.agents.rules_omission import omissions
from readingroom.agents.rules_text import TEXT_RULES
from readingroom.agents.unread import with_unread
from readingroom.domain.check import Check, Problem, Rule, Verification
from readingroom.domain.report import Report
from readingroom.domain.terms import Section, Verdict
from readingroom.language.claims import read_claims
from readingroom.language.sentences import SAYING, Sentence, split_sentences

__all__ = ["ALL", "RULES", "Ledger", "of_report", "verify", "verify_report", "worse"]

RULES: tuple[Judge, ...] = tuple(
    sorted(
        (
            *CLAIM_RULES,
            *TEXT_RULES,
            *IMPRESSION_RULES,
            *GROUNDING_RULES,
            *(judge._replace(needs=DISPUTED) for judge in CONFLICT_RULES),
            *FORBIDDEN_RULES,
            *CATEGORY_RULES,
        ),
        key=lambda judge: judge.rule,
    )
)
"""Every rule on a sentence; R11, on what no sentence says, is `omissions`."""

ALL: frozenset[Rule] = frozenset((*(judge.rule for judge in RULES), "R11"))

RANK: dict[Verdict, int] = {"supported": 0, "not_checkable": 1, "unsupported": 2, "contradicted": 3}

ALIKE = 0.6
"""Least similarity (difflib's ratio) at which two sentences are taken for versions of one another."""


def verify(sentences: Sequence[Sentence], ledger: Ledger, *, rules: frozenset[Rule] = ALL) -> Verification:
    """Hold each sentence against the ledger.

    Findings and impression are checked by all rules; indication, technique and comparison only for comparisons with
    nothing (R08) and forbidden text (R17). A sentence in which the lexicon finds no claim is "not_checkable".
    `rules` leaves rules out, for measuring what each of them catches.
    """
    index = index_of(ledger)
    return _judged(tuple(_read(sentences, index)), index, rules, {})


def verify_report(report: Report, ledger: Ledger | None = None, *, rules: frozenset[Rule] = ALL) -> Verification:
    """Hold a report against its own evidence, or another ledger: every sentence as `verify` does, and every field of
    findings and statements against the evidence they cite and against their own sentence; and its categories."""
    given = ledger or Ledger(evidence=report.evidence, images=report.images)
    index = index_of(given.model_copy(update={"categories": report.categories}))
    text = tuple(_read(of_report(report), index))
    found = _judged(text, index, rules, field_problems(report, text, index))
    urgent = urgent_left_out(report.findings, text, index.words) if "R14" in rules else ()
    return found.model_copy(update={"omissions": (*found.omissions, *urgent)})


def _judged(
    text: tuple[Told, ...], index: Index, rules: frozenset[Rule], fields: Mapping[str, tuple[Problem, ...]]
) -> Verification:
    by_id, kinship = {told.sentence.id: told for told in text}, kinship_of(text)
    cases = [Case(told, text, by_id, index, kinship) for told in text]
    checks = tuple([_check(case, rules, fields.get(case.sentence.id, ())) for case in cases])
    named = frozenset(name for check in checks for problem in check.problems for name in problem.evidence)
    saying = [told for told in text if told.sentence.section in SAYING]
    covered = sum(any(not found.unread for found in told.matches) for told in saying)
    return Verification(
        checks=checks,
        omissions=omissions(text, named, index) if "R11" in rules else (),
        coverage=covered / len(saying) if saying else 1.0,
    )


def _read(sentences: Sequence[Sentence], index: Index) -> Iterator[Told]:
    cites = {sentence.id: sentence.cites for sentence in sentences}
    for sentence, claims in read_claims(sentences):
        cited = index.closure([name for name in sentence.cites if name.startswith("E")])
        told = left_open(sentence.text, claims, index) if index.disputed else claims
        matches = tuple([match(claim, index, cited) for claim in told])
        if any(found.stance == "nothing" for found in matches):
            beneath = (name for one in sentence.cites for name in (one, *cites.get(one, ())))
            matches = with_unread(sentence, matches, beneath, index)
        yield Told(sentence, matches)


@cache
def _finders(rules: frozenset[Rule], marks: frozenset[str]) -> tuple[Callable[[Case], Iterable[Problem]], ...]:
    return bearing((judge for judge in RULES if judge.rule in rules), marks)


def _check(case: Case, rules: frozenset[Rule], fields: tuple[Problem, ...]) -> Check:
    """The verdict on a sentence; what its fields repeat of it is told once."""
    sentence, matches = case.told
    problems = [problem for find in _finders(rules, marks_of(case)) for problem in find(case)]
    if fields:
        said = {problem.rule for problem in problems}
        problems += [problem for problem in fields if problem.rule in rules and problem.rule not in said]
    if "R01" in rules:
        problems += [_half_read(case, found) for found in matches if found.unread]
    verdict: Verdict = "supported" if matches or holds_category(case) else "not_checkable"
    backing = tuple(dict.fromkeys([found.best.id for found in matches if found.stance == "backed" and found.best]))
    return Check(
        target=sentence.id,
        section=sentence.section,
        text=sentence.text,
        verdict=max((verdict, *(problem.verdict for problem in problems)), key=RANK.__getitem__),
        problems=tuple(dict.fromkeys(problems)),
        evidence=backing,
        claims=len(matches),
    )


def _half_read(case: Case, found: Match) -> Problem:
    """Why a sentence cannot be checked whole."""
    name, best = case.name(found.claim.observation), listed(() if found.best is None else (found.best,))
    reason = f"says {name}, which may mean {best}; the lexicon does not have all of its words"
    return Problem(rule="R01", verdict="not_checkable", reason=reason, evidence=found.ids, span=found.claim.span)


def of_report(report: Report) -> tuple[Sentence, ...]:
    """A report's sentences with what they say they stand on; its other fields are `verify_report`'s."""
    parts: tuple[tuple[Section, str], ...] = (
        ("indication", report.indication or ""),
        ("technique", report.technique or ""),
        ("comparison", report.comparison),
    )
    heads = (
        Sentence(id=f"{section}.{number}", section=section, text=piece)
        for section, text in parts
        for number, piece in enumerate(split_sentences(text), 1)
    )
    found = (Sentence(id=one.id, section="findings", text=one.text, cites=one.evidence) for one in report.findings)
    said = (
        Sentence(id=one.id, section="impression", text=one.text, cites=one.derived_from) for one in report.impression
    )
    return (*heads, *found, *said)


def worse(before: Verification, after: Verification) -> tuple[Check, ...]:
    """The checks of `after` that are worse than before, and one for each omission that is new.

    Sentences are paired by id where the text under it is alike, else by likeness of their text. Worse is a worse
    verdict or a problem by a rule that did not speak before; a sentence new in `after` is worse if it is not supported.
    """
    paired = _paired(before, after)
    found = [check for check in after.checks if _is_worse(paired.get(id(check)), check)]
    known = {item for omission in before.omissions for item in omission.evidence}
    for omission in after.omissions:
        if not set(omission.evidence) <= known:
            gone = Problem(rule="R11", verdict="unsupported", reason=omission.reason, evidence=omission.evidence)
            found.append(
                Check(
                    target=_told_by(before, omission.evidence),
                    section="findings",
                    text="",
                    verdict="unsupported",
                    problems=(gone,),
                )
            )
    return tuple(found)


def _told_by(before: Verification, evidence: tuple[str, ...]) -> str:
    """The sentence that used to tell the evidence, else the evidence itself."""
    return next((check.target for check in before.checks if set(evidence) & set(check.evidence)), ", ".join(evidence))


def _is_worse(old: Check | None, new: Check) -> bool:
    if old is None:
        return RANK[new.verdict] >= RANK["unsupported"] or bool(new.problems)
    if RANK[new.verdict] > RANK[old.verdict] and RANK[new.verdict] >= RANK["unsupported"]:
        return True
    known = {(problem.rule, problem.reason) for problem in old.problems}
    rules = {problem.rule for problem in old.problems}
    return any(
        problem.rule not in rules or ((problem.rule, problem.reason) not in known and old.text != new.text)
        for problem in new.problems
    )


def _paired(before: Verification, after: Verification) -> dict[int, Check]:
    pairs: dict[int, Check] = {}
    taken: set[int] = set()
    by_text: dict[tuple[str, str], list[Check]] = {}
    for old in before.checks:
        by_text.setdefault((old.section, old.text), []).append(old)
    for check in after.checks:
        same = [old for old in by_text.get((check.section, check.text), ()) if id(old) not in taken]
        if same:
            pairs[id(check)] = same[0]
            taken.add(id(same[0]))
    for check in after.checks:
        if id(check) in pairs:
            continue
        rest = [old for old in before.checks if id(old) not in taken and old.section == check.section]
        scored = [(_likeness(old, check), old) for old in rest]
        best = max(scored, key=lambda pair: pair[0], default=None)
        if best is not None and best[0] >= ALIKE:
            pairs[id(check)] = best[1]
            taken.add(id(best[1]))
    return pairs


def _likeness(old: Check, new: Check) -> float:
    ratio = SequenceMatcher(None, old.text.lower(), new.text.lower(), autojunk=False).ratio()
    return ratio + 0.2 if old.target == new.target else ratio
