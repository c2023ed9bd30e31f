"""Tool: which of some labels fits an image; the baseline knows modality and body part, never pathology."""

from __future__ import annotations

from readingroom.domain.evidence import Evidence
from readingroom.domain.value import Value
from readingroom.tools.target import target_of
from readingroom.tools.tool import Answer, Bench, Result, Tool


class ClassifyRequest(Value):
    """Score labels for one image. The classical baseline tells modality and body part only and refuses pathology by
    name; scores are uncalibrated unless the answer says otherwise."""

    image: str
    """The id of an image of this study."""
    labels: tuple[str, ...] = ()
    """Labels to choose from, such as "x_ray chest"; empty: all that the model knows."""


class ScoredLabel(Value):
    """One label with its score."""

    label: str
    score: float


class ClassifyResult(Result):
    """Labels best first; `label` is "unknown" where none stands out."""

    image: str
    label: str
    scores: tuple[ScoredLabel, ...]
    reason: str
    calibrated: bool
    model: str


async def classify(bench: Bench, step: str, request: ClassifyRequest) -> ClassifyResult:
    """Raises NotServed for labels that the backend cannot judge."""
    image = bench.image(request.image)

    async def work(answer: Answer) -> ClassifyResult:
        found = await bench.backend.classify(image, request.labels)
        scores = tuple(ScoredLabel(label=item.label, score=round(item.score, 4)) for item in found.scores)
        raw = {"label": found.label, "scores": [score.model_dump() for score in scores]}
        evidence = Evidence(
            id=answer.next_id(0),
            observation=target_of(found.label).observation,
            presence="indeterminate",
            score=scores[0].score if scores else None,
            score_kind="cosine",
            calibrated=found.calibrated,
            summary=f"{found.label}: {found.reason}",
            image_id=image.ref.id,
            origin=answer.origin(found.model, raw),
        )
        return ClassifyResult(
            image=image.ref.id,
            label=found.label,
            scores=scores,
            reason=found.reason,
            calibrated=found.calibrated,
            model=f"{found.model.name} {found.model.version}".strip(),
            evidence=(evidence,),
        )

    return await bench.run("classify", step, request, work, ClassifyResult)


CLASSIFY = Tool("classify", ClassifyRequest, ClassifyResult, classify)
