"""Errors of the evidence: one field of a tool's answer was changed after the report was written from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from random import Random

from readingroom.domain.evidence import Evidence
from readingroom.domain.report import Report
from readingroom.domain.terms import Laterality, Presence
from readingroom.verifier_bench.drafts import SIZE, Draft
from readingroom.verifier_bench.errors_field import FIRMER, OTHER_UNIT
from readingroom.verifier_bench.errors_text import OTHER_COURSE, OTHER_SIDE
from readingroom.verifier_bench.facts import SEVERITIES
from readingroom.verifier_bench.mutant import (
    Mutant,
    Mutator,
    Place,
    evidence_told,
    findings_told,
    other_number,
    places_of,
    strangers,
    swapped_zone,
    with_evidence,
)  # fmt: skip
from readingroom.verifier_bench.phrasebook import Entry
from readingroom.verifier_bench.tools import BOXES, CURRENT, LATERAL, PRIOR, origin

Site = tuple[Place, Evidence]


def _sites(draft: Draft, report: Report, fits: Callable[[Place], bool]) -> list[Site]:
    """Lines that rest on one piece of evidence in the current image, with it."""
    evidence, findings = evidence_told(report), findings_told(report)
    found: list[Site] = []
    for place in places_of(draft):
        main = [evidence[name] for name in findings[place.ids[0]].evidence if evidence[name].image_id == CURRENT]
        if len(main) == 1 and fits(place):
            found.append((place, main[0]))
    return found


def _tampered(
    fits: Callable[[Place], bool], values: Callable[[Site, Draft, Random], Mapping[str, object] | None]
) -> Mutator:
    """One field of the evidence under a line that tells it."""

    def mutate(draft: Draft, report: Report, rng: Random) -> Mutant | None:
        sites = _sites(draft, report, fits)
        if not sites:
            return None
        place, item = rng.choice(sites)
        fields = values((place, item), draft, rng)
        return with_evidence(report, item.id, **fields) if fields else None

    return mutate


def _present(place: Place) -> bool:
    return isinstance(place.fact.entry, Entry) and place.fact.presence == "present"


def _other_concept(site: Site, draft: Draft, rng: Random) -> dict[str, object] | None:
    others = strangers(draft)
    return {"observation": rng.choice(others).observation} if others else None


def _other_side(site: Site, draft: Draft, rng: Random) -> dict[str, object]:
    place, item = site
    side: Laterality = OTHER_SIDE[place.fact.side]
    return {"laterality": side, "regions": tuple(one.model_copy(update={"box": BOXES[side]}) for one in item.regions)}


def _other_zone(site: Site, draft: Draft, rng: Random) -> dict[str, object] | None:
    zone = swapped_zone(site[0].fact, rng)
    return {"zone": zone} if zone else None


def _other_degree(site: Site, draft: Draft, rng: Random) -> dict[str, object]:
    return {"severity": rng.choice([one for one in SEVERITIES if one != site[0].fact.severity])}


def _part(item: Evidence, fields: Mapping[str, object]) -> dict[str, object]:
    first, *rest = item.measurements
    return {"measurements": (first.model_copy(update=dict(fields)), *rest)}


def _other_value(site: Site, draft: Draft, rng: Random) -> dict[str, object]:
    item = site[1]
    first = item.measurements[0]
    taken = [part.value for part in item.measurements]
    return _part(item, {"value": other_number(first.value, taken, max(first.decimals, 0), rng)})


def _other_unit(site: Site, draft: Draft, rng: Random) -> dict[str, object]:
    return _part(site[1], {"unit": OTHER_UNIT[site[1].measurements[0].unit], "spacing_source": "stated"})


def _weaker(site: Site, draft: Draft, rng: Random) -> dict[str, object]:
    """The tool was less sure: a word, or a score that is not calibrated."""
    if rng.random() < 0.5:
        return {"certainty": "may_represent", "score": None, "score_kind": "none", "calibrated": False}
    return {"certainty": None, "score": 0.8, "score_kind": "cosine", "calibrated": False}


def _off_image(site: Site, draft: Draft, rng: Random) -> dict[str, object]:
    """The region lies outside the image, or in the other half of a chest film."""
    place, item = site
    side = OTHER_SIDE.get(place.fact.side)
    far = (SIZE + 20.0, 10.0, SIZE + 90.0, 70.0)
    box = BOXES[side] if side and draft.kind.name == "chest_film" and rng.random() < 0.6 else far
    return {"regions": tuple(one.model_copy(update={"box": box}) for one in item.regions)}


def _other_image(site: Site, draft: Draft, rng: Random) -> dict[str, object]:
    film = draft.kind.name == "chest_film"
    return {"image_id": LATERAL if film and rng.random() < 0.5 else "img-9"}


def omission(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """A tool saw one thing more, which no sentence tells."""
    others = strangers(draft)
    if not others:
        return None
    new = Evidence(
        id="E99", observation=rng.choice(others).observation, presence="present", summary="seen", image_id=CURRENT,
        origin=origin("detector"),
    )  # fmt: skip
    return Mutant(report.model_copy(update={"evidence": (*report.evidence, new)}), "E99", "", new.observation)


def _course(_site: Site, draft: Draft, rng: Random) -> dict[str, object] | None:
    """A change that the tool found since the prior image, where there is one."""
    course = rng.choice(("larger", "smaller", "new"))
    return {"change": course, "prior_image_id": PRIOR} if draft.has_prior else None


def conflict(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """A second tool says the opposite of what a sentence says for certain."""
    sites = [one for one in _sites(draft, report, lambda place: isinstance(place.fact.entry, Entry))
             if one[0].fact.certainty == "definite" and one[0].fact.change is None]  # fmt: skip
    if not sites:
        return None
    place, item = rng.choice(sites)
    opposite: Presence = "absent" if item.presence == "present" else "present"
    second = Evidence(
        id="E99", observation=item.observation, presence=opposite, laterality=item.laterality, summary=opposite,
        image_id=CURRENT, origin=origin("second reader"),
    )  # fmt: skip
    mutated = report.model_copy(update={"evidence": (*report.evidence, second)})
    return Mutant(mutated, place.ids[0], "", f"E99 {opposite}")


def swapped_ids(draft: Draft, report: Report, rng: Random) -> Mutant | None:
    """Two pieces of evidence have each other's id."""
    sites = _sites(draft, report, lambda place: place.fact.presence != "indeterminate" and not place.line.others)
    pairs: Iterable[tuple[Site, Site]] = ((one, two) for one in sites for two in sites
                                          if one[1].observation < two[1].observation)  # fmt: skip
    found = list(pairs)
    if not found:
        return None
    (_, one), (_, two) = rng.choice(found)
    turned = {one.id: two.id, two.id: one.id}
    items = tuple(item.model_copy(update={"id": turned.get(item.id, item.id)}) for item in report.evidence)
    return Mutant(report.model_copy(update={"evidence": items}), one.id, one.id, two.id)


