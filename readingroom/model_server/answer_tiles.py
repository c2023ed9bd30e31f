"""Prov-GigaPath over a backend: a map of 14 x 14 patches, each with vectors of its surroundings and of the whole tile.

Over the classical baseline that is colour and texture, not what a pathology model has learned.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from readingroom.errors import NotServed
from readingroom.imaging.image import Image
from readingroom.model_server.frame import file_in
from readingroom.model_server.pictures import labelled, picture
from readingroom.tools.backends.protocol import Backend
from readingroom.tools.contracts.envelope import Cells, Frame
from readingroom.tools.contracts.gigapath import SHAPE, TileRow, encode_tiles

SIDE = 224
"""Pixels of the tile as the model sees it."""
WINDOW = 32
"""Pixels of one window: 7 x 7 of them, each told for the 2 x 2 patches of 16 pixels in it."""
VECTOR = 1024


async def answer_tiles(backend: Backend, frame: Frame) -> list[dict[str, Any]]:
    """One (1, 1536, 14, 14) tensor a row: 1024 numbers of the window about the patch, 512 of the whole tile.

    Raises NotServed where the backend's vectors are not of 1024 numbers.
    """
    return encode_tiles([await _row(backend, row, f"row {n}") for n, row in enumerate(frame.rows, 1)])


async def _row(backend: Backend, row: Cells, where: str) -> TileRow:
    image = await picture(file_in(row, "image", where), where)
    pixels = cv2.resize(image.pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    whole = await _vector(backend, image, pixels)
    folded = (whole[:512] + whole[512:]) / np.sqrt(2)
    features = np.empty(SHAPE, np.float32)
    features[VECTOR:] = folded[:, None, None]
    per = WINDOW * SHAPE[1] // SIDE
    for y in range(0, SHAPE[1], per):
        for x in range(0, SHAPE[2], per):
            top, left = y * WINDOW // per, x * WINDOW // per
            window = np.ascontiguousarray(pixels[top : top + WINDOW, left : left + WINDOW])
            features[:VECTOR, y : y + per, x : x + per] = (await _vector(backend, image, window))[:, None, None]
    return TileRow(features, "")


async def _vector(backend: Backend, image: Image, pixels: NDArray[Any]) -> NDArray[np.float32]:
    ref = labelled(image.ref, "pathology tissue").model_copy(
        update={"rows": pixels.shape[0], "columns": pixels.shape[1]}
    )
    found = (await backend.embed(replace(image, ref=ref, pixels=pixels))).vector
    if found.shape != (VECTOR,):
        raise NotServed(f"this backend's vectors have {found.size} numbers, not {VECTOR}", do="Use the baseline.")
    return found
