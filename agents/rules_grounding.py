"""Rules R15 and R16: what a sentence points at, and tools that disagree."""

from __future__ import annotations

from collections.abc import Iterator

from readingroom.agents.agreement import SIDES, sides_of
from readingroom.agents.case import Case, Judge, ids, listed
from readingroom.agents.matching import GROUPS, Match
from readingroom.domain.check import Problem
from readingroom.domain.evidence import Evidence
from readingroom.domain.image import ImageRef
from readingroom.domain.region import Region
from readingroom.imaging.sides import patient_side

SLACK = 1.0
"""Pixels that a box may reach over the image's edge by rounding."""


def r15_grounding(case: Case) -> Iterator[Problem]:
    """Cites evidence that is not there or does not say so, or evidence that points outside its image."""
    yield from _citations(case)
    seen: set[str] = set()
    for found in case.matches:
        if found.stance == "backed" and found.best is not None and found.best.id not in seen:
            seen.add(found.best.id)
            yield from _regions(found.best, case)


def _citations(case: Case) -> Iterator[Problem]:
    cited = [name for name in case.sentence.cites if name.startswith("E")]
    missing = [name for name in cited if name not in case.ledger.by_id]
    if missing:
        yield Problem(
            rule="R15", verdict="unsupported", reason=f"cites {', '.join(missing)}, which is not in the evidence"
        )
    for found in case.matches:
        if found.uncited and found.stance != "nothing":
            name, named = case.name(found.claim.observation), ", ".join(cited)
            reason = f"cites {named}, which says nothing of {name}; {listed(_against(found))} does"
            yield Problem(rule="R15", verdict="unsupported", reason=reason, evidence=found.ids, span=found.claim.span)
    if case.matches and case.sentence.section == "findings":
        idle = [name for name in cited if name in case.ledger.by_id and not _relevant(case.ledger.by_id[name], case)]
        if idle:
            reason = f"cites {', '.join(idle)}, which has nothing to do with what it says"
            yield Problem(rule="R15", verdict="unsupported", reason=reason, evidence=tuple(idle))


def _against(found: Match) -> tuple[Evidence, ...]:
    return (found.best,) if found.best else found.others


def _relevant(item: Evidence, case: Case) -> bool:
    """Whether cited evidence has to do with anything that the sentence says."""
    family = case.ledger.closure((item.id,))
    for found in case.matches:
        name = found.claim.observation
        used = {part.id for part in (found.best, *found.others) if part is not None}
        if family & used or item.id in case.ledger.closure(used):
            return True
        if any(part.name == name for part in item.measurements):
            return True
        if _subjects(item.observation, case) & _subjects(name, case):
            return True
    return False


def _subjects(observation: str, case: Case) -> frozenset[str]:
    """What an observation is about: itself, what it is a kind of, what it measures, and what is said of that."""
    words = case.ledger.words
    concept = words.concepts.get(observation)
    told = set(words.ancestors(observation)) - GROUPS | {observation}
    structure = words.concepts.get(concept.about) if concept and concept.about else concept
    if structure is not None:
        told |= {structure.id, *structure.normal, *(made.lstrip("!") for made in structure.makes.values())}
    return frozenset(told)


def _regions(item: Evidence, case: Case) -> Iterator[Problem]:
    image = case.ledger.images.get(item.image_id)
    if image is None:
        if case.ledger.images:
            reason = f"rests on {item.id}, which speaks of an image that is not in the study"
            yield Problem(rule="R15", verdict="unsupported", reason=reason, evidence=(item.id,))
        return
    for region in item.regions:
        if region.image_id != item.image_id:
            reason = f"rests on {item.id}, whose region lies in another image ({region.image_id})"
        elif not _inside(region, image):
            reason = f"rests on {item.id}, whose region lies outside its image"
        elif _wrong_half(item, region, image):
            reason = f"says {item.laterality}; the region of {item.id} lies in the other half of the image"
        else:
            continue
        yield Problem(rule="R15", verdict="unsupported", reason=reason, evidence=(item.id,))
        return


def _inside(region: Region, image: ImageRef) -> bool:
    x0, y0, x1, y1 = region.box
    xs, ys = sorted((x0, x1)), sorted((y0, y1))
    fits = xs[0] >= -SLACK and xs[1] <= image.columns + SLACK and ys[0] >= -SLACK and ys[1] <= image.rows + SLACK
    return fits and (region.plane is None or 0 <= region.plane < image.depth)


def _wrong_half(item: Evidence, region: Region, image: ImageRef) -> bool:
    """Of a frontal chest radiograph only, where each side of the patient has its half."""
    if (
        image.view not in ("PA", "AP", "frontal")
        or image.anatomy != "chest"
        or image.image_left == "unknown"
        or item.laterality not in ("left", "right")
    ):
        return False
    middle = (region.box[0] + region.box[2]) / 2
    margin = abs(middle - image.columns / 2) > 0.05 * image.columns
    return margin and patient_side(image, middle) != item.laterality


def r16_conflict(case: Case) -> Iterator[Problem]:
    """Two tools disagree, and the sentence takes one side without saying so."""
    for found in case.matches:
        claim = found.claim
        if claim.presence not in ("present", "absent") or claim.certainty not in ("definite", "most_likely", "likely"):
            continue
        told = [
            item
            for item in case.ledger.exact.get(claim.observation, ())
            if item.kind == "tool_output" and _same_side(found, item)
        ]
        present = [item for item in told if item.presence == "present"]
        absent = [item for item in told if item.presence == "absent"]
        clash = [
            (one, two)
            for one in present
            for two in absent
            if _source(one) != _source(two) and one.image_id == two.image_id
        ]
        if clash:
            one, two = clash[0]
            name = case.name(claim.observation)
            reason = f"does not say that the tools disagree: {name} is present in {one.id} and absent in {two.id}"
            yield Problem(rule="R16", verdict="unsupported", reason=reason, evidence=ids((one, two)), span=claim.span)


def _source(item: Evidence) -> tuple[str, str, str]:
    return (item.origin.tool, item.origin.backend, item.origin.model)


def _same_side(found: Match, item: Evidence) -> bool:
    claimed, told = SIDES[found.claim.laterality], sides_of(item)
    return not claimed or not told or bool(claimed & told)


GROUNDING_RULES: tuple[Judge, ...] = (Judge("R15", r15_grounding), Judge("R16", r16_conflict))
