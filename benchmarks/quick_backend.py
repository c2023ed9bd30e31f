"""A fast backend that always answers the same and counts its calls: for runs that are killed and told again."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import cv2
import numpy as np

from readingroom.domain.image import ImageRef
from readingroom.domain.report import Report
from readingroom.domain.request import Request
from readingroom.domain.value import canonical_json
from readingroom.errors import NotServed
from readingroom.imaging.image import Image
from readingroom.room import ReadingRoom
from readingroom.tools.backends.protocol import Classified, Draft, Drafted, Embedded, Model, Scored, Segmented

QUICK = Model(backend="quick", name="quick", version="1", preprocessing_id="none", description="boxes drawn for a test")
SIZE = 128
BOXES = {"right lung": (20, 100, 12, 56), "left lung": (20, 100, 72, 116), "heart": (60, 104, 48, 92)}
"""Rows and columns, from and to."""


def write_film(path: Path, seed: int = 1) -> Path:
    """A noisy grey picture: what is in it does not matter, only that the gate takes it."""
    pixels = np.random.default_rng(seed).integers(20, 200, (SIZE, SIZE), dtype=np.uint8)
    cv2.imwrite(str(path), pixels)
    return path


class QuickBackend:
    """Every call is written into `calls`, durably and before it answers, as "tool image digest"."""

    name = "quick"
    version = "1"

    def __init__(self, calls: Path, seconds: float = 0.004) -> None:
        self._calls = calls
        self._seconds = seconds

    async def _called(self, tool: str, image: Image) -> None:
        with self._calls.open("a") as file:
            file.write(f"{tool} {image.ref.id} {image.ref.sha256[:12]}\n")
            file.flush()
            os.fsync(file.fileno())
        await asyncio.sleep(self._seconds)

    def targets(self, ref: ImageRef) -> tuple[str, ...]:
        return tuple(BOXES) if ref.kind == "image" else ()

    def targets_by_name(self, ref: ImageRef) -> tuple[str, ...]:
        return self.targets(ref)

    async def segment(self, image: Image, targets: tuple[str, ...]) -> tuple[Segmented, ...]:
        await self._called("segment", image)
        return tuple(_drawn(image, target) for target in targets)

    async def embed(self, image: Image, model: str = "") -> Embedded:
        raise NotServed("the quick backend does not embed")

    async def embed_texts(self, texts: tuple[str, ...]) -> tuple[Embedded, ...]:
        raise NotServed("the quick backend does not embed")

    async def classify(self, image: Image, labels: tuple[str, ...]) -> Classified:
        await self._called("classify", image)
        return Classified("x_ray chest", (Scored("x_ray chest", 0.9),), "because it is told to", False, QUICK)

    async def draft(self, images: tuple[Image, ...], request: Request) -> Draft:
        await self._called("draft", images[0])
        found = Drafted("nodule", "present", "a nodule", laterality="right", quality=0.9, quality_reason="told")
        return Draft((found,), ("pneumothorax",), QUICK)


def _drawn(image: Image, target: str) -> Segmented:
    top, bottom, left, right = BOXES[target]
    mask = np.zeros(image.pixels.shape[:2], dtype=bool)
    mask[top:bottom, left:right] = True
    return Segmented(target, mask, 0.9, "drawn", "a box", QUICK, boundary_sd=1.0)


class QuickServing:
    """Stands where a room's serving stands."""

    def __init__(self, calls: Path, seconds: float = 0.004) -> None:
        self._calls = calls
        self._seconds = seconds

    def backend(self, marks: frozenset[str] = frozenset()) -> QuickBackend:
        return QuickBackend(self._calls, self._seconds)

    async def aclose(self) -> None:
        """There is nothing open."""


def quick_room(home: Path, calls: Path) -> ReadingRoom:
    """A room over the quick backend."""
    room = ReadingRoom(home=home / "data", config=home / "config")
    room.serving = QuickServing(calls)  # type: ignore[assignment]
    return room


def timeless(report: Report) -> str:
    """A report without its run's id and times."""
    same = {"run": "", "started": "", "finished": ""}
    provenance = report.provenance.model_copy(update=same)
    return canonical_json(report.model_copy(update={"id": "", "provenance": provenance}))
