"""The liver on CT: the largest even soft-tissue mass on the right; an estimate, for volumes only."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from readingroom.tools.backends.classical.ct_grid import Grid, biggest, dilated, eroded, opened, pieces, spread
from readingroom.tools.backends.classical.segment import Mask

BAND = 22.0
"""Half-width in HU of the window around the liver's own density, after smoothing by 4 mm."""
LIKELY_VOLUME = (350.0, 3500.0)
"""Millilitres: below, no more than a piece of liver or none; above, more than liver."""


class Liver(NamedTuple):
    """A mask with what it rests on."""

    mask: Mask
    quality: float
    reason: str


def liver(grid: Grid, body: Mask) -> Liver:
    """The liver on the source voxels, from the coarse filled `body`; empty with a reason where none is plausible."""
    nothing = np.zeros(grid.full.shape, bool)
    if grid.flat or not body.any():
        return Liver(nothing, 0.0, "a single slice does not tell liver from spleen, stomach or muscle; give a volume")
    smooth = ndimage.gaussian_filter(grid.hu, [min(4 / p, 2.0) for p in grid.pitch])
    seed, level, right = _seed(smooth, body, grid)
    if not seed.any():
        return Liver(nothing, 0.0, "no large even mass on the right")
    near = dilated(seed, 9.0, grid.pitch) & body & (np.abs(smooth - level) < BAND + 8)
    coarse = biggest(opened(near, 5.0, grid.pitch))
    volume = float(coarse.sum()) * grid.voxel
    share = float((coarse.sum(axis=(1, 2)) / np.maximum(1, body.sum(axis=(1, 2)))).max())
    reason = f"{volume:.0f} ml about {level:.0f} HU, {right:.0%} right of the midline, up to {share:.0%} of the body"
    if not LIKELY_VOLUME[0] < volume < LIKELY_VOLUME[1] or share < 0.14:
        return Liver(nothing, 0.0, f"no mass of a liver's size: {reason}")
    edge = coarse[0].any() or coarse[-1].any()
    return Liver(_sharpened(coarse, level, grid), 0.6 - (0.05 if edge else 0) - max(0.0, 0.9 - right) / 2, reason)


def _seed(
    smooth: np.ndarray[tuple[int, ...], np.dtype[np.float32]], body: Mask, grid: Grid
) -> tuple[Mask, float, float]:
    """The largest eroded piece of one density on the right, over densities from fatty to enhanced liver."""
    middle = round(float((body.sum(axis=(0, 1)) * np.arange(body.shape[2])).sum() / body.sum()))
    best, level, most, right = np.zeros_like(body), 0.0, 0, 0.0
    for density in range(0, 165, 5):
        labels, sizes = pieces(eroded(body & (np.abs(smooth - density) < BAND), 9.0, grid.pitch))
        if len(sizes) < 2 or sizes[1:].max() <= most:
            continue
        piece = labels == 1 + int(sizes[1:].argmax())
        share = float(piece[:, :, :middle].sum() / piece.sum())
        if share > 0.75:
            best, level, most, right = piece, float(density), int(sizes[1:].max()), share
    return best, level, right


def _sharpened(coarse: Mask, level: float, grid: Grid) -> Mask:
    """A coarse liver on the source voxels, without fat and gas at its edge."""
    near = spread(dilated(coarse, min(grid.pitch[1:]) / 2, grid.pitch), grid)
    soft = np.abs(grid.full - level) < 3 * BAND
    return opened(near & soft, 2.0, grid.spacing) | (eroded(spread(coarse, grid), 3.0, grid.spacing))
