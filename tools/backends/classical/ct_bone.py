"""Bone on CT: hysteresis threshold, contrast-filled vessels taken out, marrow filled in."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from scipy import ndimage
from skimage.measure import regionprops

from readingroom.tools.backends.classical.ct_grid import Grid, Hounsfield, by_slice, closed, disk, eroded, opened
from readingroom.tools.backends.classical.segment import Mask

CORTEX = 300.0
"""HU that every piece of bone reaches somewhere; contrast-filled veins and organs do not."""
TRABECULAR = 120.0
"""HU above which what hangs together with cortex is bone, without contrast medium."""
TRABECULAR_CONTRAST = 150.0
"""The same where contrast-filled vessels were found: between enhanced organs and trabecular bone."""


class Bone(NamedTuple):
    """Bone, and the contrast-filled vessels that were kept out."""

    mask: Mask
    vessels: Mask


def bone(grid: Grid, body: Mask) -> Bone:
    """Bone with its marrow inside `body`, on the source voxels."""
    smooth = _smooth(grid)
    vessels = _vessels(smooth, body, grid)
    floor = TRABECULAR_CONTRAST if vessels.any() else TRABECULAR
    weak = (smooth > floor) & body & ~vessels
    labels, count = ndimage.label(weak)
    strong = np.bincount(labels[(grid.full > CORTEX) & weak], minlength=count + 1)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    dz, dy, dx = grid.spacing
    least = 12.0 / (dy * dx) if grid.flat else 60.0 / (dz * dy * dx)
    keep = (strong > 0) & (sizes >= least)
    keep[0] = False
    return Bone(_marrow(closed(keep[labels], 3.5, grid.spacing) & ~vessels, smooth, grid) & body, vessels)


def _smooth(grid: Grid) -> Hounsfield:
    """In-plane Gaussian of 0.7 mm against noise, none where voxels are as wide as a cortex."""
    sy, sx = (0.7 / s for s in grid.spacing[1:])
    if min(sy, sx) < 0.4:
        return grid.full
    return np.stack([cv2.GaussianBlur(plane, (0, 0), sigmaX=sx, sigmaY=sy) for plane in grid.full])


def _vessels(smooth: Hounsfield, body: Mask, grid: Grid) -> Mask:
    """Round, homogeneous bright discs (aorta, heart chambers, cava): bone's inside is never so even."""
    out = np.zeros(smooth.shape, bool)
    if max(grid.spacing[1:]) > 1.6:
        return out
    discs = opened((smooth > 115) & (smooth < 600) & body, 4.5, grid.spacing)
    core = eroded(discs, 2.5, grid.spacing)
    pixel = grid.spacing[1] * grid.spacing[2]
    for z in np.flatnonzero(core.any(axis=(1, 2))):
        labels, _ = ndimage.label(discs[z])
        for region in regionprops(labels):
            inside = core[z][region.slice] & region.image
            area = region.area * pixel
            if not 110 < area < 4000 or region.solidity < 0.9 or inside.sum() * pixel < 15:
                continue
            low, high = np.percentile(smooth[z][region.slice][inside], (20, 80))
            if high - low < 30:
                out[z][region.slice] |= region.image
    kernel = disk(1.5, grid.spacing)
    return by_slice(out, lambda plane: cv2.dilate(plane, kernel)) if out.any() else out


def _marrow(mask: Mask, smooth: Hounsfield, grid: Grid) -> Mask:
    """Fill enclosed marrow, but neither the spinal canal (midline, 5..60 HU) nor the skull's inside (over 12 cm²)."""
    pixel = grid.spacing[1] * grid.spacing[2]
    columns = np.flatnonzero(mask.any(axis=(0, 1)))
    middle, reach = (columns.mean(), 0.08 * np.ptp(columns)) if columns.size else (0.0, 0.0)
    out = mask.copy()
    for z in np.flatnonzero(mask.any(axis=(1, 2))):
        count, labels, stats, _ = cv2.connectedComponentsWithStats((~mask[z]).astype(np.uint8), connectivity=4)
        border = set(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]).tolist())
        for hole in range(1, count):
            x, y, w, h, area = stats[hole]
            if hole in border or area * pixel > 1200:
                continue
            window = (slice(y, y + h), slice(x, x + w))
            inside = labels[window] == hole
            canal = abs(x + w / 2 - middle) < reach and 5 < np.median(smooth[z][window][inside]) < 60
            if area * pixel < 70 or not canal:
                out[z][window] |= inside
    return out


def bone_quality(found: Bone, body: Mask, grid: Grid) -> tuple[float, str]:
    """How far the bone mask is to be trusted, with the reason."""
    if not found.mask.any():
        return 0.0, "no voxel of bone density"
    share = float(found.mask.sum() / max(1, body.sum()))
    metal = float((grid.full[found.mask] > 2000).mean())
    hard = float((grid.full[found.mask] > 250).mean())
    quality = 0.82
    quality -= 0.15 if found.vessels.any() else 0.0
    quality -= 0.1 if max(grid.spacing[1:]) > 1.6 else 0.0
    quality -= min(0.4, 6 * metal)
    quality *= min(1.0, hard / 0.12) * min(1.0, share / 0.01) * (1.0 if share < 0.4 else 0.4)
    told = ", contrast-filled vessels present" if found.vessels.any() else ""
    return float(np.clip(quality, 0, 1)), f"{share:.1%} of the body, {hard:.0%} above 250 HU{told}"
