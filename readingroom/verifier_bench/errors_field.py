"""Errors of the fields: one typed field of a finding or a statement differs; sentence and evidence stay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from readingroom.domain.report import Report
from readingroom.domain.terms import Certainty
from readingroom.verifier_bench.drafts import Draft
from readingroom.verifier_bench.errors_text import OTHER_COURSE, OTHER_SIDE
from readingroom.verifier_bench.facts import SEVERITIES, kin
from readingroom.verifier_bench.mutant import (
    Mutant,
    Mutator,
    Place,
    any_of,
    evidence_told,
    findings_told,
    other_number,
    places_of,
    strangers,
    swapped_zone,
    with_finding,
)  # fmt: skip
from readingroom.verifier_bench.phrasebook import Entry
from readingroom.verifier_bench.tools import CURRENT

FIRMER: dict[Certainty, tuple[Certainty, ...]] = {
    "may_represent": ("definite", "most_likely", "likely"), "likely": ("definite", "most_likely"),
}  # fmt: skip
OTHER_UNIT = {"mm": "cm", "1": "mm", "px": "mm", "count": "mm"}

Values = Callable[[Place, Draft, Random], Mapping[str, object] | None]


def _field(fits: Callable[[Place], bool], values: Values) -> Mutator:
    """One field of one finding that fits."""

    def mutate(draft: Draft, report: Report, rng: Random) -> Mutant | None:
        place = any_of((one for one in places_of(draft) if fits(one)), rng)
        fields = values(place, draft, rng) if place else None
        return with_finding(report, rng.choice(place.ids), **fields) if place and fields else None

    return mutate


def _present(place: Place) -> bool:
    return isinstance(place.fact.entry, Entry) and place.fact.presence == "present"


def _denied(place: Place) -> bool:
    return place.fact.presence == "absent"


def _other_concept(place: Place, draft: Draft, rng: Random) -> dict[str, object] | None:
    others = strangers(draft)
    return {"observation": rng.choice(others).observation} if others else None


def _other_side(place: Place, draft: Draft, rng: Random) -> dict[str, object]:
    other = OTHER_SIDE.get(place.fact.side)
    return {"laterality": rng.choice((other, "bilateral")) if other else "midline"}


def _other_zone(place: Place, draft: Draft, rng: Random) -> dict[str, object] | None:
    zone = swapped_zone(place.fact, rng)
    return {"zone": zone} if zone else None


def _other_degree(place: Place, draft: Draft, rng: Random) -> dict[str, object]:
    return {"severity": rng.choice([one for one in SEVERITIES if one != place.fact.severity])}


def _firmer(place: Place, draft: Draft, rng: Random) -> dict[str, object]:
    return {"certainty": rng.choice(FIRMER[place.fact.certainty])}


def number(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """A measurement of a finding has another value."""
    return _measurement(report, rng, lambda part, taken: {
        "value": other_number(part.value, taken, max(part.decimals, 0), rng)})  # fmt: skip


def unit(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """A measurement of a finding has another unit."""
    return _measurement(report, rng, lambda part, taken: {"unit": OTHER_UNIT[part.unit], "spacing_source": "stated"})


def _measurement(report: Report, rng: Random, change: Callable[..., dict[str, object]]) -> Mutant | None:
    measured = [one for one in report.findings if one.measurements]
    if not measured:
        return None
    finding = rng.choice(measured)
    at = rng.randrange(len(finding.measurements))
    part = finding.measurements[at]
    changed = part.model_copy(update=change(part, [one.value for one in finding.measurements]))
    parts = (*finding.measurements[:at], changed, *finding.measurements[at + 1 :])
    return with_finding(report, finding.id, measurements=parts)


def comparison(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """The comparison of a finding tells another course."""
    compared = [one for one in report.findings if one.comparison]
    if not compared:
        return None
    finding = rng.choice(compared)
    told = finding.comparison
    change = OTHER_COURSE[told.change] if told else None
    return with_finding(report, finding.id, comparison=told.model_copy(update={"change": change}) if told else None)


def wrong_image(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """The comparison of a finding names the current image as the earlier one."""
    compared = [one for one in report.findings if one.comparison]
    if not compared:
        return None
    finding = rng.choice(compared)
    told = finding.comparison
    other = told.model_copy(update={"prior_image_id": CURRENT}) if told else None
    return with_finding(report, finding.id, comparison=other)


def foreign_evidence(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """A finding cites evidence of something else."""
    by_id = evidence_told(report)
    finding = rng.choice(report.findings)
    near = {by_id[name].observation for name in finding.evidence}
    others = [item.id for item in report.evidence if not any(kin(item.observation, one) for one in near)
              and item.observation != "image"]  # fmt: skip
    return with_finding(report, finding.id, evidence=(rng.choice(others),)) if others else None


def impression(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """A statement is firmer than its findings, or rests on a finding of something else."""
    if not report.impression:
        return None
    at = rng.randrange(len(report.impression))
    statement = report.impression[at]
    by_id = findings_told(report)
    own = by_id[statement.derived_from[0]]
    others = [one.id for one in report.findings if not kin(one.observation, own.observation)
              and not _shares_evidence(one.evidence, own.evidence)]  # fmt: skip
    if own.certainty in FIRMER and own.presence == "present" and rng.random() < 0.5:
        changed = statement.model_copy(update={"certainty": "definite"})
    elif others:
        changed = statement.model_copy(update={"derived_from": (rng.choice(others),)})
    else:
        return None
    said = (*report.impression[:at], changed, *report.impression[at + 1 :])
    mutated = report.model_copy(update={"impression": said})
    return Mutant(mutated, statement.id, str(statement.derived_from), str(changed.derived_from))


def urgent_left_out(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """A finding that the impression does not mention is urgent."""
    by_id = findings_told(report)
    said = [by_id[name].observation for one in report.impression for name in one.derived_from]
    untold = [one for one in report.findings if one.presence in ("present", "indeterminate") and not one.measurements
              and not any(kin(one.observation, other) for other in said)]  # fmt: skip
    return with_finding(report, rng.choice(untold).id, significance="urgent") if untold else None


def wrong_region(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """A finding on both sides points at the region on one of them."""
    by_id = evidence_told(report)
    places = [one for one in places_of(draft) if one.fact.side == "bilateral" and not one.line.others]
    findings = [findings_told(report)[name] for one in places for name in one.ids]
    both = [one for one in findings if {by_id[name].laterality for name in one.evidence} == {"left", "right"}]
    if not both:
        return None
    finding = rng.choice(both)
    return with_finding(report, finding.id, evidence=(rng.choice(finding.evidence),))


def _shares_evidence(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    return bool(set(first) & set(second))


FIELD_ERRORS: Mapping[str, Mutator] = {
    "false finding": _field(_present, _other_concept),
    "flipped negative": _field(_denied, lambda place, draft, rng: {"presence": "present"}),
    "false negation": _field(_present, lambda place, draft, rng: {"presence": "absent", "severity": None}),
    "laterality": _field(lambda place: _present(place) and place.fact.side in OTHER_SIDE, _other_side),
    "location": _field(lambda place: _present(place) and bool(place.fact.zone), _other_zone),
    "severity": _field(lambda place: _present(place) and place.fact.severity is not None, _other_degree),
    "number": number,
    "unit": unit,
    "comparison": comparison,
    "certainty": _field(lambda place: _present(place) and place.fact.certainty in FIRMER, _firmer),
    "wrong image": wrong_image,
    "someone else's evidence": foreign_evidence,
    "wrong region": wrong_region,
    "impression": impression,
    "urgent left out": urgent_left_out,
    "conflict averaged": _field(
        lambda place: place.fact.conflict,
        lambda place, draft, rng: {"presence": rng.choice(("present", "absent")), "certainty": "definite"},
    ),
}
