"""Which modality and body part a picture shows, judged by a linear head on the descriptor; never pathology."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readingroom.domain.terms import Modality
from readingroom.errors import NotServed, ToolFailed
from readingroom.tools.backends.classical.descriptor import DESCRIPTOR_ID, SMALLEST, Vector, describe
from readingroom.tools.backends.classical.segment import Colour, Gray

HEAD_FILE = "modality_head.json"

CLASSES: dict[str, tuple[Modality, str]] = {
    "x_ray chest": ("x_ray", "chest"),
    "ct body": ("ct", "body"),
    "mr brain": ("mr", "brain"),
    "ultrasound breast": ("ultrasound", "breast"),
    "ultrasound fetal head": ("ultrasound", "fetal head"),
    "ultrasound carotid artery": ("ultrasound", "carotid artery"),
    "mammography breast": ("mammography", "breast"),
    "dermoscopy skin": ("dermoscopy", "skin"),
    "fundus retinal": ("fundus", "retinal"),
    "octa retinal": ("octa", "retinal"),
    "pathology tissue": ("pathology", "tissue"),
    "endoscopy colon": ("endoscopy", "colon"),
}
"""Every label that is judged; "unknown" is the answer for all the rest."""

LEAST_SCORE = 0.6
"""Below it the answer is "unknown"."""
LEAST_MARGIN = 0.4
"""Distance to the second label below which the answer is "unknown"."""


class LabelScore(NamedTuple):
    """A label and its uncalibrated score; the scores of all labels and of "unknown" sum to one."""

    label: str
    score: float


@dataclass(frozen=True)
class ModalityGuess:
    """What a picture seems to be; a guess for routing, to be overruled by any header."""

    modality: Modality
    anatomy: str
    score: float
    margin: float
    reason: str
    scores: tuple[LabelScore, ...]
    """Best first, over the labels asked for."""

    @property
    def label(self) -> str:
        return "unknown" if self.modality == "unknown" else f"{self.modality} {self.anatomy}"


@dataclass(frozen=True)
class Head:
    """The trained numbers."""

    labels: tuple[str, ...]
    """The rows; those not in `CLASSES` mean "unknown"."""
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]


def guess_modality(image: Gray | Colour, labels: Sequence[str] = ()) -> ModalityGuess:
    """Guess modality and body part of a picture: (H, W) in 0..1 as displayed, or (H, W, 3) sRGB bytes.

    `labels` narrows the scores that are told, not the guess. Pictures that are constant, tiny, unlike anything in
    training, or between two labels are "unknown". Raises NotServed for labels outside `CLASSES`.
    """
    strange = [label for label in labels if label not in CLASSES and label != "unknown"]
    if strange:
        raise NotServed(
            f"the label {strange[0]!r} cannot be judged by image analysis, which tells modality and body part only",
            do=f"Choose among {', '.join(CLASSES)}, or use a backend with zero-shot labels such as MedImageInsight.",
        )
    if image.ndim not in (2, 3) or min(image.shape[:2]) < SMALLEST:
        return _unknown(f"too small: {' x '.join(map(str, image.shape))}", labels, ())
    scale = 255.0 if image.dtype == np.uint8 else 1.0
    if float(np.std(np.asarray(image, np.float64))) < 0.01 * scale:
        return _unknown("a constant picture", labels, ())
    return judge(describe(image), load_head(), labels)


def judge(vector: Vector, head: Head, labels: Sequence[str] = ()) -> ModalityGuess:
    """The guess for a descriptor."""
    row = head.weights @ vector.astype(np.float64) + head.bias
    share = np.exp(row - row.max())
    share /= share.sum()
    known = [LabelScore(label, float(p)) for label, p in zip(head.labels, share, strict=True) if label in CLASSES]
    none = LabelScore("unknown", max(0.0, 1.0 - sum(item.score for item in known)))
    ranked = sorted([*known, none], key=lambda item: -item.score)
    best, margin = ranked[0], ranked[0].score - ranked[1].score
    told = f"{best.label} {best.score:.2f}, next {ranked[1].label} {ranked[1].score:.2f}"
    if best.label == "unknown":
        return _unknown(f"unlike the pictures trained on ({told})", labels, ranked)
    if best.score < LEAST_SCORE or margin < LEAST_MARGIN:
        return _unknown(f"no label stands out ({told})", labels, ranked)
    modality, anatomy = CLASSES[best.label]
    return ModalityGuess(modality, anatomy, best.score, margin, told, _told(ranked, labels))


def _unknown(reason: str, labels: Sequence[str], ranked: Sequence[LabelScore]) -> ModalityGuess:
    scores = _told(ranked or (LabelScore("unknown", 1.0), *(LabelScore(label, 0.0) for label in CLASSES)), labels)
    score = next((item.score for item in ranked if item.label == "unknown"), 1.0)
    rest = max((item.score for item in ranked if item.label != "unknown"), default=0.0)
    return ModalityGuess("unknown", "unknown", score, abs(score - rest), reason, scores)


def _told(ranked: Sequence[LabelScore], labels: Sequence[str]) -> tuple[LabelScore, ...]:
    return tuple(item for item in ranked if not labels or item.label in labels)


@lru_cache(maxsize=1)
def load_head() -> Head:
    """The head shipped beside this file. Raises ToolFailed where it was trained for another descriptor."""
    data: dict[str, Any] = json.loads((files(__package__) / HEAD_FILE).read_text(encoding="utf-8"))
    if data["descriptor_id"] != DESCRIPTOR_ID:
        raise ToolFailed(
            f"{HEAD_FILE} was trained for descriptor {data['descriptor_id']!r}, this is {DESCRIPTOR_ID!r}",
            do="Run training/train_modality.py again.",
        )
    return Head(tuple(data["labels"]), np.asarray(data["weights"], np.float64), np.asarray(data["bias"], np.float64))
