"""GigaTIME over a backend: nuclei as the DAPI channel, and nothing in the 22 channels that stains alone do not show."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from readingroom.model_server.answer_parse import segmented
from readingroom.model_server.frame import file_in
from readingroom.model_server.pictures import labelled, picture
from readingroom.tools.backends.protocol import Backend
from readingroom.tools.contracts.envelope import Cells, Frame
from readingroom.tools.contracts.gigatime import CHANNELS, MarkerRow, encode_markers

LARGEST = 256
"""Pixels of the longer side of a map: 23 maps of it take some 6 MB of JSON. The model's own size is not published."""


async def answer_markers(backend: Backend, frame: Frame) -> list[Any]:
    """[N, 23, H, W]: DAPI is how much of each map pixel lies in a nucleus, the other channels are 0: not known."""
    rows = [await _row(backend, row, f"row {n}") for n, row in enumerate(frame.rows, 1)]
    return await asyncio.to_thread(encode_markers, rows)


async def _row(backend: Backend, row: Cells, where: str) -> MarkerRow:
    image = await picture(file_in(row, "image", where), where)
    image = replace(image, ref=labelled(image.ref, "pathology tissue"))
    scale = min(1.0, LARGEST / max(image.ref.rows, image.ref.columns))
    size = (max(1, round(image.ref.columns * scale)), max(1, round(image.ref.rows * scale)))
    maps = np.zeros((len(CHANNELS), size[1], size[0]), np.float32)
    found = await segmented(backend, image, "nuclei")
    if found is not None and found.assessable:
        maps[CHANNELS.index("DAPI")] = cv2.resize(found.mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return MarkerRow(np.round(maps, 3), "")
