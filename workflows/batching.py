"""Images from many readers gathered into batches for a backend, with a cap on the pixels that wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from readingroom.errors import ReadingRoomError, ToolFailed
from readingroom.imaging.image import Image
from readingroom.tools.backends.protocol import Backend, Embedded
from readingroom.tools.backends.several import Each, embed_each

BATCH = 16
"""Images in one call; the page of MedImageInsight says to keep the index "in the dozens"."""
AT_ONCE = 4
"""Batches on the way; an endpoint's own limiter admits fewer where it must."""

Answer = TypeVar("Answer")

Place = asyncio.Future[Embedded | ReadingRoomError]


class Batcher:
    """Whatever waits when a place is free goes in one batch: none waits for others to come."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._waiting: asyncio.Queue[tuple[Image, Place]] = asyncio.Queue()
        self._places = asyncio.Semaphore(AT_ONCE)

    async def embed(self, images: Sequence[Image]) -> Each:
        """One answer or error an image, in order."""
        places: list[Place] = [asyncio.get_running_loop().create_future() for _ in images]
        for pair in zip(images, places, strict=True):
            self._waiting.put_nowait(pair)
        return await asyncio.gather(*places)

    async def serve(self) -> None:
        """Until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._places.acquire()
                try:
                    batch = [await self._waiting.get()]
                except asyncio.CancelledError:  # another `serve` may follow, and needs all places
                    self._places.release()
                    raise
                while len(batch) < BATCH and not self._waiting.empty():
                    batch.append(self._waiting.get_nowait())
                group.create_task(self._sent(batch))

    async def _sent(self, batch: Sequence[tuple[Image, Place]]) -> None:
        """Whatever comes of it, every place is filled: a fault fails this batch alone, and nobody waits for ever."""
        try:
            found = await attempted(self._embedded([image for image, _ in batch]))
            for place, (_, at) in enumerate(batch):
                if at.done():
                    continue
                if isinstance(found, BaseException):
                    at.set_exception(as_ours(found))
                else:
                    at.set_result(found[place])
        finally:
            self._places.release()
            for _, at in batch:
                at.cancel()  # of those that are filled, nothing

    async def _embedded(self, images: Sequence[Image]) -> Each:
        found = await embed_each(self._backend, images)
        if len(found) != len(images):
            raise ToolFailed(f"{len(found)} vectors came for {len(images)} images", where=self._backend.name)
        return found


async def attempted(call: Awaitable[Answer]) -> Answer | BaseException:
    """What came of a call: its answer or what it raised; only where we are cancelled ourselves, that goes on."""
    (found,) = await asyncio.gather(call, return_exceptions=True)
    return found


def as_ours(error: BaseException) -> ReadingRoomError:
    """As one of ours; of a fault only its kind is told, for its words may hold what was read."""
    return error if isinstance(error, ReadingRoomError) else ToolFailed(f"a fault ({type(error).__name__})")


class Budget:
    """So many bytes may be held at once; what is larger than all of them is held alone."""

    def __init__(self, most: int) -> None:
        self._most, self._held = most, 0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def of(self, size: int) -> AsyncIterator[None]:
        async with self._changed:
            await self._changed.wait_for(lambda: not self._held or self._held + size <= self._most)
            self._held += size
        try:
            yield
        finally:
            async with self._changed:
                self._held -= size
                self._changed.notify_all()
