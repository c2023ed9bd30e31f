"""Several backends as one: each call goes to the first that serves it, in the order that the user named them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from readingroom.domain.image import ImageRef
from readingroom.domain.request import Request
from readingroom.errors import NotServed
from readingroom.imaging.image import Image
from readingroom.tools.backends.protocol import Backend, Classified, Draft, Embedded, Segmented
from readingroom.tools.backends.stains import Stained, stain

Answer = TypeVar("Answer")


class Chain:
    """Only NotServed passes a call on: a model that failed is not quietly replaced by another."""

    def __init__(self, backends: tuple[Backend, ...]) -> None:
        self._backends = backends
        self.name = ",".join(backend.name for backend in backends)
        self.version = ",".join(backend.version for backend in backends)

    def targets(self, ref: ImageRef) -> tuple[str, ...]:
        """All that any of them serves unasked, each target once."""
        return tuple(dict.fromkeys(name for backend in self._backends for name in backend.targets(ref)))

    def targets_by_name(self, ref: ImageRef) -> tuple[str, ...] | None:
        """All that any of them serves by name; any words, where one of them takes any."""
        named: dict[str, None] = {}
        for backend in self._backends:
            listed = backend.targets_by_name(ref)
            if listed is None:
                return None
            named |= dict.fromkeys(listed)
        return tuple(named)

    async def segment(self, image: Image, targets: tuple[str, ...]) -> tuple[Segmented, ...]:
        """Each target by the first backend that serves it unasked, else by the first that takes it at all."""
        found: dict[str, Segmented] = {}
        for backend in self._backends:
            listed = set(backend.targets(image.ref))
            if mine := tuple(name for name in targets if name in listed and name not in found):
                found |= zip(mine, await backend.segment(image, mine), strict=True)
        if rest := tuple(name for name in targets if name not in found):
            found |= zip(rest, await self._first(lambda backend: backend.segment(image, rest)), strict=True)
        return tuple(found[name] for name in targets)

    async def embed(self, image: Image, model: str = "") -> Embedded:
        return await self._first(lambda backend: backend.embed(image, model))

    async def stain(self, image: Image) -> Stained:
        return await self._first(lambda backend: stain(backend, image))

    async def embed_texts(self, texts: tuple[str, ...], model: str = "") -> tuple[Embedded, ...]:
        return await self._first(lambda backend: backend.embed_texts(texts, model))

    async def classify(self, image: Image, labels: tuple[str, ...]) -> Classified:
        return await self._first(lambda backend: backend.classify(image, labels))

    async def draft(self, images: tuple[Image, ...], request: Request) -> Draft:
        return await self._first(lambda backend: backend.draft(images, request))

    async def _first(self, call: Callable[[Backend], Awaitable[Answer]]) -> Answer:
        """Raises the last backend's NotServed where none serves it."""
        for backend in self._backends[:-1]:
            try:
                return await call(backend)
            except NotServed:
                continue
        return await call(self._backends[-1])
