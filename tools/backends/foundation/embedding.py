"""MedImageInsight and Prov-GigaPath as vectors, and zero-shot labels from MedImageInsight's two towers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np

from readingroom.errors import BadRequest, BadStudy, EgressRefused, ReadingRoomError
from readingroom.imaging.cleared import Cleared
from readingroom.imaging.image import Image
from readingroom.learning.softmax import USUAL_SCALING
from readingroom.tools.backends.endpoint.halving import score_each
from readingroom.tools.backends.foundation.kinds import kinds
from readingroom.tools.backends.protocol import Classified, Embedded, Scored
from readingroom.tools.backends.scorer import Scorer, model_seeing
from readingroom.tools.contracts.gigapath import ask_tiles, decode_tiles, pooled
from readingroom.tools.contracts.medimageinsight import ask_insight, decode_insight, probabilities
from readingroom.tools.contracts.text_tokens import over_limit
from readingroom.tools.preparation import BurnedIn, prepare

BATCH = 16
"""Texts or images in one call; the published page says to keep the index "in the dozens"."""

STANDS_OUT = 0.5
"""Share that the best label needs to be named; below it the answer is "unknown"."""


async def embed_insight(scorer: Scorer, image: Image, burned_in: BurnedIn) -> Embedded:
    """1024 numbers of unit length; of a volume or several frames the middle plane."""
    cleared = prepare("medimageinsight", image, policy=burned_in)
    (row,) = await scorer.score(ask_insight((cleared,), (None,)), decode_insight)
    assert row.image is not None  # decode_insight holds the answer to what was asked
    return Embedded(row.image, model_seeing(scorer, cleared), row.scaling)


async def embed_insights(
    scorer: Scorer, images: Sequence[Image], burned_in: BurnedIn
) -> list[Embedded | ReadingRoomError]:
    """The same of several at once, `BATCH` a call: one answer or error an image, in order.

    Raises NotAuthorised, and Unavailable where nothing was answered because the model cannot be.
    """
    made = await asyncio.gather(*(asyncio.to_thread(_prepared, image, burned_in) for image in images))
    found: list[Embedded | ReadingRoomError] = []
    for start in range(0, len(made), BATCH):
        part = made[start : start + BATCH]
        ready = [one for one in part if isinstance(one, Cleared)]
        rows = iter(await score_each(scorer, ask_insight(ready, [None] * len(ready)), decode_insight) if ready else ())
        for one in part:
            row = next(rows) if isinstance(one, Cleared) else one
            if isinstance(one, Cleared) and not isinstance(row, ReadingRoomError):
                assert row.image is not None  # decode_insight holds the answer to what was asked
                found.append(Embedded(row.image, model_seeing(scorer, one), row.scaling))
            elif isinstance(row, ReadingRoomError):
                found.append(row)
    return found


def _prepared(image: Image, burned_in: BurnedIn) -> Cleared | ReadingRoomError:
    try:
        return prepare("medimageinsight", image, policy=burned_in)
    except (EgressRefused, BadStudy) as error:
        return error


async def embed_tile(scorer: Scorer, image: Image, burned_in: BurnedIn) -> Embedded:
    """Prov-GigaPath's grid of 14 x 14 averaged to 1536 numbers, then of unit length."""
    cleared = prepare("gigapath", image, policy=burned_in)
    (row,) = await scorer.score(ask_tiles((cleared,)), decode_tiles)
    vector = pooled(row)
    return Embedded(np.asarray(vector / np.linalg.norm(vector), np.float32), model_seeing(scorer, cleared))


async def embed_texts(scorer: Scorer, texts: tuple[str, ...]) -> tuple[Embedded, ...]:
    """One vector a text, in order."""
    found: list[Embedded] = []
    for start in range(0, len(texts), BATCH):
        part = texts[start : start + BATCH]
        rows = await scorer.score(ask_insight((None,) * len(part), part), decode_insight)
        found += [Embedded(row.text, scorer.model, row.scaling) for row in rows if row.text is not None]
    return tuple(found)


async def classify_zero_shot(scorer: Scorer, image: Image, labels: tuple[str, ...], burned_in: BurnedIn) -> Classified:
    """Shares over labels that exclude each other: softmax(exp(scaling) x image . texts). Uncalibrated.

    Raises BadRequest for a single label, whose share would be 1 of any image.
    """
    if len(labels) < 2:
        raise BadRequest(
            f"label {labels[0]!r} alone would have the whole share", do="Give at least two to choose from."
        )
    prompts = tuple(kinds().get(label, label) for label in labels)
    seen = await embed_insight(scorer, image, burned_in)
    said = await embed_texts(scorer, prompts)
    scaling = next((item.scaling for item in (seen, *said) if item.scaling is not None), USUAL_SCALING)
    shares = probabilities(seen.vector, np.stack([item.vector for item in said]), scaling)
    ranked = sorted(zip(labels, shares, strict=True), key=lambda pair: -pair[1])
    scores = tuple(Scored(label, float(share)) for label, share in ranked)
    best = scores[0]
    cut = [warning for warning in map(over_limit, prompts) if warning]
    reason = f"{best.score:.2f} of the share among {len(labels)} labels" + (f"; {cut[0]}" if cut else "")
    return Classified(best.label if best.score >= STANDS_OUT else "unknown", scores, reason, False, seen.model)
