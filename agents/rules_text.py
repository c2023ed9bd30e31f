"""Rules R12 and R13: a sentence against the sentences before it."""

from __future__ import annotations

from collections.abc import Iterator

from readingroom.agents.agreement import SIDES
from readingroom.agents.case import Case, Judge, Told
from readingroom.agents.matching import NARROWING, Match
from readingroom.domain.check import Problem
from readingroom.language.claim import GREATER, Claim
from readingroom.language.lexicon import tokens_of
from readingroom.language.negation import UNKNOWN
from readingroom.language.quantities import base_value, dimension
from readingroom.language.sentences import SAYING

FEWEST_WORDS = 3
"""Of a sentence without a claim that counts as said twice: "Stable." may stand under every heading."""


def positive(claim: Claim) -> bool:
    """Whether it says that something is, or may be, there."""
    return claim.presence in ("present", "indeterminate")


def sides_meet(first: Claim, second: Claim) -> bool:
    """Whether two claims can be of the same side."""
    one, two = SIDES[first.laterality], SIDES[second.laterality]
    return not one or not two or bool(one & two)


def _earlier(case: Case) -> Iterator[Told]:
    here = case.sentence.id
    for told in case.text:
        if told.sentence.id == here:
            return
        if told.sentence.section in SAYING:
            yield told


def r12_contradiction(case: Case) -> Iterator[Problem]:
    """Says what an earlier sentence denies, or denies what it says."""
    earlier = _same_named(case)
    for found in case.matches:
        claim = found.claim
        if claim.observation.endswith(GREATER) and claim.laterality == "not_applicable":
            yield Problem(rule="R12", verdict="contradicted", reason="compares a side with itself", span=claim.span)
        if claim.implied:
            continue
        within = next((other.claim for other in _before(found, case) if _opposed(claim, other.claim)), None)
        if within is not None:
            reason = f"says and denies {case.name(claim.observation)} in one sentence"
            yield Problem(rule="R12", verdict="contradicted", reason=reason, span=claim.span)
            continue
        against = next((where for where, other in earlier if _opposed(claim, other)), None)
        if against is not None:
            said = "says" if positive(claim) else "denies"
            reason = f"{said} {case.name(claim.observation)}; {against} says the opposite"
            yield Problem(rule="R12", verdict="contradicted", reason=reason, span=claim.span)


def _same_named(case: Case) -> list[tuple[str, Claim]]:
    """The claims of earlier sentences on what this one names, each with its sentence."""
    here, named = case.sentence.id, {found.claim.observation for found in case.matches}
    earlier: list[tuple[str, Claim]] = []
    for told in case.text:
        where = told.sentence.id
        if where == here:
            break
        earlier += [(where, other.claim) for other in told.matches if other.claim.observation in named]
    return earlier


def _before(found: Match, case: Case) -> tuple[Match, ...]:
    """What this sentence claims before it claims this."""
    return case.matches[: case.matches.index(found)]


def _opposed(first: Claim, second: Claim) -> bool:
    if first.observation != second.observation or first.implied or second.implied:
        return False
    said, denied = (first, second) if positive(first) else (second, first)
    if said.presence != "present" or denied.presence != "absent" or said.certainty != "definite":
        return False
    if (
        denied.scope in NARROWING
        or denied.scope == UNKNOWN
        or denied.change == "resolved"
        or (said.zone != denied.zone and denied.zone)
    ):
        return False
    return sides_meet(said, denied) and not (denied.laterality == "unspecified" and denied.scope == "focal")


def r13_repetition(case: Case) -> Iterator[Problem]:
    """Says again, in the same section, what a sentence before it said: as if there were two of it."""
    if case.sentence.section not in SAYING:
        return
    same = _says_the_same if case.matches else _reads_the_same
    names = {found.claim.observation for found in case.matches}
    for told in _earlier(case):
        if names and not (told.matches and told.matches[0].claim.observation in names):
            continue  # most pairs: they speak of different things
        if told.sentence.section == case.sentence.section and same(case.told, told):
            yield Problem(rule="R13", verdict="unsupported", reason=f"repeats {told.sentence.id} and adds nothing")
            return


def _says_the_same(one: Told, other: Told) -> bool:
    """The same claims, with the same sizes in whatever unit or with fewer of them."""
    if _outline(one) != _outline(other) or _gist(one) != _gist(other):
        return False
    here, before = _sizes(one), _sizes(other)
    return here <= before and bool(here) == bool(before)


def _outline(told: Told) -> frozenset[tuple[str, str, str]]:
    """Enough of what a sentence claims to tell most sentences apart."""
    claims = (found.claim for found in told.matches)
    return frozenset((claim.observation, claim.presence, claim.laterality) for claim in claims)


def _reads_the_same(one: Told, other: Told) -> bool:
    words = _words(one.sentence.text)
    return len(words) >= FEWEST_WORDS and words == _words(other.sentence.text)


def _words(text: str) -> tuple[str, ...]:
    return tokens_of(text.rstrip(" ."))


def _gist(told: Told) -> frozenset[Claim]:
    """What a sentence claims, wherever in the sentence it stands, without numbers."""
    return frozenset(found.claim._replace(span=(0, 0), quantities=()) for found in told.matches)


def _sizes(told: Told) -> frozenset[tuple[str, str, float]]:
    """The numbers of a sentence in base units."""
    numbers = (number for found in told.matches for number in found.claim.quantities)
    return frozenset(
        (number.role, dimension(number.unit), round(base_value(number.value, number.unit), 6)) for number in numbers
    )


TEXT_RULES: tuple[Judge, ...] = (
    Judge("R12", r12_contradiction, frozenset(("opposed",))),
    Judge("R13", r13_repetition, frozenset(("repeated",))),
)
