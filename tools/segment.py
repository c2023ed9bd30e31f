"""Tool: outline named structures in one image."""

from __future__ import annotations

from dataclasses import replace

from readingroom.domain.evidence import Evidence
from readingroom.domain.region import Region
from readingroom.domain.terms import Presence
from readingroom.domain.value import Value
from readingroom.imaging.geometry import region_of_mask
from readingroom.imaging.image import Image
from readingroom.imaging.sides import side_of_mask
from readingroom.tools.backends.protocol import ASSESSABLE, Segmented
from readingroom.tools.target import target_of
from readingroom.tools.tool import Answer, Bench, Result, Tool


class SegmentRequest(Value):
    """Outline structures in one image, by name. Sides are the patient's: "right lung" lies at the left of a frontal
    film. Ask only for what the image can show; a target that no model here serves is refused by name."""

    image: str
    """The id of an image of this study."""
    targets: tuple[str, ...] = ()
    """Names such as "right lung", "heart", "lesion"; empty: all that is served unasked for such an image."""


class Outline(Value):
    """One target found."""

    target: str
    mask: str
    """Digest of the mask in the store."""
    quality: float
    """0..1; below 0.5 the target is not assessable and nothing may be said of it."""
    assessable: bool
    absent: bool = False
    """Looked for and not there; the mask is empty."""
    reason: str
    caveat: str
    boundary_sd: float | None
    """Standard deviation of the outline's position in source pixels, where it was measured."""
    evidence: str
    """Id of the evidence that carries it."""


class SegmentResult(Result):
    """One outline a target, in the order asked."""

    image: str
    outlines: tuple[Outline, ...]


def regions_of(image: Image, found: Segmented, digest: str) -> tuple[Region, ...]:
    """Where a mask lies, in source pixels; empty where it is empty."""
    if not found.mask.any():
        return ()
    return (region_of_mask(found.mask, image_id=image.ref.id, digest=digest, label=found.target),)


def _on_its_side(image: Image, found: Segmented) -> Segmented:
    """A side named must be the side it lies on: a model that mixes them up is not believed."""
    named = target_of(found.target).laterality
    if named not in ("left", "right") or not found.mask.any():
        return found
    lies = side_of_mask(image.ref, found.mask)
    if lies not in ("left", "right") or lies == named:
        return found
    reason = f"the outline lies on the patient's {lies}"
    return replace(found, quality=min(found.quality, ASSESSABLE / 2), quality_reason=reason)


SAID: dict[Presence, str] = {
    "present": "outlined by ",
    "absent": "not found by ",
    "not_assessed": "not assessable: ",
}


def _presence(found: Segmented) -> Presence:
    if not found.assessable:
        return "not_assessed"
    return "absent" if found.absent else "present"


async def segment(bench: Bench, step: str, request: SegmentRequest) -> SegmentResult:
    """Raises NotServed for targets that the backend does not serve, BadRequest for an unknown image."""
    image = bench.image(request.image)

    async def work(answer: Answer) -> SegmentResult:
        targets = tuple(target_of(name).name for name in request.targets) or bench.backend.targets(image.ref)
        outlines: list[Outline] = []
        evidence: list[Evidence] = []
        for answered in await bench.backend.segment(image, targets):
            found = _on_its_side(image, answered)
            digest = bench.masks.put(found.mask)
            raw = {"target": found.target, "mask": digest, "quality": round(found.quality, 4), "method": found.method}
            target = target_of(found.target, image.ref)
            presence = _presence(found)
            item = Evidence(
                id=answer.next_id(len(evidence)),
                observation=target.observation,
                presence=presence,
                laterality=target.laterality,
                certainty="unlikely" if presence == "absent" else None,
                regions=regions_of(image, found, digest),
                score=round(found.quality, 3),
                score_kind="quality",
                quality=round(found.quality, 3),
                quality_reason=found.quality_reason,
                summary=f"{found.target} {SAID[presence]}{found.method if found.assessable else found.quality_reason}",
                image_id=image.ref.id,
                origin=answer.origin(found.model, raw),
            )
            evidence.append(item)
            outlines.append(
                Outline(
                    target=found.target,
                    mask=digest,
                    quality=round(found.quality, 3),
                    assessable=found.assessable,
                    absent=found.absent,
                    reason=found.quality_reason,
                    caveat=found.caveat,
                    boundary_sd=found.boundary_sd,
                    evidence=item.id,
                )
            )
        return SegmentResult(image=image.ref.id, outlines=tuple(outlines), evidence=tuple(evidence))

    return await bench.run("segment", step, request, work, SegmentResult)


SEGMENT = Tool("segment", SegmentRequest, SegmentResult, segment)