EVIDENCE_ERRORS: Mapping[str, Mutator] = {
    "false finding": _tampered(_present, _other_concept),
    "flipped negative": _tampered(_present, lambda site, draft, rng: {"presence": "absent", "regions": ()}),
    "false negation": _tampered(
        lambda place: place.fact.presence == "absent" and not place.line.others,
        lambda site, draft, rng: {"presence": "present"},
    ),
    "omission": omission,
    "laterality": _tampered(lambda place: "side" in place.tells and place.fact.side in OTHER_SIDE, _other_side),
    "location": _tampered(lambda place: "zone" in place.tells and _present(place), _other_zone),
    "severity": _tampered(lambda place: "severity" in place.tells and _present(place), _other_degree),
    "number": _tampered(lambda place: "size" in place.tells, _other_value),
    "unit": _tampered(lambda place: "size" in place.tells, _other_unit),
    "comparison": _tampered(
        lambda place: place.fact.change in OTHER_COURSE,
        lambda site, draft, rng: {"change": OTHER_COURSE[site[0].fact.change or "new"]},
    ),
    "course left out": _tampered(lambda place: _present(place) and place.fact.change is None, _course),
    "certainty": _tampered(lambda place: _present(place) and place.fact.certainty not in FIRMER, _weaker),
    "wrong image": _tampered(_present, _other_image),
    "wrong region": _tampered(_present, _off_image),
    "someone else's evidence": swapped_ids,
    "conflict averaged": conflict,
}
