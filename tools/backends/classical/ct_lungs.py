"""The lungs on CT, told from bowel gas by what lies in them and where; and the airway between them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import regionprops
from skimage.segmentation import watershed

from readingroom.tools.backends.classical.ct_grid import (
    Grid,
    closed,
    dilated,
    eroded,
    filled,
    lay,
    opened,
    pieces,
    spread,
)
from readingroom.tools.backends.classical.segment import Mask

AERATED = -400.0
"""HU below which a block of voxels holds mostly air."""
PARENCHYMA = (-940.0, -500.0)
"""Median HU of aerated lung from full inspiration with emphysema to expiration; bowel gas lies at -1000..-950."""
LUNG_SHARE = 0.20
"""Of the body's cross-section, what the lungs reach in some slice of every chest CT; bases and apices alone do not."""
SLICE_SHARE = 0.14
"""The same for a single slice."""


@dataclass(frozen=True)
class Lungs:
    """Right and left lung on the coarse grid, or why there are none."""

    right: Mask
    left: Mask
    reason: str
    split: str = ""
    """How the two were told apart."""
    cut: str = ""
    """Where the field of view ends inside the lungs."""

    @property
    def both(self) -> Mask:
        return self.right | self.left

    @property
    def found(self) -> bool:
        return bool(self.right.any() or self.left.any())


def find_lungs(grid: Grid, body: Mask, tubes: Mask) -> Lungs:
    """Lungs inside the coarse `body`, without the airway's `tubes`; empty with a reason where no chest is shown."""
    nothing = np.zeros_like(body)
    inside = eroded(body, min(grid.pitch[1:]), grid.pitch)
    air = (grid.hu < AERATED) & inside & ~spread_to(grid, tubes)
    lung = _parenchyma(air, grid)
    area = lung.sum(axis=(1, 2))
    share = area / np.maximum(1, body.sum(axis=(1, 2)))
    if not lung.any() or area.max() * grid.pitch[1] * grid.pitch[2] < 300:
        return Lungs(nothing, nothing, "lung not visible: no aerated parenchyma (gas in bowel is not lung)")
    if share.max() < (SLICE_SHARE if grid.flat else LUNG_SHARE):
        part = "base or apex" if grid.flat else "base" if area.argmax() > len(area) / 2 else "apex"
        return Lungs(nothing, nothing, f"lung {part} only: at most {share.max():.0%} of the body in any slice")
    right, left, split = _sides(lung, body, grid)
    ends = [name for name, z in (("bottom", 0), ("top", -1)) if not grid.flat and share[z] > 0.04]
    return Lungs(right, left, f"up to {share.max():.0%} of the body", split, " and ".join(ends))


def spread_to(grid: Grid, mask: Mask) -> Mask:
    """A mask on the source voxels, on the coarse grid: every block that it touches by a third."""
    return np.asarray(lay(mask.astype(np.float32) * 1000, grid.spacing).hu > 333)


def _parenchyma(air: Mask, grid: Grid) -> Mask:
    """The pieces of `air` that hold lung: wide, of lung's density, textured, not a cavity of pure gas."""
    labels, sizes = pieces(air)
    keep = np.zeros(len(sizes), bool)
    least = 200 / (grid.pitch[1] * grid.pitch[2]) if grid.flat else 15 / grid.voxel
    core = eroded(air, min(grid.pitch[1:]), grid.pitch)
    for piece, box in enumerate(ndimage.find_objects(labels), 1):
        if sizes[piece] < least:
            continue
        inner = (labels[box] == piece) & core[box]
        values = grid.hu[box][inner]
        if values.size < 0.15 * sizes[piece] or values.size < 8:
            continue
        gas = float(np.mean(values < -960))
        dense = float(np.mean(values > -600))
        keep[piece] = PARENCHYMA[0] < np.median(values) < PARENCHYMA[1] and gas < 0.4 and dense < 0.45
    kept = sizes * keep
    keep &= kept >= 0.03 * max(1, kept.max())
    return np.asarray(keep[labels])


