"""Whether the model behind an endpoint is still the one that the cohort began with: one picture, embedded anew."""

from __future__ import annotations

import asyncio

import numpy as np

from readingroom.cohorts.journal import Journal
from readingroom.domain.image import ImageRef
from readingroom.errors import NotServed, RecordError, ToolFailed
from readingroom.imaging.image import Image
from readingroom.serving import Serving
from readingroom.settings import Settings
from readingroom.tools.backends.protocol import Embedded

SAME = 0.999
"""Cosine below which two vectors of one picture are of two models: the same weights on other machines give 0.9999."""
LOOK_SECONDS = 300.0
SIDE = 256


class Canary:
    """Looks at the beginning, at the end and every five minutes, where the embedding model is an endpoint."""

    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._settings = settings.model_copy(update={"cache": False})
        self._journal = journal

    async def watch(self) -> None:
        """Until cancelled. Raises RecordError where the model has changed."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Raises RecordError where the model has changed since the cohort was begun. A model that is away says
        nothing of that."""
        if "endpoint" not in self._settings.backend.split(",") or "medimageinsight" not in self._settings.endpoints:
            return
        serving = Serving(self._settings)
        try:
            found = await serving.backend().embed(_picture())
        except (NotServed, ToolFailed):
            return
        finally:
            await serving.aclose()
        self._compare(found)

    def _compare(self, found: Embedded) -> None:
        held = self._journal.about("canary")
        if not held:
            self._journal.tell("canary", found.vector.astype("<f4").tobytes().hex())
            return
        then = np.frombuffer(bytes.fromhex(held), dtype="<f4")
        cosine = float(then @ found.vector) if then.size == found.vector.size else 0.0
        if cosine < SAME:
            raise RecordError(
                f"the embedding model has changed since this cohort was begun (cosine {cosine:.4f} of one picture)",
                do="Set the deployment back, or do all again with --new-generation.",
            )


def _picture() -> Image:
    """Grey shapes of no patient, always the same."""
    across, down = np.meshgrid(np.linspace(-1, 1, SIDE), np.linspace(-1, 1, SIDE))
    pixels = np.clip(120 + 80 * np.cos(5 * across) * np.exp(-(down**2)) - 60 * (across**2 + down**2 < 0.1), 0, 255)
    grey = pixels.astype(np.uint8)
    ref = ImageRef(id="img-1", sha256="0" * 64, kind="image", rows=SIDE, columns=SIDE, modality="other", name="canary")
    return Image(ref, grey)
