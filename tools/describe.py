"""Tool: what the pixels of an image are, when nothing in it can be outlined."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from readingroom.domain.evidence import Evidence
from readingroom.domain.region import Region
from readingroom.domain.value import Value
from readingroom.imaging.image import Image
from readingroom.tools.measure import MODEL
from readingroom.tools.quantities import intensity_of
from readingroom.tools.tool import Answer, Bench, Result, Tool


class DescribeRequest(Value):
    """Mean and spread of the values of a whole image: for images in which no structure is served."""

    image: str
    """The id of an image of this study."""


class DescribeResult(Result):
    """One evidence for the image as a whole; of a colour image the luma is described."""


def _luma(image: Image) -> Image:
    """The brightness of a colour image, 0..255 (ITU-R BT.601 weights)."""
    luma = image.pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    return replace(image, pixels=luma, ref=image.ref.model_copy(update={"colour": False}))


async def describe(bench: Bench, step: str, request: DescribeRequest) -> DescribeResult:
    """Raises BadRequest for an unknown image."""
    image = bench.image(request.image)

    async def work(answer: Answer) -> DescribeResult:
        ref = image.ref
        seen = _luma(image) if ref.colour else image
        measured = intensity_of(seen, np.ones(seen.pixels.shape, dtype=bool))
        item = Evidence(
            id=answer.next_id(0),
            observation="image",
            presence="present",
            laterality="not_applicable",
            measurements=measured,
            regions=(
                Region(
                    image_id=ref.id,
                    kind="box",
                    frame="source_pixels",
                    box=(0, 0, ref.columns, ref.rows),
                    plane=ref.depth // 2 if ref.depth > 1 else None,
                    label="the whole image",
                ),
            ),
            summary=f"the whole image: {', '.join(part.text for part in measured) or 'colour'}",
            image_id=ref.id,
            origin=answer.origin(MODEL, {"measurements": [part.model_dump() for part in measured]}),
        )
        return DescribeResult(evidence=(item,))

    return await bench.run("describe", step, request, work, DescribeResult)


DESCRIBE = Tool("describe", DescribeRequest, DescribeResult, describe)
