"""A backend as a run sees it: who it is and what it serves unasked are part of the run's record."""

from __future__ import annotations

from readingroom.domain.image import ImageRef
from readingroom.domain.request import Request
from readingroom.domain.value import digest_of
from readingroom.errors import RecordError
from readingroom.imaging.image import Image
from readingroom.runs.trace import Trace
from readingroom.tools.backends.protocol import Backend, Classified, Draft, Embedded, Segmented


class Recorded:
    """With a backend: that one, its answers to `targets` kept as facts of the run. Without: what the record tells."""

    def __init__(self, trace: Trace, identity: tuple[str, str], backend: Backend | None = None) -> None:
        self.name, self.version = identity
        self._trace = trace
        self._backend = backend

    @property
    def _asked(self) -> Backend:
        if self._backend is None:
            raise RecordError("nothing is asked of a model while a run is told again")
        return self._backend

    def targets(self, ref: ImageRef) -> tuple[str, ...]:
        found = self._trace.fact(f"targets of {ref.id} {digest_of(ref)[:12]}", lambda: list(self._asked.targets(ref)))
        return tuple(found)

    def targets_by_name(self, ref: ImageRef) -> tuple[str, ...] | None:
        def asked() -> list[str] | None:
            names = self._asked.targets_by_name(ref)
            return None if names is None else list(names)

        found = self._trace.fact(f"targets by name of {ref.id} {digest_of(ref)[:12]}", asked)
        return None if found is None else tuple(found)

    async def segment(self, image: Image, targets: tuple[str, ...]) -> tuple[Segmented, ...]:
        return await self._asked.segment(image, targets)

    async def embed(self, image: Image, model: str = "") -> Embedded:
        return await self._asked.embed(image, model)

    async def embed_texts(self, texts: tuple[str, ...], model: str = "") -> tuple[Embedded, ...]:
        return await self._asked.embed_texts(texts, model)

    async def classify(self, image: Image, labels: tuple[str, ...]) -> Classified:
        return await self._asked.classify(image, labels)

    async def draft(self, images: tuple[Image, ...], request: Request) -> Draft:
        return await self._asked.draft(images, request)
