"""A bench with one image and a backend that answers at once, for tests of what calls tools."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np

from readingroom.domain.image import ImageRef
from readingroom.domain.request import Request
from readingroom.imaging.image import Image
from readingroom.runs.store import Store
from readingroom.runs.trace import Trace
from readingroom.tools.backends.classical.backend import BASELINE, ClassicalBackend
from readingroom.tools.backends.protocol import Segmented
from readingroom.tools.tool import Bench, Masks

SYSTEM = "You read images with tools."
DELIMITER = "data-0123456789abcdef"

REF = ImageRef(
    id="img-1", sha256="0" * 64, kind="image", rows=100, columns=100, modality="x_ray", anatomy="chest", view="PA",
    image_left="right",
)  # fmt: skip


class Answering(ClassicalBackend):
    """Outlines whatever it is asked for in the same place, after a pause."""

    def __init__(self, pause: float = 0.0) -> None:
        super().__init__()
        self.pause = pause
        self.asked: list[tuple[str, ...]] = []
        self.running = self.most = 0

    async def segment(self, image: Image, targets: tuple[str, ...]) -> tuple[Segmented, ...]:
        self.asked.append(targets)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(self.pause * (2 if "heart" in targets else 1))
        finally:
            self.running -= 1
        mask = np.zeros((100, 100), bool)
        mask[20:80, 10:40] = True
        return tuple(Segmented(target, mask, 0.9, "because", "drawn", BASELINE) for target in targets)


def bench_at(folder: Path, backend: ClassicalBackend | None = None) -> Bench:
    """A new run in its own store."""
    store = Store(folder)
    trace = Trace.begin(store, workflow="test", subject="unknown", request=Request(), code_version="0")
    image = Image(REF, np.zeros((100, 100), np.float32))
    prior = replace(image, ref=REF.model_copy(update={"id": "img-2", "role": "prior"}))
    return Bench({"img-1": image, "img-2": prior}, backend or Answering(), trace, Masks(store.blobs))
