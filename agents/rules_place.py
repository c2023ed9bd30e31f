"""Rules R04 and R05: the side and the place of a finding."""

from __future__ import annotations

from collections.abc import Iterator

from readingroom.agents.agreement import Agreement, side_agreement, sides_of, zone_agreement
from readingroom.agents.case import Case, Judge, backed
from readingroom.agents.matching import Match
from readingroom.agents.place import THIRDS, other_half, third_of
from readingroom.agents.rules_numbers import is_right, printed
from readingroom.domain.check import Problem
from readingroom.domain.evidence import Evidence
from readingroom.domain.terms import Verdict
from readingroom.language.claim import Claim


def r04_laterality(case: Case) -> Iterator[Problem]:
    """The side is not the evidence's, or the evidence knows no side."""
    for found, claim, best in backed(case):
        told = sides_of(best)
        if claim.laterality == "bilateral" and told:
            told = told.union(*(sides_of(item) for item in found.others if item.presence == best.presence))
        agreement = side_agreement(claim, told)
        if agreement == "same":
            if claim.laterality in ("left", "right"):
                yield from _other_side(found, best)
                yield from _other_half(claim, best, case)
            continue
        name = " and ".join(sorted(told, key=("left", "right", "midline").index))
        if agreement == "silent":
            reason = f"says {claim.laterality}; the evidence ({best.id}) names no side"
        elif agreement == "finer":
            reason = f"says {claim.laterality}; the evidence ({best.id}) lies on the {name} only"
        else:
            reason = f"says {claim.laterality}; the evidence ({best.id}) lies on the {name}"
        open_ended = agreement == "silent" or (agreement == "finer" and claim.presence == "absent")
        verdict: Verdict = "unsupported" if open_ended else "contradicted"
        yield Problem(rule="R04", verdict=verdict, reason=reason, evidence=(best.id,), span=claim.span)


def _other_side(found: Match, best: Evidence) -> Iterator[Problem]:
    """A number that was measured on the other side."""
    claim = found.claim
    if not claim.quantities or best.laterality not in ("left", "right"):
        return
    across = [
        item for item in found.others if item.laterality in ("left", "right") and item.laterality != claim.laterality
    ]
    for number in claim.quantities:
        here = any(is_right(number, part) for part in best.measurements)
        there = next((item for item in across if any(is_right(number, part) for part in item.measurements)), None)
        if there is not None and not here:
            reason = f"says {claim.laterality}; {printed(number)} was measured on the {there.laterality} ({there.id})"
            yield Problem(rule="R04", verdict="contradicted", reason=reason, evidence=(there.id,), span=claim.span)


def _other_half(claim: Claim, best: Evidence, case: Case) -> Iterator[Problem]:
    """A region in the half of the image that shows the other side of the patient."""
    if claim.presence != "absent" and other_half(claim.laterality, best, case.ledger.images):
        there = "right" if claim.laterality == "left" else "left"
        reason = (
            f"says {claim.laterality}; the region of {best.id} lies in the half of the image that shows the {there}"
        )
        yield Problem(rule="R04", verdict="contradicted", reason=reason, evidence=(best.id,), span=claim.span)


def r05_location(case: Case) -> Iterator[Problem]:
    """The place is not the evidence's, is finer than it, or the evidence does not localise."""
    for _, claim, best in backed(case):
        if not claim.zone:
            continue
        agreement = zone_agreement(claim, best, case.ledger.words)
        seen = _seen_in(claim, best, case) if claim.presence != "absent" else ""
        if seen:
            agreement = _by_sight(claim, seen, agreement, case)
        if agreement == "same":
            continue
        place, told = claim.zone.replace("_", " "), (best.zone or seen).replace("_", " ")
        if agreement == "silent":
            reason = f"says {place}; the evidence ({best.id}) does not say where"
        elif agreement == "finer":
            reason = f"says {place}; the evidence ({best.id}) says no more than {told}"
        elif seen and zone_agreement(claim, best, case.ledger.words) != "other":
            reason = f"says {place}; the region of {best.id} lies in the {seen}"
        else:
            reason = f"says {place}; the evidence ({best.id}) lies in the {told}"
        verdict: Verdict = "contradicted" if agreement == "other" else "unsupported"
        yield Problem(rule="R05", verdict=verdict, reason=reason, evidence=(best.id,), span=claim.span)


def _seen_in(claim: Claim, best: Evidence, case: Case) -> str:
    """The third of the lung in which the evidence's regions lie, where the claim's place is one of height."""
    if not best.regions or _height(claim.zone, case) is None:
        return ""
    return third_of(best, case.ledger.images.get(best.image_id), case.ledger.exact.get("lung", ()))


def _height(zone: str, case: Case) -> str | None:
    """The zone of the lung that a place lies in: of "upper lobe" the upper zone."""
    names = case.ledger.words.zones.get(zone, frozenset((zone,))) | {f"{zone} zone"}
    return next((third for third in THIRDS if third in names), None)


def _by_sight(claim: Claim, seen: str, told: Agreement, case: Case) -> Agreement:
    """What a region adds to what the evidence says: a zone that it does not name, and a lung's other end always.

    A region shows a zone and no lobe, and lobes reach beyond the zone that they are named for.
    """
    height = _height(claim.zone, case)
    if {height, seen} == {THIRDS[0], THIRDS[2]}:
        return "other"
    if told != "silent":
        return told
    if claim.zone not in (*THIRDS, "base", *(third.removesuffix(" zone") for third in THIRDS)):
        return "finer"
    return "same" if height == seen else "other"


PLACE_RULES: tuple[Judge, ...] = (
    Judge("R04", r04_laterality, frozenset(("sided",))),
    Judge("R05", r05_location, frozenset(("placed",))),
)
