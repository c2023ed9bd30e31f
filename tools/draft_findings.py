"""Tool: findings of a chest film as a model sees them, each with its place, as evidence."""

from __future__ import annotations

from readingroom.domain.evidence import Evidence
from readingroom.domain.region import Region
from readingroom.domain.request import Request
from readingroom.domain.value import Value
from readingroom.imaging.image import Image
from readingroom.tools.backends.protocol import Drafted, Model
from readingroom.tools.segment import regions_of
from readingroom.tools.tool import Answer, Bench, Result, Tool


class DraftRequest(Value):
    """Draft the findings of one study: the current frontal image, with lateral and prior images and the clinical
    words as context. The classical baseline drafts only what it measured and names what it did not look for."""

    images: tuple[str, ...]
    """Ids: the current frontal image first, then lateral and prior images."""
    indication: str | None = None
    prior_report: str | None = None


class DraftResult(Result):
    """One evidence a finding, and what the model did not look for."""

    not_assessed: tuple[str, ...]
    """Concepts that nobody looked for; they belong under limitations."""
    unspoken: tuple[str, ...] = ()
    """What a reader expects to be told and the model was silent about."""
    unread: tuple[str, ...] = ()
    """What the model said and nothing may rest on: a reason and its words."""
    lateral_seen: bool = False
    model: str
    description: str


def _regions(bench: Bench, image: Image, found: Drafted) -> tuple[Region, ...]:
    boxes = tuple(Region(image_id=image.ref.id, kind="box", frame="source_pixels", box=box) for box in found.boxes)
    masks = tuple(region for part in found.masks for region in regions_of(image, part, bench.masks.put(part.mask)))
    return boxes + masks


def _evidence(bench: Bench, answer: Answer, image: Image, found: Drafted, model: Model) -> Evidence:
    regions = _regions(bench, image, found)
    raw = {
        "observation": found.observation,
        "presence": found.presence,
        "laterality": found.laterality,
        "zone": found.zone,
        "certainty": found.certainty,
        "measurements": [item.model_dump() for item in found.measurements],
        "regions": [region.model_dump() for region in regions],
        "quote": found.quote,
    }
    return Evidence(
        id=answer.next_id(len(answer.raw)),
        observation=found.observation,
        presence=found.presence,
        laterality=found.laterality,
        zone=found.zone,
        severity=found.severity,
        certainty=found.certainty if found.quote else None,
        change=found.change,
        prior_image_id=found.prior_image_id,
        measurements=found.measurements,
        regions=regions,
        score=found.score,
        score_kind="none" if found.score is None else "probability",
        quality=found.quality,
        quality_reason=found.quality_reason,
        summary=found.summary,
        image_id=image.ref.id,
        quote=found.quote,
        origin=answer.origin(model, raw),
    )


async def draft_findings(bench: Bench, step: str, request: DraftRequest) -> DraftResult:
    """Raises NotServed where the backend drafts nothing for such a study."""
    images = tuple(bench.image(name) for name in request.images)

    async def work(answer: Answer) -> DraftResult:
        words = Request(indication=request.indication, prior_report=request.prior_report)
        draft = await bench.backend.draft(images, words)
        found = tuple(_evidence(bench, answer, images[0], item, draft.model) for item in draft.findings)
        return DraftResult(
            not_assessed=draft.not_assessed,
            unspoken=draft.unspoken,
            unread=draft.unread,
            lateral_seen=draft.lateral_seen,
            model=f"{draft.model.name} {draft.model.version}".strip(),
            description=draft.model.description,
            evidence=found,
        )

    return await bench.run("draft_findings", step, request, work, DraftResult)


DRAFT_FINDINGS = Tool("draft_findings", DraftRequest, DraftResult, draft_findings)
