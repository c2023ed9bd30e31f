"""Rule R14: the impression says no more than the findings it rests on, and leaves no urgent one out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from readingroom.agents.agreement import FIRMNESS
from readingroom.agents.case import Case, Judge, Told
from readingroom.agents.matching import NARROWING
from readingroom.agents.rules_text import positive, sides_meet
from readingroom.domain.check import Omission, Problem
from readingroom.domain.finding import Finding
from readingroom.language.claim import Claim
from readingroom.language.lexicon import Lexicon

LEANS = re.compile(
    r"\W*(?:it|its|this|these|they|their|those|that|the (?:lesion|finding|abnormality|largest|former|latter|same|"
    r"degree|extent|severity|grade|size)|"
    r"(?:in|by) (?:its|their|size|extent|degree|severity)|extent|size|dimensions?|degree|severity)\b",
    re.IGNORECASE,
)
"""How a sentence begins that goes on about the one before."""


def r14_impression(case: Case) -> Iterator[Problem]:
    """The impression says more than the findings it rests on, or otherwise."""
    if case.sentence.section != "impression":
        return
    named = [case.by_id[name] for name in case.sentence.cites if name in case.by_id]
    strict = bool(named)
    basis = named or [told for told in case.text if told.sentence.section == "findings"]
    claims = [found.claim for told in basis for found in told.matches]
    missing = [name for name in case.sentence.cites if name not in case.by_id and name[:1] in "FI"]
    if missing and any(name[:1] == "F" for name in case.by_id):
        reason = f"rests on {', '.join(missing)}, which the report does not have"
        yield Problem(rule="R14", verdict="unsupported", reason=reason)
    if not claims:
        yield from _rests_elsewhere(case) if strict else ()
        return
    open_to = {found.best.id for told in basis for found in told.matches if found.unread and found.best is not None}
    for found in case.matches:
        if found.unread or (found.best is not None and found.best.id in open_to):
            continue
        problem = _exceeds(found.claim, claims, case, strict)
        if problem is not None:
            yield problem


def _rests_elsewhere(case: Case) -> Iterator[Problem]:
    """Rests on findings that the reader cannot read, while another finding says what it says."""
    for found in case.matches:
        if positive(found.claim) and (elsewhere := _told_elsewhere(found.claim, case)):
            reason = f"says {case.name(found.claim.observation)}; {elsewhere} does, which it does not rest on"
            yield Problem(rule="R14", verdict="unsupported", reason=reason, span=found.claim.span)


def _exceeds(claim: Claim, basis: list[Claim], case: Case, strict: bool) -> Problem | None:
    if claim.presence == "not_assessed":
        return None
    if claim.presence == "absent":
        return _denies(claim, basis, case) if strict and claim.scope not in NARROWING else None
    related = [other for other in basis if _bears_on(other, claim, case)]
    said = [other for other in related if positive(other)]
    if said:
        return _stronger(claim, said, case, strict)
    denials = [other for other in related if other.observation == claim.observation]
    plain = not any(other.scope in NARROWING or other.scope == "focal" for other in related)
    firm = claim.presence == "present" and claim.certainty == "definite"
    drafted = firm and case.ledger.words.reportable(claim.observation) and _uncited_before(case)
    if not strict and not drafted and not (denials and plain and firm):
        return None
    elsewhere = _told_elsewhere(claim, case) if strict and not denials else ""
    reason = f"says {case.name(claim.observation)}; the findings {'deny it' if denials else 'do not mention it'}"
    reason += f" ({elsewhere} does, which it does not rest on)" if elsewhere else ""
    return Problem(rule="R14", verdict="contradicted" if denials else "unsupported", reason=reason, span=claim.span)


def _told_elsewhere(claim: Claim, case: Case) -> str:
    """The finding that says so, where the statement names others."""
    return next(
        (
            told.sentence.id
            for told in case.text
            if told.sentence.section == "findings"
            and any(_bears_on(other.claim, claim, case) and positive(other.claim) for other in told.matches)
        ),
        "",
    )


def _uncited_before(case: Case) -> bool:
    """Whether the sentence rests on evidence that no sentence of the findings rests on."""
    cited = {name for name in case.sentence.cites if name[:1] == "E"}
    told = {name for told in case.text if told.sentence.section == "findings" for name in told.sentence.cites}
    return bool(cited) and not cited & told


def _bears_on(other: Claim, claim: Claim, case: Case) -> bool:
    """Whether a finding speaks of what the impression names: the same, a kind of it, or a measurement of it."""
    words = case.ledger.words
    measured = words.concepts.get(other.observation)
    about = measured.about if measured else ""
    return words.is_a(other.observation, claim.observation) or about == claim.observation


def _denies(claim: Claim, basis: list[Claim], case: Case) -> Problem | None:
    """A denial of what the findings describe."""
    is_a = case.ledger.words.is_a
    same = [other for other in basis if other.observation == claim.observation and sides_meet(claim, other)
            and claim.zone in ("", other.zone)]  # fmt: skip
    agreed = any(other.presence == "absent" and is_a(claim.observation, other.observation) for other in basis)
    if agreed:
        return None
    if not any(other.presence == "present" for other in same):
        return None if _touched(claim, basis, case) else _unfounded(claim, case)
    reason = f"denies {case.name(claim.observation)}; the findings describe it"
    return Problem(rule="R14", verdict="contradicted", reason=reason, span=claim.span)


def _touched(claim: Claim, basis: list[Claim], case: Case) -> bool:
    """Whether the findings speak of what is denied, of a kind of it, or of what it is a kind of."""
    words = case.ledger.words
    return any(
        words.is_a(other.observation, claim.observation)
        or words.is_a(claim.observation, other.observation)
        or _bears_on(other, claim, case)
        for other in basis
    )


def _unfounded(claim: Claim, case: Case) -> Problem:
    """A denial that one of the findings makes, and not one of those it rests on."""
    elsewhere = next(
        (
            told.sentence.id
            for told in case.text
            if told.sentence.section == "findings" and _touched(claim, [found.claim for found in told.matches], case)
        ),
        "",
    )
    name = case.name(claim.observation)
    tail = f" ({elsewhere} does, which it does not rest on)" if elsewhere else ""
    reason = f"says there is no {name}; the findings that it rests on do not mention it{tail}"
    return Problem(rule="R14", verdict="unsupported", reason=reason, span=claim.span)


def _stronger(claim: Claim, said: list[Claim], case: Case, strict: bool) -> Problem | None:
    """Another side than the findings', or firmer or worse than they say."""
    first = said[0]
    if not any(sides_meet(claim, other) for other in said):
        reason = f"says {claim.laterality}; the findings say {first.laterality}"
        return Problem(rule="R14", verdict="contradicted", reason=reason, span=claim.span)
    if strict and all(FIRMNESS[claim.certainty] > FIRMNESS[other.certainty] for other in said):
        reason = f"says {claim.certainty.replace('_', ' ')}; the findings say {first.certainty.replace('_', ' ')}"
        return Problem(rule="R14", verdict="unsupported", reason=reason, span=claim.span)
    if (
        strict
        and claim.severity
        and not any(other.severity == claim.severity for other in (*said, *_leaning(claim, case)))
    ):
        reason = f"says {claim.severity}; the findings say {first.severity or 'no degree'}"
        return Problem(rule="R14", verdict="unsupported", reason=reason, span=claim.span)
    return None


