"""What kind of picture this is: the trained head first, and where it does not know, the tests of each modality."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from readingroom.tools.backends.classical.chest import SMALLEST_SIDE, looks_like_frontal_chest, segment_chest
from readingroom.tools.backends.classical.fundus import looks_like_fundus
from readingroom.tools.backends.classical.histology import looks_like_histology
from readingroom.tools.backends.classical.modality import LabelScore, guess_modality
from readingroom.tools.backends.classical.segment import ASSESSABLE, Colour, Gray
from readingroom.tools.backends.classical.skin import looks_like_dermoscopy
from readingroom.tools.backends.classical.ultrasound import looks_like_ultrasound

LIKENESSES = {
    "dermoscopy skin": looks_like_dermoscopy,
    "fundus retinal": looks_like_fundus,
    "pathology tissue": looks_like_histology,
}
"""Tests on colour statistics and shape, for colour pictures."""


class Kind(NamedTuple):
    """A label "modality anatomy", or "unknown"."""

    label: str
    scores: tuple[LabelScore, ...]
    reason: str


def kind_of(image: Gray | Colour, labels: tuple[str, ...] = ()) -> Kind:
    """Raises NotServed for a label that is no modality with body part."""
    guess = guess_modality(image, labels)
    if guess.label != "unknown":
        return Kind(guess.label, guess.scores, guess.reason)
    alike = [(name, *test(np.asarray(image))) for name, test in LIKENESSES.items()] if image.ndim == 3 else []
    if image.ndim == 2:
        alike.append(("ultrasound unknown", *looks_like_ultrasound(image)))
        if min(image.shape) >= SMALLEST_SIDE:
            alike.append(("x_ray chest", *looks_like_frontal_chest(segment_chest(np.asarray(image, np.float32)))))
    fits = [(name, score, why) for name, score, why in alike if score >= ASSESSABLE]
    if len(fits) != 1 or (labels and fits[0][0] not in labels):
        return Kind("unknown", guess.scores, guess.reason)
    name, score, why = fits[0]
    return Kind(name, (LabelScore(name, score), *guess.scores), why)
