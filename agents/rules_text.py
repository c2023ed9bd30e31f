"""Rules R11-R14 and R17: the text as a whole, and what it must not contain."""

from __future__ import annotations

import re
from collections.abc import Iterator

from readingroom.agents.agreement import FIRMNESS, SIDES, sides_of
from readingroom.agents.case import Case, Judge, Told
from readingroom.agents.ledger import Index
from readingroom.agents.matching import GROUPS, NARROWING, Match
from readingroom.domain.check import Omission, Problem
from readingroom.domain.evidence import Evidence
from readingroom.language.claim import GREATER, Claim
from readingroom.language.identifiers import IDENTIFIER
from readingroom.language.negation import UNKNOWN
from readingroom.language.quantities import Quantity
from readingroom.language.sentences import SAYING

FORBIDDEN: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "an instruction to the reader's machine",
        re.compile(
            r"\b(?:ignore|disregard|forget|override)\b.{0,30}\b(?:previous|prior|above|earlier|all|any)\b.{0,20}"
            r"\b(?:instructions?|prompts?|rules?|text|messages?)\b|\bsystem prompt\b|"
            r"\byou are (?:now )?(?:an?|the) (?:ai|assistant|language model|model|system)\b|"
            r"<\s*/?\s*(?:system|script|assistant|user)\b|"
            r"\b(?:mark|report|label|treat) (?:this|the|all|every) (?:study|report|sentences?|findings?|image) as "
            r"(?:normal|supported|verified|clean|final)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "a claim to be final or signed",
        re.compile(
            r"\bfinal report\b|\breport (?:is )?final(?:i[sz]ed)?\b|\belectronically (?:signed|verified|approved)\b|"
            r"\b(?:signed|dictated|approved|attested|verified) (?:electronically )?by\b|\bsign(?:ed)? off\b|"
            r"\battending radiologist\b|\b(?:I|we) have (?:personally )?reviewed\b",
            re.IGNORECASE,
        ),
    ),
    ("an identifier", IDENTIFIER),
    (
        "a treatment",
        re.compile(
            r"\b(?:recommend|advise|suggest|start|begin|initiate|administer|prescribe|give|treat(?:ment)? with|"
            r"consider|continue|requires?|needs?)\b(?:(?!prior|previous|post|old|history|change).){0,40}\b"
            r"(?:antibiotics?|anticoagula\w+|diuretics?|steroids?|chemotherapy|"
            r"thoracentesis|drainage|surgery|surgical (?:consultation|intervention)|biopsy|intubation|heparin|"
            r"furosemide|amoxicillin|therapy|transfusion|medication|treatment)\b|"
            r"\b(?:antibiotics?|anticoagula\w+|diuretics?|steroids?|drainage|surgery|biopsy|therapy|treatment|"
            r"medication)\b.{0,20}\b(?:should|must|is|are) (?:be )?"
            r"(?:given|started|recommended|indicated|advised|continued)\b",
            re.IGNORECASE,
        ),
    ),
)
"""What no draft may hold, whoever wrote it."""


def _positive(claim: Claim) -> bool:
    return claim.presence in ("present", "indeterminate")


def _sides_meet(first: Claim, second: Claim) -> bool:
    one, two = SIDES[first.laterality], SIDES[second.laterality]
    return not one or not two or bool(one & two)


def _earlier(case: Case) -> Iterator[Told]:
    for told in case.text:
        if told.sentence.id == case.sentence.id:
            return
        if told.sentence.section in SAYING:
            yield told


def r12_contradiction(case: Case) -> Iterator[Problem]:
    """Says what an earlier sentence denies, or denies what it says."""
    if case.sentence.section not in SAYING:
        return
    for found in case.matches:
        claim = found.claim
        if claim.observation.endswith(GREATER) and claim.laterality == "not_applicable":
            yield Problem(rule="R12", verdict="contradicted", reason="compares a side with itself", span=claim.span)
        against = next(
            (told.sentence.id for told in _earlier(case) for other in told.matches if _opposed(claim, other.claim)),
            None,
        )
        if against is not None:
            said = "says" if _positive(claim) else "denies"
            reason = f"{said} {case.name(claim.observation)}; {against} says the opposite"
            yield Problem(rule="R12", verdict="contradicted", reason=reason, span=claim.span)


def _opposed(first: Claim, second: Claim) -> bool:
    if first.observation != second.observation or first.implied or second.implied:
        return False
    positive, negative = (first, second) if _positive(first) else (second, first)
    if positive.presence != "present" or negative.presence != "absent" or positive.certainty != "definite":
        return False
    if (
        negative.scope in NARROWING
        or negative.scope == UNKNOWN
        or negative.change == "resolved"
        or (positive.zone != negative.zone and negative.zone)
    ):
        return False
    return _sides_meet(positive, negative) and not (negative.laterality == "unspecified" and negative.scope == "focal")


def r13_repetition(case: Case) -> Iterator[Problem]:
    """Says again, in the same section, what a sentence before it said; it is marked, and stays supported."""
    if case.sentence.section not in SAYING or not case.matches:
        return
    here = _gist(case.told)
    for told in _earlier(case):
        if told.sentence.section == case.sentence.section and here == _gist(told):
            yield Problem(rule="R13", verdict="supported", reason=f"repeats {told.sentence.id}")
            return


def _gist(told: Told) -> frozenset[Claim]:
    """What a sentence claims, wherever in the sentence it stands."""
    return frozenset(
        found.claim.model_copy(update={"span": (0, 0), "quantities": tuple(map(_placeless, found.claim.quantities))})
        for found in told.matches
    )