def _sides(lung: Mask, body: Mask, grid: Grid) -> tuple[Mask, Mask, str]:
    """Right and left by the pieces' place about the body's middle; joined lungs parted at their waist."""
    columns = np.arange(lung.shape[-1])
    middle = float((body.sum(axis=(0, 1)) * columns).sum() / body.sum())
    split = "separate pieces"
    labels: NDArray[np.int32] = pieces(lung)[0]
    for radius in (0.0, 3.0, 6.0, 9.0):
        cores = eroded(lung, radius, grid.pitch) if radius else lung
        labels, sizes = pieces(cores)
        labels = np.where(np.isin(labels, np.flatnonzero(sizes < 0.01 * lung.sum())), 0, labels)
        if not _straddles(labels, middle):
            split = f"parted by an erosion of {radius:.0f} mm" if radius else split
            break
    else:
        left_half = columns[None, None] > middle
        return lung & ~left_half, lung & left_half, "parted at the body's midline"
    if radius or (labels == 0).sum() > (~lung).sum():
        depth = ndimage.distance_transform_edt(lung, sampling=grid.pitch)
        labels = np.asarray(watershed(-depth, labels, mask=lung), np.int32)
    numbers = np.arange(labels.max() + 1)
    centres = np.array([c[2] for c in ndimage.center_of_mass(labels > 0, labels, numbers[1:])])
    on_left = np.concatenate([[False], np.nan_to_num(centres, nan=-1.0) > middle])
    left = on_left[labels] & lung
    return lung & ~left & (labels > 0), left, split


def _straddles(labels: NDArray[np.int32], middle: float) -> bool:
    """Whether one piece has a fifth of itself on each side."""
    sides = labels[:, :, : round(middle)], labels[:, :, round(middle) :]
    one, two = (np.bincount(s.ravel(), minlength=labels.max() + 1)[1:] for s in sides)
    whole = one + two
    return bool(np.any((np.minimum(one, two) > 0.15 * whole) & (whole > 0.1 * whole.sum())))


def refine(coarse: Mask, grid: Grid, airway: Mask, body: Mask) -> Mask:
    """A coarse lung on the source voxels: aerated voxels near it, vessels inside it filled in."""
    near = spread(dilated(coarse, min(grid.pitch[1:]), grid.pitch), grid)
    air = (grid.full < AERATED - 50) & near & body & ~airway
    whole = filled(closed(opened(air, 1.0, grid.spacing), 3.0, grid.spacing))
    return whole & near & body & ~airway


def find_tubes(grid: Grid, body: Mask) -> Mask:
    """Round, gas-filled, walled cross-sections near the middle, slice by slice, on the source voxels."""
    out: Mask = np.zeros(grid.full.shape, bool)
    middle = np.flatnonzero(body.any(axis=(0, 1)))
    if middle.size == 0:
        return out
    centre, reach = middle.mean() * grid.steps[2], 0.16 * np.ptp(middle) * grid.steps[2]
    dy, dx = grid.spacing[1:]
    lo, hi = (int(np.clip(centre + s * 1.5 * reach, 0, out.shape[-1])) for s in (-1, 1))
    for z, plane in enumerate(grid.full[:, :, lo:hi]):
        count, labels, stats, centres = cv2.connectedComponentsWithStats(
            (plane < -880).astype(np.uint8), connectivity=4
        )
        for piece in range(1, count):
            area = stats[piece, cv2.CC_STAT_AREA] * dy * dx
            if not 40 < area < 700 or abs(centres[piece][0] + lo - centre) > reach:
                continue
            inside = labels == piece
            if _is_tube(plane, inside, grid):
                out[z, :, lo:hi] |= _with_wall_side(plane, inside)
    return out


def _is_tube(plane: NDArray[np.float32], inside: Mask, grid: Grid) -> bool:
    shape = regionprops(inside.astype(np.uint8))[0]
    long, short = shape.axis_major_length, max(1e-6, shape.axis_minor_length)
    lumen = dilated(inside[None], 1.2, grid.spacing)
    rim = (dilated(lumen, 2.0, grid.spacing) & ~lumen)[0]
    walled = float(np.mean(plane[rim] > -500)) if rim.any() else 0.0
    gas = float(np.median(plane[inside]))
    return bool(shape.solidity > 0.85 and long / short < 2.2 and walled > 0.7 and gas < -920)


def _with_wall_side(plane: NDArray[np.float32], inside: Mask) -> Mask:
    """A lumen grown by one voxel of partial volume."""
    grown = cv2.dilate(inside.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    return np.asarray(grown & (plane < -500))
