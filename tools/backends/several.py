"""Several images embedded at once: in one call where a backend takes several, else side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from readingroom.errors import NotAuthorised, ReadingRoomError, RecordError
from readingroom.imaging.image import Image
from readingroom.tools.backends.protocol import Backend, Embedded

Each = Sequence[Embedded | ReadingRoomError]
"""One answer or error an image, in order."""


@runtime_checkable
class EmbedsSeveral(Protocol):
    """A backend that takes several images in one call."""

    async def embed_several(self, images: Sequence[Image]) -> Each:
        """Raises NotAuthorised, and Unavailable where nothing was answered because the model cannot be."""
        ...


async def embed_each(backend: Backend, images: Sequence[Image]) -> Each:
    """Raises what nothing more can be asked after; every other error stands in its image's place."""
    if isinstance(backend, EmbedsSeveral):
        return await backend.embed_several(images)
    return await embed_side_by_side(backend, images)


async def embed_side_by_side(backend: Backend, images: Sequence[Image]) -> Each:
    """Each in a call of its own."""
    return await asyncio.gather(*(_one(backend, image) for image in images))


async def _one(backend: Backend, image: Image) -> Embedded | ReadingRoomError:
    try:
        return await backend.embed(image)
    except (NotAuthorised, RecordError):
        raise
    except ReadingRoomError as error:
        return error
