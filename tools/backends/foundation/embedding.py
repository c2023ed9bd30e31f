"""MedImageInsight and Prov-GigaPath as vectors, and zero-shot labels from MedImageInsight's two towers."""

from __future__ import annotations

import numpy as np

from readingroom.imaging.image import Image
from readingroom.tools.backends.foundation.kinds import kinds
from readingroom.tools.backends.protocol import Classified, Embedded, Scored
from readingroom.tools.backends.scorer import Scorer, model_seeing
from readingroom.tools.contracts.gigapath import ask_tiles, decode_tiles, pooled
from readingroom.tools.contracts.medimageinsight import ask_insight, decode_insight, probabilities
from readingroom.tools.contracts.text_tokens import over_limit
from readingroom.tools.preparation import BurnedIn, prepare

BATCH = 16
"""Texts in one call; the published page says to keep the index "in the dozens"."""

STANDS_OUT = 0.5
"""Share that the best label needs to be named; below it the answer is "unknown"."""

TEMPERATURE = 4.513362407684326
"""Log of MedImageInsight's temperature as its endpoints answer it (exp gives 91.2), where an answer leaves it out."""


async def embed_insight(scorer: Scorer, image: Image, burned_in: BurnedIn) -> Embedded:
    """1024 numbers of unit length; of a volume or several frames the middle plane."""
    cleared = prepare("medimageinsight", image, policy=burned_in)
    (row,) = await scorer.score(ask_insight((cleared,), (None,)), decode_insight)
    assert row.image is not None  # decode_insight holds the answer to what was asked
    return Embedded(row.image, model_seeing(scorer, cleared), row.scaling)


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
    """Shares over labels that exclude each other: softmax(exp(scaling) x image . texts). Uncalibrated."""
    prompts = tuple(kinds().get(label, label) for label in labels)
    seen = await embed_insight(scorer, image, burned_in)
    said = await embed_texts(scorer, prompts)
    scaling = next((item.scaling for item in (seen, *said) if item.scaling is not None), TEMPERATURE)
    shares = probabilities(seen.vector, np.stack([item.vector for item in said]), scaling)
    ranked = sorted(zip(labels, shares, strict=True), key=lambda pair: -pair[1])
    scores = tuple(Scored(label, float(share)) for label, share in ranked)
    best = scores[0]
    cut = [warning for warning in map(over_limit, prompts) if warning]
    reason = f"{best.score:.2f} of the share among {len(labels)} labels" + (f"; {cut[0]}" if cut else "")
    return Classified(best.label if best.score >= STANDS_OUT else "unknown", scores, reason, False, seen.model)
