"""Tool: measure outlines: areas, diameters, volumes, intensities, and what the lungs and heart say together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from readingroom.domain.evidence import Evidence
from readingroom.domain.measurement import Measurement
from readingroom.domain.region import Region
from readingroom.domain.terms import Laterality
from readingroom.domain.value import Value
from readingroom.imaging.geometry import region_of_mask
from readingroom.imaging.image import Image
from readingroom.imaging.morphometry import Extent
from readingroom.imaging.thorax import Cardiothoracic, area_ratio, cardiothoracic
from readingroom.tools.backends.protocol import Model
from readingroom.tools.quantities import diameters_of, scale_of
from readingroom.tools.segment import Outline
from readingroom.tools.structures import quantities_of
from readingroom.tools.target import target_of
from readingroom.tools.tool import EMBEDDED, TOOL_VERSION, Answer, Bench, Result, Tool

MODEL = Model(
    backend=EMBEDDED,
    name="morphometry",
    version=TOOL_VERSION,
    preprocessing_id="source-pixels",
    description="arithmetic on outlines in source pixels",
)

Mask = NDArray[np.bool_]


class MeasureRequest(Value):
    """Measure outlines that `segment` returned for one image. Lengths come in millimetres only where the image's
    spacing is known, of a radiograph at the detector; otherwise in pixels. Outlines that are not assessable are not
    measured."""

    image: str
    """The id of an image of this study."""
    outlines: tuple[Outline, ...]
    """As `segment` returned them."""


class MeasureResult(Result):
    """One evidence for each outline measured, and one for each quantity of two outlines together: cardiothoracic
    ratio, ratio of the lungs' areas."""

    image: str
    skipped: tuple[str, ...] = ()
    """Targets that were not assessable or not found."""


def _line(image: Image, ends: tuple[float, float, float, float], label: str) -> Region:
    return Region(image_id=image.ref.id, kind="line", frame="source_pixels", box=ends, label=label)


def _diameter_lines(image: Image, mask: Mask, measured: tuple[Measurement, ...]) -> tuple[Region, ...]:
    if not any(item.name == "longest_diameter" for item in measured):
        return ()
    extents: tuple[Extent, Extent] = diameters_of(mask, scale_of(image.ref))[1]
    names = ("longest diameter", "perpendicular diameter")
    return tuple(_line(image, (*e.start, *e.end), name) for e, name in zip(extents, names, strict=True))


def _one(answer: Answer, image: Image, outline: Outline, mask: Mask) -> Evidence:
    target = target_of(outline.target, image.ref)
    measured = quantities_of(image, mask, target.observation, outline.boundary_sd)
    raw = {"target": outline.target, "mask": outline.mask, "measurements": [item.model_dump() for item in measured]}
    return Evidence(
        id=answer.next_id(len(answer.raw)),
        observation=target.observation,
        presence="present",
        laterality=target.laterality,
        measurements=measured,
        regions=(
            region_of_mask(mask, image_id=image.ref.id, digest=outline.mask, label=outline.target),
            *_diameter_lines(image, mask, measured),
        ),
        quality=outline.quality,
        quality_reason=outline.reason,
        summary=f"{outline.target}: " + ", ".join(f"{item.title} {item.text}" for item in measured),
        image_id=image.ref.id,
        derived_from=(outline.evidence,),
        origin=answer.origin(MODEL, raw),
    )


def _ratio_evidence(answer: Answer, image: Image, found: Cardiothoracic, parts: tuple[Outline, ...]) -> Evidence:
    measurement = Measurement(
        name="cardiothoracic_ratio",
        value=round(found.ratio, 4),
        unit="1",
        decimals=2,
        sd=round(found.sd, 4),
        method="transverse cardiac diameter over the greatest inner width of the thorax",
    )
    raw = {"measurement": measurement.model_dump(), "heart": found.heart, "thorax": found.thorax}
    quality = min(part.quality for part in parts)
    return Evidence(
        id=answer.next_id(len(answer.raw)),
        observation="cardiothoracic_ratio",
        presence="present",
        laterality="not_applicable",
        measurements=(measurement,),
        regions=(
            _line(image, found.heart, "transverse cardiac diameter"),
            _line(image, found.thorax, "inner width of the thorax"),
        ),
        quality=quality,
        quality_reason="the lowest of the outlines it rests on",
        summary=f"cardiothoracic ratio {measurement.text} (sd {found.sd:.2f})",
        image_id=image.ref.id,
        derived_from=tuple(part.evidence for part in parts),
        origin=answer.origin(MODEL, raw),
    )


def _area_evidence(answer: Answer, image: Image, ratio: float, parts: tuple[Outline, ...]) -> Evidence:
    """Smaller over larger, on the side of the smaller lung."""
    side: Laterality = "right" if ratio < 1 else "left"
    value = ratio if ratio < 1 else 1 / ratio
    measurement = Measurement(
        name="area_ratio",
        value=round(value, 4),
        unit="1",
        decimals=2,
        method="area of the smaller lung field over the larger",
    )
    return Evidence(
        id=answer.next_id(len(answer.raw)),
        observation="lung_area_ratio",
        presence="present",
        laterality=side,
        measurements=(measurement,),
        quality=min(part.quality for part in parts),
        quality_reason="the lower of the two lungs",
        summary=f"the {side} lung field is the smaller, area ratio {measurement.text}",
        image_id=image.ref.id,
        derived_from=tuple(part.evidence for part in parts),
        origin=answer.origin(MODEL, {"measurement": measurement.model_dump(), "smaller": side}),
    )


def _together(
    answer: Answer, image: Image, outlines: Mapping[str, Outline], masks: Mapping[str, Mask]
) -> list[Evidence]:
    """What outlines of one frontal chest film say together."""
    if image.ref.modality != "x_ray" or not {"right lung", "left lung"} <= masks.keys():
        return []
    right, left = outlines["right lung"], outlines["left lung"]
    found = [_area_evidence(answer, image, area_ratio(masks["right lung"], masks["left lung"]), (right, left))]
    if "heart" in masks:
        heart = outlines["heart"]
        ratio = cardiothoracic(
            masks["heart"],
            masks["right lung"] | masks["left lung"],
            heart_sd=heart.boundary_sd or 0.5,
            lung_sd=max(right.boundary_sd or 0.5, left.boundary_sd or 0.5),
        )
        found.append(_ratio_evidence(answer, image, ratio, (heart, right, left)))
    return found


async def measure(bench: Bench, step: str, request: MeasureRequest) -> MeasureResult:
    """Raises BadRequest for an unknown image, RecordError for a mask that is gone."""
    image = bench.image(request.image)

    def compute(answer: Answer) -> MeasureResult:
        usable = {outline.target: outline for outline in request.outlines if outline.assessable and not outline.absent}
        masks = {target: bench.masks.get(outline.mask) for target, outline in usable.items()}
        found = [_one(answer, image, usable[target], mask) for target, mask in masks.items()]
        found += _together(answer, image, usable, masks)
        skipped = tuple(outline.target for outline in request.outlines if not outline.assessable or outline.absent)
        return MeasureResult(image=image.ref.id, skipped=skipped, evidence=tuple(found))

    async def work(answer: Answer) -> MeasureResult:
        return await asyncio.to_thread(compute, answer)

    return await bench.run("measure", step, request, work, MeasureResult)


MEASURE = Tool("measure", MeasureRequest, MeasureResult, measure)
