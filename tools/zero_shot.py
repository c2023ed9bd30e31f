"""Labels by words alone: an image's vector against those of prompts, never called more than uncalibrated."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readingroom.domain.evidence import Evidence, Origin
from readingroom.errors import BadReply, NotServed
from readingroom.imaging.image import Image
from readingroom.learning.calibrator import sigmoid
from readingroom.learning.softmax import against, ensemble, one_of, sharpness
from readingroom.tools.backends.protocol import Backend, Embedded, Model
from readingroom.tools.contracts.text_tokens import over_limit
from readingroom.tools.label_sets import LabelSet

SPEAKS = "medimageinsight"
"""The one model here whose texts and images share a space in which findings have a place."""

Leaning = Literal["present", "absent", "neither"]


class Scored(NamedTuple):
    """One label; `score` is a share of all where they exclude each other, else of present against absent."""

    label: str
    score: float
    leans: Leaning


class ZeroShot(NamedTuple):
    """All labels, best first."""

    choice: Literal["each", "one"]
    scores: tuple[Scored, ...]
    model: Model
    cut: str
    """A warning on prompts that the model cuts short; empty where it reads all of them."""


class Directions(NamedTuple):
    """What a label set is in the space of one model."""

    by_label: dict[str, NDArray[np.float32]]
    """Of each label that can stand with others: its product with an image is the logit of present."""
    model: Model
    cut: str


async def zero_shot(backend: Backend, image: Image, chosen: LabelSet) -> ZeroShot:
    """Raises NotServed where no model of the backend knows words of pathology, or the image is of another kind."""
    chosen.refuse_other(image.ref)
    try:
        seen = await backend.embed(image, SPEAKS)
    except NotServed as error:
        raise _refused(backend, chosen) from error
    if chosen.choice == "each":
        found = await directions(backend, chosen, seen.scaling)
        _same(seen.model, found.model)
        told = {label: float(sigmoid(np.dot(seen.vector.astype(np.float64), one)))
                for label, one in found.by_label.items()}  # fmt: skip
        return ZeroShot("each", _ranked(told | _none_of(told, chosen), chosen), seen.model, found.cut)
    names = (*chosen.labels, chosen.none)
    texts = [chosen.prompts(one.present) for one in chosen.labels.values()] + [chosen.prompts((chosen.none,))]
    told_by, model, scaling = await _said(backend, texts)
    _same(seen.model, model)
    sharp = sharpness(seen.scaling if seen.scaling is not None else scaling, chosen.temperature)
    shares = one_of(seen.vector, np.stack(told_by), sharp)
    return ZeroShot("one", _ranked(dict(zip(names, shares.tolist(), strict=True)), chosen), seen.model, _cut(texts))


def _none_of(told: dict[str, float], chosen: LabelSet) -> dict[str, float]:
    """ "No Finding" beside several findings: 1 less the highest, the most that the chance of none can be (Frechet's
    bound; the product would take findings for independent)."""
    return {chosen.none: 1 - max(told.values())} if len(told) > 1 else {}


async def directions(backend: Backend, chosen: LabelSet, scaling: float | None = None) -> Directions:
    """Present against absent for each label that can stand with others, which an adapter can be calibrated on.

    `scaling`: as the image's answer told it. Raises NotServed as `zero_shot` does.
    """
    texts = [chosen.prompts(words) for one in chosen.labels.values() for words in (one.present, one.absent)]
    try:
        found, model, told = await _said(backend, texts)
    except NotServed as error:
        raise _refused(backend, chosen) from error
    sharp = sharpness(scaling if scaling is not None else told, chosen.temperature)
    pairs = zip(chosen.labels, found[::2], found[1::2], strict=True)
    return Directions({label: against(present, absent, sharp) for label, present, absent in pairs}, model, _cut(texts))


async def _said(
    backend: Backend, texts: list[tuple[str, ...]]
) -> tuple[list[NDArray[np.float64]], Model, float | None]:
    """One direction for each group of prompts, who gave it, and its scaling."""
    every = tuple(dict.fromkeys(prompt for group in texts for prompt in group))
    rows: dict[str, Embedded] = dict(zip(every, await backend.embed_texts(every, SPEAKS), strict=True))
    first = rows[every[0]]
    means = [ensemble(np.stack([rows[prompt].vector for prompt in group])) for group in texts]
    return means, first.model, first.scaling


def _ranked(told: dict[str, float], chosen: LabelSet) -> tuple[Scored, ...]:
    low, high = chosen.band

    def leaning(score: float) -> Leaning:
        return "present" if score >= high else "absent" if score < low else "neither"

    best = sorted(told.items(), key=lambda pair: -pair[1])
    return tuple(Scored(label, score, leaning(score)) for label, score in best)


def evidence_of(found: ZeroShot, scored: Scored, chosen: LabelSet, place: tuple[str, str, Origin]) -> Evidence:
    """Indeterminate whatever the score: an uncalibrated score supports no more than that something may be there.

    `place`: the evidence's id, the image's and the origin.
    """
    name, image_id, origin = place
    among = "against its absence" if found.choice == "each" else f"of the share among {len(found.scores)} labels"
    leans = "leans neither way" if scored.leans == "neither" else f"leans {scored.leans}"
    return Evidence(
        id=name,
        observation=chosen.observation(scored.label),
        presence="indeterminate",
        score=round(scored.score, 4),
        score_kind="probability",
        calibrated=False,
        summary=f"{scored.label}: {scored.score:.2f} {among} (zero-shot, uncalibrated), {leans}",
        image_id=image_id,
        origin=origin,
    )


def _same(image: Model, text: Model) -> None:
    if (image.name, image.version) != (text.name, text.version):
        raise BadReply(f"the image is of {image.name} {image.version}, and the texts of {text.name} {text.version}",
                       do="Ask one model for both.")  # fmt: skip


def _cut(texts: list[tuple[str, ...]]) -> str:
    return next((warning for group in texts for prompt in group if (warning := over_limit(prompt))), "")


def _refused(backend: Backend, chosen: LabelSet) -> NotServed:
    names = ", ".join(repr(name) for name in chosen.labels)
    return NotServed(f"the {backend.name} backend tells modality and body part and judges no pathology: {names}",
                     do="Use MedImageInsight (an endpoint or local weights), or an adapter for it.")  # fmt: skip
