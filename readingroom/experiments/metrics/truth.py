"""What is known of a case, as claims: typed truth where there is any, else what a human's report says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from readingroom.agents.agreement import SIDES
from readingroom.agents.matching import GROUPS
from readingroom.errors import BadRequest
from readingroom.experiments.case import Case, Reference, TrueClaim, TrueNumber
from readingroom.language.claim import Claim
from readingroom.language.claims import read_claims
from readingroom.language.quantities import BASE, Quantity
from readingroom.language.sentences import read_report

EXACT = 4
"""Decimals of a number that is known and not printed."""


class Truth(NamedTuple):
    """Claims that are so."""

    claims: tuple[Claim, ...]
    whole: bool
    """A human's report is taken to name every finding that there is, as RadFact and CheXpert take it; what typed truth
    does not name is not known, and judges nothing."""
    has_prior: bool


def truth_of(case: Case) -> Truth | None:
    """None where the case has neither typed truth nor a report that claims anything."""
    if case.reference is None:
        return None
    typed = bool(case.reference.claims)
    claims = told_by(case.reference)
    return Truth(claims, not typed, bool(case.prior or case.words.get("prior_report"))) if claims else None


def told_by(reference: Reference) -> tuple[Claim, ...]:
    """The claims of typed truth, or else of the text."""
    if reference.claims:
        return tuple(map(_claim, reference.claims))
    return distinct(claim for _, told in read_claims(read_report(reference.text)) for claim in told)


def distinct(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """Each claim once, wherever in the text it stands, without what was not assessed."""
    return tuple({_key(one): one for one in claims if one.presence != "not_assessed"}.values())


def is_general(claim: Claim) -> bool:
    """Whether it is "no acute abnormality" or its like: a summary, no denial of its own."""
    return claim.presence == "absent" and claim.observation in GROUPS


def specific(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """Without general denials."""
    return tuple(claim for claim in claims if not is_general(claim))


def is_positive(claim: Claim) -> bool:
    """Whether it says that something is there, or may be."""
    return claim.presence in ("present", "indeterminate")


def sides(claim: Claim) -> frozenset[str]:
    """The sides it names; empty where it names none."""
    return SIDES[claim.laterality]


def _key(claim: Claim) -> tuple[object, ...]:
    numbers = tuple((number.value, number.unit, number.role) for number in claim.quantities)
    told = (claim.observation, claim.presence, claim.laterality, claim.zone, claim.severity, claim.change)
    return (*told, claim.scope, numbers)


def _claim(true: TrueClaim) -> Claim:
    return Claim(
        observation=true.observation,
        presence=true.presence,
        laterality=true.laterality,
        zone=true.zone,
        severity=true.severity,
        change=true.change,
        comparison=true.change is not None,
        quantities=(_quantity(true.measurement),) if true.measurement else (),
        span=(0, 0),
    )


def _quantity(true: TrueNumber) -> Quantity:
    """Its tolerance stands as its sd."""
    if true.unit not in BASE:
        known = ", ".join(filter(None, BASE))
        raise BadRequest(f"{true.name} has the unit {true.unit!r}", where="reference", do=f"Known are {known}.")
    spread = true.tolerance or None
    return Quantity(value=true.value, unit=true.unit, name=true.name, decimals=EXACT, sd=spread, span=(0, 0))
