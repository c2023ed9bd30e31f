"""An image, a volume or several frames as one vector: of more than one plane the pooled one, with its slices."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import cast, get_args

import numpy as np

from readingroom.errors import ReadingRoomError
from readingroom.imaging.image import Image
from readingroom.imaging.slices import slice_of
from readingroom.index.entry import Entry, Space
from readingroom.index.pooling import Pooling, pooled, spread
from readingroom.index.protocol import Vectors
from readingroom.tools.backends.protocol import Embedded, Model
from readingroom.tools.backends.several import Each

MOST_SLICES = 64
"""Slices that stand for a volume, at equal steps: beyond some dozens the median hardly moves."""

EmbedEach = Callable[[Sequence[Image]], Awaitable[Each]]
"""As `several.embed_each` of one backend."""


@dataclass(frozen=True)
class ImageVector:
    """What stands for an image, and what it was made from."""

    vector: Vectors
    model: Model
    planes: tuple[int, ...] = ()
    """The slices or frames that were embedded; empty of a single picture."""
    slices: Vectors | None = None
    """(planes, D), of length 1."""


async def image_vector(
    image: Image, each: EmbedEach, how: Pooling = "median", most_slices: int = MOST_SLICES
) -> ImageVector:
    """Of a picture its own vector; of a volume or several frames the pooled one (index/pooling.py).

    Raises the first error that an image or a slice met.
    """
    planes = spread(image.ref.depth, most_slices) if image.ref.kind != "image" else ()
    found = [_given(one) for one in await each([slice_of(image, plane) for plane in planes] or [image])]
    if not planes:
        return ImageVector(found[0].vector, found[0].model)
    slices = np.stack([one.vector for one in found])
    return ImageVector(pooled(slices, how), found[0].model, planes, slices)


def _given(one: Embedded | ReadingRoomError) -> Embedded:
    if isinstance(one, ReadingRoomError):
        raise one
    return one


def space_of(model: Model, dimensions: int) -> Space:
    """Where a model's vectors can be compared."""
    return Space(
        model=model.name, version=model.version, preprocessing_id=model.preprocessing_id, dimensions=dimensions
    )


def told_pooling(entries: Sequence[Entry]) -> Pooling:
    """How the volumes among the rows were pooled ("median of 20"): the median where none of them says."""
    for entry in entries:
        how = str(entry.metadata.get("pooling", "")).partition(" ")[0]
        for known in get_args(Pooling):
            if how == known:
                return cast("Pooling", known)
    return "median"