def _placeless(number: Quantity) -> Quantity:
    return number.model_copy(update={"span": (0, 0)})


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
        return
    for found in case.matches:
        problem = _exceeds(found.claim, claims, case, strict)
        if problem is not None:
            yield problem


def _exceeds(claim: Claim, basis: list[Claim], case: Case, strict: bool) -> Problem | None:
    if claim.presence == "not_assessed":
        return None
    if claim.presence == "absent":
        return _denies(claim, basis, case) if strict and claim.scope not in NARROWING else None
    related = [other for other in basis if _bears_on(other, claim, case)]
    positive = [other for other in related if _positive(other)]
    if positive:
        return _stronger(claim, positive, strict)
    denials = [other for other in related if other.observation == claim.observation]
    plain = not any(other.scope in NARROWING or other.scope == "focal" for other in related)
    firm = claim.presence == "present" and claim.certainty == "definite"
    drafted = firm and case.ledger.words.reportable(claim.observation) and _uncited_before(case)
    if not strict and not drafted and not (denials and plain and firm):
        return None
    reason = f"says {case.name(claim.observation)}; the findings {'deny it' if denials else 'do not mention it'}"
    return Problem(rule="R14", verdict="contradicted" if denials else "unsupported", reason=reason, span=claim.span)


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
    same = [other for other in basis if other.observation == claim.observation and _sides_meet(claim, other)]
    agreed = any(other.presence == "absent" and is_a(claim.observation, other.observation) for other in basis)
    if agreed or not any(other.presence == "present" for other in same):
        return None
    reason = f"denies {case.name(claim.observation)}; the findings describe it"
    return Problem(rule="R14", verdict="contradicted", reason=reason, span=claim.span)


def _stronger(claim: Claim, positive: list[Claim], strict: bool) -> Problem | None:
    """Another side than the findings', or firmer or worse than they say."""
    first = positive[0]
    if not any(_sides_meet(claim, other) for other in positive):
        reason = f"says {claim.laterality}; the findings say {first.laterality}"
        return Problem(rule="R14", verdict="contradicted", reason=reason, span=claim.span)
    if strict and all(FIRMNESS[claim.certainty] > FIRMNESS[other.certainty] for other in positive):
        reason = f"says {claim.certainty.replace('_', ' ')}; the findings say {first.certainty.replace('_', ' ')}"
        return Problem(rule="R14", verdict="unsupported", reason=reason, span=claim.span)
    if strict and claim.severity and not any(other.severity == claim.severity for other in positive):
        reason = f"says {claim.severity}; the findings say {first.severity or 'no degree'}"
        return Problem(rule="R14", verdict="unsupported", reason=reason, span=claim.span)
    return None


def r17_forbidden(case: Case) -> Iterator[Problem]:
    """Identifiers, signatures, the word final, treatment, and text that tries to instruct a machine."""
    for what, pattern in FORBIDDEN:
        match = pattern.search(case.sentence.text)
        if match is not None:
            reason = f"holds {what}, which a draft may not: {match.group()[:60]!r}"
            yield Problem(rule="R17", verdict="contradicted", reason=reason, span=match.span())


def omissions(text: tuple[Told, ...], problems: frozenset[str], index: Index) -> tuple[Omission, ...]:
    """R11: trusted evidence of a finding or a device in a current image that no sentence speaks of.

    `problems`: evidence that some problem already names; saying it wrongly is not leaving it out.
    """
    claims = [found.claim for told in text if told.sentence.section in SAYING for found in told.matches]
    used = {item.id for told in text for found in told.matches for item in _spoken_of(found)}
    left: list[Omission] = []
    for items in index.exact.values():
        for item in items:
            if (
                item.presence != "present"
                or item.id in used
                or item.id in problems
                or not index.words.reportable(item.observation)
            ):
                continue
            if not any(_tells(claim, item, index) for claim in claims):
                side = f" on the {item.laterality}" if item.laterality in ("left", "right") else ""
                reason = (
                    f"{index.words.name(item.observation)}{side} is in the evidence ({item.id}); no sentence tells it"
                )
                left.append(Omission(evidence=(item.id,), reason=reason))
    return tuple(sorted(left, key=lambda one: one.evidence))


def _spoken_of(found: Match) -> tuple[Evidence, ...]:
    """Evidence that a claim stands on or denies."""
    if found.best is not None:
        return (found.best,)
    return found.others if found.stance in ("denied", "doubted") else ()


def _tells(claim: Claim, item: Evidence, index: Index) -> bool:
    if not _positive(claim):
        return False
    words = index.words
    same = claim.observation == item.observation or words.is_a(claim.observation, item.observation)
    if not same and (claim.observation in GROUPS or not words.is_a(item.observation, claim.observation)):
        return False
    told, sides = SIDES[claim.laterality], sides_of(item)
    if told and sides and not told & sides:
        return False
    if not claim.zone or not item.zone:
        return True
    zone, place = claim.zone, words.place(item.zone)
    return (
        zone == place
        or zone in words.zones.get(place, ())
        or place in words.zones.get(zone, ())
        or zone in words.qualifiers
    )


TEXT_RULES: tuple[Judge, ...] = (
    Judge("R12", r12_contradiction), Judge("R13", r13_repetition), Judge("R14", r14_impression),
    Judge("R17", r17_forbidden),
)  # fmt: skip
