"""MedImageParse3D over a backend: named targets in a volume to one label map, axes as submitted."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np

from readingroom.imaging.grid import Grid, image_of, orientation
from readingroom.imaging.image import Image
from readingroom.imaging.volume import reoriented
from readingroom.model_server.answer_parse import named_targets, segmented
from readingroom.model_server.frame import file_in
from readingroom.model_server.pictures import routed, volume_grid
from readingroom.tools.backends.protocol import Backend, Mask
from readingroom.tools.contracts.envelope import Cells, Frame
from readingroom.tools.contracts.medimageparse3d import Parse3dRow, encode_parse3d


async def answer_parse3d(backend: Backend, frame: Frame) -> list[dict[str, Any]]:
    """One label map a row: n where the n-th target was outlined, the smaller of two that overlap.

    What is not served or not assessable is left out.
    """
    rows = [await _row(backend, row, f"row {n}") for n, row in enumerate(frame.rows, 1)]
    return await asyncio.to_thread(encode_parse3d, rows)


async def _row(backend: Backend, row: Cells, where: str) -> Parse3dRow:
    names = named_targets(row, where)
    grid, image = await asyncio.to_thread(_read, file_in(row, "image", where), where)
    image = await routed(backend, image, row.get("text") or "")
    masks = np.zeros((len(names), *grid.voxels.shape), np.bool_)
    for place, name in enumerate(names):
        found = await segmented(backend, image, name)
        if found is not None and found.assessable and found.mask.ndim == 3:
            as_submitted(found.mask, grid, masks[place])
    return Parse3dRow(apart(masks), "")


def _read(content: bytes, where: str) -> tuple[Grid, Image]:
    grid = volume_grid(content, where)
    return grid, image_of(grid)


def apart(masks: Mask) -> Mask:
    """Masks (N, D, H, W) without overlap, since a label map holds one target a voxel: the smaller one keeps it."""
    owner = np.full(masks.shape[1:], -1, np.int32)
    for place in np.argsort([-int(mask.sum()) for mask in masks], kind="stable"):
        owner[masks[place]] = place
    return np.asarray(owner == np.arange(len(masks))[:, None, None, None], np.bool_)


def as_submitted(mask: Mask, grid: Grid, out: Mask) -> None:
    """A mask with axes S, P, L into `out`, whose axes are the file's (slice, row, column)."""
    reoriented(out, orientation(grid))[...] = mask