def _leaning(claim: Claim, case: Case) -> Iterator[Claim]:
    """What sentences of the findings that name no subject go on to say of it: "It is severe in extent"."""
    for told in case.text:
        if told.sentence.section == "findings" and LEANS.match(told.sentence.text):
            yield from (found.claim for found in told.matches if found.claim.observation == claim.observation)


def urgent_left_out(findings: Iterable[Finding], text: tuple[Told, ...], words: Lexicon) -> tuple[Omission, ...]:
    """Urgent findings that no sentence of the impression names, or rests on and does not deny."""
    told = [one for one in text if one.sentence.section == "impression"]
    return tuple(
        Omission(
            rule="R14",
            evidence=finding.evidence,
            reason=f"{finding.id} is urgent ({words.name(finding.observation)}); the impression does not say it",
        )
        for finding in findings
        if finding.significance == "urgent" and finding.presence in ("present", "indeterminate")
        and not any(_names(one, finding, words) for one in told)
    )  # fmt: skip


def _names(told: Told, finding: Finding, words: Lexicon) -> bool:
    if finding.id in told.sentence.cites and (not told.matches or any(found.unread for found in told.matches)):
        return True
    claims = [found.claim for found in told.matches if positive(found.claim)]
    return any(
        words.is_a(claim.observation, finding.observation) or words.is_a(finding.observation, claim.observation)
        for claim in claims
    )


IMPRESSION_RULES: tuple[Judge, ...] = (Judge("R14", r14_impression, frozenset(("impression",))),)
