"""Where evidence lies: by its fields, else by its own words, else by its boxes and masks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from readingroom.domain.evidence import Evidence
from readingroom.domain.image import ImageRef
from readingroom.domain.region import Region
from readingroom.domain.terms import Laterality
from readingroom.imaging.sides import patient_side
from readingroom.language.claims import claims_of
from readingroom.language.lexicon import Lexicon

FRONTAL = frozenset(("PA", "AP", "frontal"))
SLICES = frozenset(("axial", "coronal"))
TRUNK = frozenset(("chest", "abdomen", "pelvis", "brain", "head"))
"""Body parts whose two sides share an axial or coronal slice, one in each half."""
MARGIN, SLICE_MARGIN = 0.05, 0.15
"""Least distance of a region's centre from the middle, as a share of the columns, at which it has a side: of a frontal
radiograph, and of a slice, whose field of view need not be centred on the patient."""
ACROSS = 0.2
"""A box with so large a share of its width beyond the middle lies on both sides."""
THIRDS = ("upper zone", "middle zone", "lower zone")
"""The zones of a lung on a frontal radiograph, each a third of its height."""


def located(item: Evidence, image: ImageRef | None, words: Lexicon) -> Evidence:
    """The evidence with the side and place that its own words name, and the side in which its regions lie, where its
    fields name none. A structure or a measurement, and what is absent, have no place of their own."""
    known = words.concepts.get(item.observation)
    found = known is None or known.kind in ("finding", "device")
    if not found or item.presence not in ("present", "indeterminate"):
        return item
    told: dict[str, str] = {}
    if item.quote and item.trust == "tool" and not (item.zone and item.laterality != "unspecified"):
        own = [claim for claim in claims_of(item.quote) if claim.observation == item.observation]
        if len(own) == 1:
            told = {"zone": item.zone or own[0].zone}
            if item.laterality == "unspecified":
                told["laterality"] = own[0].laterality
    if told.get("laterality", item.laterality) == "unspecified" and image is not None and image.view in FRONTAL:
        told["laterality"] = side_of_regions(item, image)
    return item.model_copy(update=told) if told else item


def side_of_regions(item: Evidence, image: ImageRef) -> Laterality:
    """The patient's side on which all boxes and masks of evidence lie; "unspecified" where they have none, lie about
    the middle, or the view does not tell sides (a lateral, an image whose left is not known)."""
    sides = [_side_of(region, image) for region in item.regions if region.kind != "line"]
    if not sides or "unspecified" in sides:
        return "unspecified"
    return sides[0] if len(set(sides)) == 1 else "bilateral"


def _side_of(region: Region, image: ImageRef) -> Laterality:
    margin = _margin(image)
    if region.image_id != image.id or margin is None or not -1 <= region.box[0] <= region.box[2] <= image.columns + 1:
        return "unspecified"
    x0, x1, middle = region.box[0], region.box[2], image.columns / 2
    centre = (x0 + x1) / 2
    beyond = min(max(middle - x0, 0), max(x1 - middle, 0)) / (x1 - x0)
    if abs(centre - middle) <= margin * image.columns or beyond >= ACROSS:
        return "unspecified"
    side = patient_side(image, centre)
    return "unspecified" if side == "unknown" else side


def _margin(image: ImageRef) -> float | None:
    """None where halves of the image are not sides of the patient."""
    if image.image_left == "unknown":
        return None
    if image.view in FRONTAL and image.anatomy == "chest":
        return MARGIN
    return SLICE_MARGIN if image.view in SLICES and image.anatomy in TRUNK else None


def other_half(claimed: Laterality, item: Evidence, images: Mapping[str, ImageRef]) -> bool:
    """Whether every region of the evidence lies on the side that was not claimed."""
    image = images.get(item.image_id)
    if claimed not in ("left", "right") or image is None:
        return False
    return side_of_regions(item, image) not in ("unspecified", "bilateral", claimed)


def third_of(item: Evidence, image: ImageRef | None, lungs: Iterable[Evidence]) -> str:
    """The zone of the lung in which the regions' centres lie, from the lungs outlined on the same frontal radiograph;
    empty where there is none, or the regions lie in several zones."""
    if image is None or image.view not in FRONTAL or image.anatomy != "chest":
        return ""
    outlined = [region.box for lung in lungs if lung.image_id == image.id for region in lung.regions
                if region.kind != "line" and region.image_id == image.id]  # fmt: skip
    zones = {_third(region, outlined) for region in item.regions if region.kind != "line"}
    return zones.pop() if len(zones) == 1 else ""


def _third(region: Region, lungs: list[tuple[float, float, float, float]]) -> str:
    x, y = (region.box[0] + region.box[2]) / 2, (region.box[1] + region.box[3]) / 2
    for x0, y0, x1, y1 in lungs:
        if x0 <= x <= x1 and y0 <= y < y1:
            return THIRDS[int(3 * (y - y0) / (y1 - y0))]
    return ""


def overlap(one: Region, other: Region) -> float:
    """Intersection over union of two boxes (of a mask: its bounding box), 0..1."""
    width = min(one.box[2], other.box[2]) - max(one.box[0], other.box[0])
    height = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / (area(one) + area(other) - shared)


def area(region: Region) -> float:
    """Of its box, in square pixels."""
    x0, y0, x1, y1 = region.box
    return (x1 - x0) * (y1 - y0)
