"""Tool: which of some labels fits an image. Adapters tell what they were trained on, words of findings are held against
their absence, and modality and body part are told by every backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from readingroom.domain.evidence import Evidence
from readingroom.domain.value import Value
from readingroom.imaging.image import Image
from readingroom.tools import adapters, zero_shot
from readingroom.tools.label_sets import LabelSet, label_set, set_of
from readingroom.tools.target import target_of
from readingroom.tools.tool import Answer, Bench, Result, Tool


class ClassifyRequest(Value):
    """Score labels for one image. The classical baseline tells modality and body part only and refuses pathology by
    name, unless an adapter was trained for it; scores are uncalibrated unless the answer says otherwise."""

    image: str
    """The id of an image of this study."""
    labels: tuple[str, ...] = ()
    """Labels to choose from, such as "x_ray chest" or "pleural effusion"; empty: all that the model knows."""
    label_set: str = ""
    """Labels by the name of a set: chest_xray, brain_tumor, skin_lesion; with labels: some of that set."""


class _Served(ClassifyRequest):
    """The same with the adapters that answer, which are part of what was asked."""

    adapters: dict[str, str]
    """Digest by label."""


class ScoredLabel(Value):
    """One label with its score."""

    label: str
    score: float
    says: Literal["", "present", "absent", "indeterminate"] = ""
    """What a calibrated adapter says of it; empty where the labels only compete, or nothing is calibrated."""
    wording: str = "uncalibrated"
    """ "calibrated on 80 patients", or "uncalibrated"."""


class ClassifyResult(Result):
    """Labels best first, each with its score and how far that may be believed; `label` is "unknown" where none
    stands out."""

    image: str
    label: str
    """The kind of image; "unknown" where none stands out or none was asked for. It is never a finding: findings are
    told by their evidence, as firmly as it bears."""
    scores: tuple[ScoredLabel, ...]
    reason: str
    calibrated: bool
    model: str


class Part(NamedTuple):
    """What one way of answering gave."""

    label: str
    scores: tuple[ScoredLabel, ...]
    reason: str
    calibrated: bool
    model: str
    evidence: tuple[Evidence, ...]


async def classify(bench: Bench, step: str, request: ClassifyRequest) -> ClassifyResult:
    """Raises NotServed for labels that nothing here can judge, BadRequest for an adapter of another space."""
    image = bench.image(request.image)
    asked = request
    if request.labels and not request.label_set:
        digests = bench.trace.fact(
            f"adapters for {', '.join(request.labels)}", lambda: bench.adapters.serving(request.labels)
        )
        if digests:
            asked = _Served(**request.model_dump(), adapters=digests)

    async def work(answer: Answer) -> ClassifyResult:
        parts = await _parts(bench, answer, image, asked)
        first = next((part for part in parts if part.label != "unknown"), parts[0])
        return ClassifyResult(
            image=image.ref.id,
            label=first.label,
            scores=tuple(score for part in parts for score in part.scores),
            reason="; ".join(part.reason for part in parts) if len(parts) > 1 else first.reason,
            calibrated=all(part.calibrated for part in parts),
            model=", ".join(dict.fromkeys(part.model for part in parts)),
            evidence=tuple(item for part in parts for item in part.evidence),
        )

    return await bench.run("classify", step, asked, work, ClassifyResult)


async def _parts(bench: Bench, answer: Answer, image: Image, asked: ClassifyRequest) -> list[Part]:
    """Labels of adapters, those of findings, and those that compete: each told its own way."""
    if asked.label_set:
        chosen = label_set(asked.label_set)
        return [await _by_words(bench, answer, image, chosen.only(asked.labels) if asked.labels else chosen)]
    digests = asked.adapters if isinstance(asked, _Served) else {}
    parts: list[Part] = []
    for digest in dict.fromkeys(digests.values()):
        labels = [label for label in asked.labels if digests.get(label) == digest]
        parts.append(await _by_adapter(bench, answer, image, (digest, labels), _count(parts)))
    rest = tuple(label for label in asked.labels if label not in digests)
    findings = set_of(rest, image.ref)
    if findings is not None:
        parts.append(await _by_words(bench, answer, image, findings, _count(parts)))
        rest = tuple(label for label in rest if label not in findings.labels)
    if rest or not parts:
        parts.append(await _by_backend(bench, answer, image, rest, _count(parts)))
    return parts


def _count(parts: Sequence[Part]) -> int:
    return sum(len(part.evidence) for part in parts)


async def _by_adapter(
    bench: Bench, answer: Answer, image: Image, served: tuple[str, Sequence[str]], before: int
) -> Part:
    """`served`: an adapter by digest, and its labels; `before`: how many pieces of evidence there are already."""
    digest, labels = served
    adapter = bench.adapters.named(digest)
    seen = await adapters.embedded_for(adapter, bench.backend, image)
    model = adapters.model_of(adapter, digest, seen.model)
    evidence: list[Evidence] = []
    scores: list[ScoredLabel] = []
    for label in labels:
        known = adapter.served(label)
        told = adapters.told(adapter, label, seen)
        origin = answer.origin(model, {"adapter": digest, "label": known.label, "probability": told.probability,
                                       "called": told.called})  # fmt: skip
        place = (answer.next_id(before + len(evidence)), image.ref.id, origin)
        evidence.append(adapters.evidence_of(adapter, told, place))
        scores.append(ScoredLabel(label=known.label, score=round(told.probability, 4),
                                  says=told.called if known.calibrated else "", wording=known.wording))  # fmt: skip
    scores.sort(key=lambda one: -one.score)
    reason = ", ".join(_told(one) for one in scores)
    calibrated = all(adapter.served(label).calibrated for label in labels)
    return Part("unknown", tuple(scores), reason, calibrated, f"{model.name} {model.version}", tuple(evidence))


async def _by_words(bench: Bench, answer: Answer, image: Image, chosen: LabelSet, before: int = 0) -> Part:
    found = await zero_shot.zero_shot(bench.backend, image, chosen)
    scores = tuple(ScoredLabel(label=one.label, score=round(one.score, 4)) for one in found.scores)
    raw = {"choice": found.choice, "scores": [score.model_dump() for score in scores]}
    origin = answer.origin(found.model, raw)
    known = [one for one in found.scores if one.label in chosen.labels]
    evidence = tuple(
        zero_shot.evidence_of(found, one, chosen, (answer.next_id(before + place), image.ref.id, origin))
        for place, one in enumerate(known)
    )
    best = found.scores[0]
    how = "each against its absence" if found.choice == "each" else f"shares of {len(found.scores)} labels"
    reason = f"{best.label} {best.score:.2f} is the highest, {how}, uncalibrated"
    reason += f"; {found.cut}" if found.cut else ""
    model = f"{found.model.name} {found.model.version}".strip()
    return Part("unknown", scores, reason, False, model, evidence)


async def _by_backend(bench: Bench, answer: Answer, image: Image, labels: tuple[str, ...], before: int) -> Part:
    found = await bench.backend.classify(image, labels)
    scores = tuple(ScoredLabel(label=item.label, score=round(item.score, 4)) for item in found.scores)
    raw = {"label": found.label, "scores": [{"label": one.label, "score": one.score} for one in scores]}
    evidence = Evidence(
        id=answer.next_id(before),
        observation=target_of(found.label).observation,
        presence="indeterminate",
        score=scores[0].score if scores else None,
        score_kind="cosine",
        calibrated=found.calibrated,
        summary=f"{found.label}: {found.reason}",
        image_id=image.ref.id,
        origin=answer.origin(found.model, raw),
    )
    model = f"{found.model.name} {found.model.version}".strip()
    return Part(found.label, scores, found.reason, found.calibrated, model, (evidence,))


def _told(one: ScoredLabel) -> str:
    said = f", {one.says}" if one.says else ""
    return f"{one.label} {one.score:.2f} ({one.wording}{said})"


CLASSIFY = Tool("classify", ClassifyRequest, ClassifyResult, classify)
