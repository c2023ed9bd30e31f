"""A model of two towers whose space is known: an axis for each finding, along which texts and images stand."""

from __future__ import annotations

import numpy as np

from readingroom.domain.image import ImageRef
from readingroom.imaging.image import Image
from readingroom.tools.backends.classical.backend import ClassicalBackend
from readingroom.tools.backends.protocol import Embedded, Model
from readingroom.tools.label_sets import label_sets

AXES = (*(name for chosen in label_sets().values() for name in chosen.labels), "no finding")
SAID = {
    words.lower(): (AXES.index(name), way)
    for chosen in label_sets().values() for name, one in chosen.labels.items()
    for way, group in ((1.0, one.present), (-1.0, one.absent)) for words in group
} | {"no finding": (AXES.index("no finding"), 1.0)}  # fmt: skip
DIMENSIONS = len(AXES) + 1
GAP = 0.05
"""Cosine by which an image stands closer to a text that is true than to its opposite."""
SCALING = 4.513362407684326
TOWERS = Model(backend="towers", name="MedImageInsight", version="5", preprocessing_id="", description="two towers")


def chest_film(level: int = 0) -> Image:
    ref = ImageRef(id="img-1", sha256="0" * 64, kind="image", rows=8, columns=8, modality="x_ray", anatomy="chest")
    return Image(ref, np.full((8, 8), level, np.uint8))


class Towers(ClassicalBackend):
    """It sees in every image the findings that it was told; `embed` and `embed_texts` keep what was asked."""

    name, version = "towers", "5"

    def __init__(self, *seen: str, scaling: float | None = SCALING, gap: float = GAP) -> None:
        super().__init__()
        self.seen, self.scaling, self.gap = seen, scaling, gap
        self.texts: list[str] = []

    async def embed(self, image: Image, model: str = "") -> Embedded:
        vector = np.zeros(DIMENSIONS)
        seen = self.seen or ("no finding",)
        vector[:-1] = [(1 if name in seen else -1) / 2 * self.gap for name in AXES]
        vector[-1] = np.sqrt(1 - (vector**2).sum())
        told = TOWERS.model_copy(update={"preprocessing_id": "mi2-test"})
        return Embedded(vector.astype(np.float32), told, self.scaling)

    async def embed_texts(self, texts: tuple[str, ...], model: str = "") -> tuple[Embedded, ...]:
        assert model == "medimageinsight"
        self.texts += texts
        return tuple(Embedded(self._text(text), TOWERS, self.scaling) for text in texts)

    def _text(self, text: str) -> np.ndarray:
        """Along the axis of the longest words that it knows, or back along it; of others to nowhere in particular."""
        known = sorted((words for words in SAID if words in text.lower()), key=len)
        axis, way = SAID[known[-1]] if known else (DIMENSIONS - 1, 1.0)
        return np.asarray(way * np.eye(DIMENSIONS)[axis], np.float32)
