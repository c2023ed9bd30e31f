"""Where the draft points against where it is: RadFact's pixel precision, which a box too small passes, and IoU beside.

Source: Bannur et al. 2024, MAIRA-2, and microsoft/RadFact: a box is right if more than half of the pixels of its union
lie in the union of the other side's, on a mask of 224 x 224. grounding: of boxed findings that are right in words;
spatial: of all boxed ones. What lies on the left is held against what is known of the left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readingroom.agents.agreement import SIDES
from readingroom.domain.image import ImageRef
from readingroom.domain.region import Region
from readingroom.domain.report import Report
from readingroom.errors import BadFile
from readingroom.experiments.case import TrueRegion
from readingroom.experiments.metrics.tally import Tally, counted, tally
from readingroom.imaging.mask_file import decode_mask
from readingroom.language.lexicon import Lexicon

Mask = NDArray[np.bool_]
Masks = Mapping[str, Mask]
"""(rows, columns) by the digest that a region names."""

SIDE = 224
"""RadFact's mask."""
LEAST = 0.5
"""RadFact's pixel precision."""
LARGEST_MASK = 1 << 26
"""Bytes of a mask's file."""


class Place(NamedTuple):
    """Where one thing is said or known to be, in one image."""

    observation: str
    sides: frozenset[str]
    """The patient's; empty where none is told."""
    image: str
    area: Mask
    """(SIDE, SIDE), over the whole image."""


def grounding_scores(report: Report, regions: Sequence[TrueRegion], masks: Masks, words: Lexicon) -> dict[str, Tally]:
    """Findings that are present and point somewhere against the true regions, image by image.

    Raises BadFile for a mask of the reference that cannot be read.
    """
    images = {role: next((one for one in report.images if one.role == role), None) for role in ("current", "prior",
                                                                                            "lateral")}  # fmt: skip
    known = _unions(_known(regions, images))
    said = list(_said(report, masks, words))
    forward = [_held(one, known, words) for one in said]
    back = [_held(one, said, words) for one in known]
    named = [pair for pair in forward if pair is not None]
    found = [pair for pair in back if pair is not None]
    ious = [_iou(*pair) for pair in named]
    return {
        "grounding_precision": counted(map(_inside, named)),
        "grounding_recall": counted(map(_inside, found)),
        "spatial_precision": counted(pair is not None and _inside(pair) for pair in forward),
        "spatial_recall": counted(pair is not None and _inside(pair) for pair in back),
        "pixel_precision": tally(sum(map(_share, named)), len(named)),
        "pixel_recall": tally(sum(_share((there, here)) for here, there in named), len(named)),
        "box_iou": tally(sum(ious), len(ious)),
        "box_iou_30": counted(iou > 0.3 for iou in ious),
        "box_iou_50": counted(iou > 0.5 for iou in ious),
    }


def _known(regions: Iterable[TrueRegion], images: Mapping[str, ImageRef | None]) -> Iterable[Place]:
    for one in regions:
        image = images.get(one.role)
        if image is not None:
            mask = _read(one.mask) if one.mask else None
            yield Place(one.observation, SIDES[one.laterality], image.id, _area(one.box, mask, image))


def _said(report: Report, masks: Masks, words: Lexicon) -> Iterable[Place]:
    """A place for each finding and image: the union of what the evidence of that very thing points to."""
    images = {image.id: image for image in report.images if image.kind != "volume"}
    evidence = {item.id: item for item in report.evidence}
    for finding in report.findings:
        if finding.presence != "present":
            continue
        cited = [evidence[name] for name in finding.evidence]
        regions = [region for item in cited if _alike(item.observation, finding.observation, words)
                   for region in item.regions if region.kind != "line" and region.image_id in images]  # fmt: skip
        places = [Place(finding.observation, SIDES[finding.laterality], one.image_id,
                        _drawn(one, masks, images[one.image_id])) for one in regions]  # fmt: skip
        yield from _unions(places)


def _unions(places: Iterable[Place]) -> list[Place]:
    """One place for each thing, side and image."""
    found: dict[tuple[str, frozenset[str], str], Place] = {}
    for one in places:
        key = (one.observation, one.sides, one.image)
        found[key] = one._replace(area=one.area | found[key].area) if key in found else one
    return list(found.values())


def _held(one: Place, others: Sequence[Place], words: Lexicon) -> tuple[Mask, Mask] | None:
    """Its area, and that of the same thing by the others; None where they do not have it, or on another side."""
    same = [other.area for other in others
            if other.image == one.image and _alike(one.observation, other.observation, words)
            and (not one.sides or not other.sides or one.sides & other.sides)]  # fmt: skip
    return (one.area, np.logical_or.reduce(same)) if same else None


def _alike(one: str, other: str, words: Lexicon) -> bool:
    return words.is_a(one, other) or words.is_a(other, one)


def _share(pair: tuple[Mask, Mask]) -> float:
    """Of the first area's pixels, those in the second; 0 of an area smaller than a pixel."""
    here, there = pair
    return float((here & there).sum() / max(here.sum(), 1))


def _inside(pair: tuple[Mask, Mask]) -> bool:
    return _share(pair) > LEAST


def _iou(here: Mask, there: Mask) -> float:
    return float((here & there).sum() / max((here | there).sum(), 1))


def _drawn(region: Region, masks: Masks, image: ImageRef) -> Mask:
    """A mask where it is at hand, else its bounding box."""
    return _area(region.box, masks.get(region.mask_digest or ""), image)


def _area(box: tuple[float, float, float, float], mask: Mask | None, image: ImageRef) -> Mask:
    """Sampled at the centres of SIDE x SIDE cells that span the image."""
    x = (np.arange(SIDE) + 0.5) * image.columns / SIDE
    y = (np.arange(SIDE) + 0.5) * image.rows / SIDE
    if mask is not None and mask.shape == (image.rows, image.columns):
        return np.asarray(mask[np.ix_(y.astype(np.intp), x.astype(np.intp))], bool)
    x0, y0, x1, y1 = box
    return np.asarray(((y >= y0) & (y < y1))[:, None] & ((x >= x0) & (x < x1)))


def _read(path: str) -> Mask:
    file = Path(path)
    if not file.is_file():
        raise BadFile("a mask of the reference is not there", where=file.name, do="See the paths of the cases.")
    if file.stat().st_size > LARGEST_MASK:
        raise BadFile("a mask of the reference is too large", where=file.name)
    return decode_mask(file.read_bytes())
