"""Small pyramidal slides written from code: a stained corner on glass, its colours telling column and row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tifffile

SHAPE = (1024, 1536)
STAINED = (768, 1024)
"""Rows and columns of the corner with stain, from the upper left."""


def stained(shape: tuple[int, int] = SHAPE, corner: tuple[int, int] = STAINED) -> np.ndarray:
    """(H, W, 3): red is 120 and a tenth of a level each column more, blue the same of rows, green low; else glass."""
    pixels = np.full((*shape, 3), 244, np.uint8)
    rows, columns = np.mgrid[: corner[0], : corner[1]]
    pixels[: corner[0], : corner[1]] = np.stack(
        [120 + columns * 0.1, np.full(corner, 40), 120 + rows * 0.1], axis=-1
    ).astype(np.uint8)  # fmt: skip
    return pixels


def write_slide(path: Path, *, levels: int = 3, sub: bool = True, tile: int | None = 128, mpp: float | None = 0.5,
                **more: Any) -> Path:  # fmt: skip
    """Levels each half of the one before, as sub-images of the first or as pages of their own."""
    pixels, options = stained(), {"photometric": "rgb", "compression": "deflate", **more}
    if tile:
        options["tile"] = (tile, tile)
    if mpp:
        options |= {"resolution": (10_000 / mpp, 10_000 / mpp), "resolutionunit": "CENTIMETER"}
    with tifffile.TiffWriter(path) as file:
        file.write(pixels, subifds=levels - 1 if sub else 0, metadata=None, **options)
        for _ in range(levels - 1):
            blocks = pixels.reshape(pixels.shape[0] // 2, 2, pixels.shape[1] // 2, 2, 3)
            pixels = blocks.mean(axis=(1, 3)).round().astype(np.uint8)
            if mpp:
                options["resolution"] = tuple(one / 2 for one in options["resolution"])
            options.pop("description", None)
            file.write(pixels, subfiletype=1, metadata=None, **options)
    return path
