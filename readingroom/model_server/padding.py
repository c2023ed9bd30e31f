"""The black bars by which a client makes a picture square: the baseline reads what is between them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readingroom.imaging.image import Image

Bounds = tuple[slice, slice]
"""Rows and columns of the picture between its bars."""

LEAST = 16
"""Pixels that must be left; a picture that is black but for less is taken as it is."""


def without_bars(image: Image) -> tuple[Image, Bounds]:
    """The picture between its bars and where it lies.

    Bars are rows alone or columns alone, entirely 0, at the ends of a square: what is black all around (a fundus, a
    collimated film) is the picture's own.
    """
    height, width = image.ref.rows, image.ref.columns
    whole = (slice(0, height), slice(0, width))
    if height != width:
        return image, whole
    lit = image.pixels.max(axis=-1) if image.ref.colour else image.pixels
    rows, columns = _extent(lit.max(axis=1)), _extent(lit.max(axis=0))
    barred = (rows != (0, height), columns != (0, width))
    if barred[0] == barred[1] or min(rows[1] - rows[0], columns[1] - columns[0]) < LEAST:
        return image, whole
    bounds = (slice(*rows), slice(*columns))
    pixels = np.ascontiguousarray(image.pixels[bounds])
    return replace(image, pixels=pixels, ref=image.ref.model_copy(update=_size(pixels))), bounds


def _extent(lit: NDArray[Any]) -> tuple[int, int]:
    places = np.flatnonzero(lit)
    return (int(places[0]), int(places[-1]) + 1) if len(places) else (0, len(lit))


def _size(pixels: NDArray[Any]) -> dict[str, int]:
    return {"rows": pixels.shape[0], "columns": pixels.shape[1]}
