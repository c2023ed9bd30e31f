"""Outline and measure, in any modality, whatever targets are asked for or served."""

from __future__ import annotations

import asyncio

from readingroom.domain.request import Request
from readingroom.errors import BadStudy
from readingroom.imaging.image import Image, Study
from readingroom.tools.measure import MeasureRequest, measure
from readingroom.tools.segment import SegmentRequest, segment
from readingroom.tools.tool import Bench
from readingroom.workflows.reading import Gathered, caveats, disease_limit, outline_limits


async def _image(bench: Bench, image: Image, targets: tuple[str, ...], index: int) -> Gathered:
    """A target asked for by name and refused ends the reading with the refusal, since it is what the user wanted."""
    gathered = Gathered()
    asked = targets or bench.backend.targets(image.ref)
    if not asked:
        return gathered
    step = f"segment-{index}"
    call = segment(bench, step, SegmentRequest(image=image.ref.id, targets=asked))
    outlines = await call if targets else await gathered.attempt(step, call)
    if outlines is None:
        return gathered
    gathered.limitations += outline_limits(outlines, image.ref)
    request = MeasureRequest(image=image.ref.id, outlines=outlines.outlines)
    measured = await gathered.attempt(f"measure-{index}", measure(bench, f"measure-{index}", request))
    gathered.evidence.append((*outlines.evidence, *(measured.evidence if measured else ())))
    return gathered


async def segment_and_measure(bench: Bench, study: Study, request: Request) -> Gathered:
    """All current images at the same time. Raises BadStudy for a study without one, NotServed for a refused target."""
    if not study.current:
        raise BadStudy("there is no current image in this study", do="Give one that is no prior and no lateral view.")
    parts = await asyncio.gather(
        *(_image(bench, image, request.targets, index) for index, image in enumerate(study.current, 1))
    )
    whole = Gathered()
    for part in parts:
        whole.evidence += part.evidence
        whole.limitations += part.limitations
        whole.degraded += part.degraded
    whole.limitations += caveats(image.ref for image in study.current)
    whole.limitations.append(disease_limit(item for part in whole.evidence for item in part))
    return whole
