"""Rule R15: what a sentence points at."""

from __future__ import annotations

import re
from collections.abc import Iterator

from readingroom.agents.agreement import sides_of
from readingroom.agents.case import Case, Judge, backed, ids, listed
from readingroom.agents.matching import GROUPS, Match
from readingroom.agents.place import FRONTAL, area, other_half, overlap
from readingroom.agents.unread import strange_words
from readingroom.domain.check import Problem
from readingroom.domain.evidence import Evidence
from readingroom.domain.image import ImageRef
from readingroom.domain.region import Region
from readingroom.domain.terms import Verdict

SLACK = 1.0
"""Pixels that a box may reach over the image's edge by rounding."""
FOCAL = frozenset(("nodule", "mass", "cavity", "cyst", "fracture", "calcification"))
"""What is one thing in one place, with all that is a kind of it."""
WIDE = 0.6
"""Share of the image beyond which a box no longer says where a focal thing is."""
LEAST_OVERLAP = 0.1
"""Least intersection over union of a box and the bounding box of an outline of the same thing."""
VIEW = re.compile(
    r"\bon the (?P<view>lateral|frontal|PA|AP)(?: (?:view|radiograph|film|projection|image))\b", re.IGNORECASE
)


def r15_grounding(case: Case) -> Iterator[Problem]:
    """Cites evidence that is not there or does not say so, or evidence that points outside its image."""
    yield from _citations(case)
    seen: set[str] = set()
    for found in case.matches:
        if found.stance == "backed" and found.best is not None and found.best.id not in seen:
            seen.add(found.best.id)
            yield from _regions(found, found.best, case)
    yield from _views(case)


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
            says = "does not say so" if _speaks(cited, found, case) else f"says nothing of {name}"
            reason = f"cites {named}, which {says}; {listed(_against(found))} does"
            yield Problem(rule="R15", verdict="unsupported", reason=reason, evidence=found.ids, span=found.claim.span)
    if case.matches and case.sentence.section == "findings":
        used = {item.id for found in case.matches for item in (found.best, *found.others) if item is not None}
        rest = [name for name in cited if name not in used and name in case.ledger.by_id]
        idle = [name for name in rest if not _relevant(case.ledger.by_id[name], case)]
        if idle:
            named = ", ".join(idle)
            if strange := strange_words(case.sentence.text, case.ledger):
                reason = f"cites {named}; whether it speaks of that is open: {strange[0]!r} is not in the lexicon"
            else:
                reason = f"cites {named}, which has nothing to do with what it says"
            verdict: Verdict = "not_checkable" if strange else "unsupported"
            yield Problem(rule="R15", verdict=verdict, reason=reason, evidence=tuple(idle))


def _speaks(cited: list[str], found: Match, case: Case) -> bool:
    """Whether anything cited is of the same observation."""
    words, name = case.ledger.words, found.claim.observation
    return any(
        words.is_a(case.ledger.by_id[one].observation, name) or words.is_a(name, case.ledger.by_id[one].observation)
        for one in case.ledger.closure(cited)
    )


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


def _regions(found: Match, item: Evidence, case: Case) -> Iterator[Problem]:
    image = case.ledger.images.get(item.image_id)
    if image is None:
        if case.ledger.images:
            reason = f"rests on {item.id}, which speaks of an image that is not in the study"
            yield Problem(rule="R15", verdict="unsupported", reason=reason, evidence=(item.id,))
        return
    for region in item.regions:
        if region.frame != "source_pixels":
            reason = f"rests on {item.id}, whose region is not in the pixels of its image but in {region.frame}"
        elif region.image_id != item.image_id:
            reason = f"rests on {item.id}, whose region lies in another image ({region.image_id})"
        elif not _inside(region, image):
            reason = f"rests on {item.id}, whose region lies outside its image"
        elif _too_wide(item, region, image, case):
            share = f"{area(region) / (image.rows * image.columns):.0%}".replace("%", " %")
            reason = f"rests on {item.id}, whose box for a {case.name(item.observation)} covers {share} of the image"
        else:
            continue
        yield Problem(rule="R15", verdict="unsupported", reason=reason, evidence=(item.id,))
        return
    yield from _disagreement(found, item, image, case)


def _too_wide(item: Evidence, region: Region, image: ImageRef, case: Case) -> bool:
    """A box that points at nothing: more than 60 % of a whole body part's image, for one focal thing."""
    focal = bool(case.ledger.words.ancestors(item.observation) & FOCAL)
    whole = image.modality in ("x_ray", "ct", "mr", "mammography")
    return region.kind != "line" and focal and whole and area(region) > WIDE * image.rows * image.columns


def _disagreement(found: Match, item: Evidence, image: ImageRef, case: Case) -> Iterator[Problem]:
    """A side that is not its region's, and a box that no outline of the same thing meets."""
    if found.claim.laterality not in ("left", "right") and other_half(item.laterality, item, case.ledger.images):
        reason = (
            f"rests on {item.id}, which says {item.laterality} while its region lies in the other half of the image"
        )
        yield Problem(rule="R15", verdict="unsupported", reason=reason, evidence=(item.id,))
    boxes = [region for region in item.regions if region.kind == "box"]
    if not boxes:
        return
    masked = [
        other
        for other in case.ledger.exact.get(item.observation, ())
        if other.image_id == image.id
        and not (sides_of(other) and sides_of(item) and not sides_of(other) & sides_of(item))
    ]
    masks = [(other, region) for other in masked for region in other.regions if region.kind == "mask"]
    masks = [(other, region) for other, region in masks if all(_same_plane(region, box) for box in boxes)]
    if masks and all(overlap(box, region) < LEAST_OVERLAP for box in boxes for _, region in masks):
        other = masks[0][0]
        where = "its own outline" if other.id == item.id else f"the outline of {other.id}"
        reason = f"rests on {item.id}, whose box does not meet {where} of the same {case.name(item.observation)}"
        yield Problem(rule="R15", verdict="unsupported", reason=reason, evidence=ids((item, other)))


def _same_plane(one: Region, other: Region) -> bool:
    return one.plane is None or other.plane is None or one.plane == other.plane


def _views(case: Case) -> Iterator[Problem]:
    """A view that the sentence names, and on which what it tells was not seen."""
    match = VIEW.search(case.sentence.text) if "n the " in case.sentence.text.lower() else None
    if match is None:
        return
    named = frozenset(("lateral",)) if match["view"].lower() == "lateral" else FRONTAL
    for found, claim, best in backed(case):
        seen = [item for item in (best, *found.others) if item.kind == "tool_output"]
        views = {case.ledger.images[item.image_id].view for item in seen if item.image_id in case.ledger.images}
        if views and "unknown" not in views and not views & named:
            reason = (
                f"says {match.group()}; the evidence ({best.id}) was seen on the {' and '.join(sorted(views))} view"
            )
            yield Problem(rule="R15", verdict="unsupported", reason=reason, evidence=(best.id,), span=claim.span)
            return


def _inside(region: Region, image: ImageRef) -> bool:
    x0, y0, x1, y1 = region.box
    xs, ys = sorted((x0, x1)), sorted((y0, y1))
    fits = xs[0] >= -SLACK and xs[1] <= image.columns + SLACK and ys[0] >= -SLACK and ys[1] <= image.rows + SLACK
    return fits and (region.plane is None or 0 <= region.plane < image.depth)


GROUNDING_RULES: tuple[Judge, ...] = (Judge("R15", r15_grounding, frozenset(("claims", "cites"))),)
