"""The coarse grid on which CT targets are found, and the slice-wise morphology used on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from readingroom.tools.backends.classical.segment import Mask

Hounsfield = NDArray[np.float32]
"""HU in canonical index order: (H, W) or (D, H, W); axis 0 inferior to superior, 1 anterior to posterior, 2 the
patient's right to left."""

Spacing = tuple[float, float, float]
"""Millimetres (dz, dy, dx); for a slice dz is its thickness and does not matter."""

ASSUMED_FIELD = 400.0
"""Width in mm that is assumed where the spacing is not known: the common body field of view."""

ASSUMED_STEP = 3.0
"""Distance in mm between slices that is assumed where the spacing is not known."""


@dataclass(frozen=True)
class Grid:
    """A volume and its block means."""

    full: Hounsfield
    """(D, H, W), a slice being a volume of one."""
    spacing: Spacing
    hu: Hounsfield
    """Means over blocks of `steps` voxels."""
    steps: tuple[int, int, int]
    measured: bool
    """False where the spacing was assumed."""

    @property
    def pitch(self) -> Spacing:
        """Millimetres between coarse voxels."""
        dz, dy, dx = (s * n for s, n in zip(self.spacing, self.steps, strict=True))
        return dz, dy, dx

    @property
    def voxel(self) -> float:
        """Millilitres in one coarse voxel."""
        return float(np.prod(self.pitch)) / 1000

    @property
    def flat(self) -> bool:
        return len(self.full) == 1


def lay(hu: Hounsfield, spacing: Spacing | None, *, mm: float = 3.0) -> Grid:
    """Lay a grid of about `mm` over HU of shape (H, W) or (D, H, W)."""
    full = np.asarray(hu if hu.ndim == 3 else hu[None], np.float32)
    full = np.nan_to_num(full, nan=-1024.0, posinf=3071.0, neginf=-1024.0)
    np.clip(full, -1100, 4000, out=full)
    step = ASSUMED_FIELD / full.shape[2]
    known = spacing if spacing is not None and all(np.isfinite(spacing)) and min(spacing) > 0 else None
    dz, dy, dx = known or (ASSUMED_STEP, step, step)
    nz, ny, nx = (max(1, round(mm / s)) for s in (dz, dy, dx))
    steps = (min(nz, full.shape[0]), min(ny, full.shape[1]), min(nx, full.shape[2]))
    return Grid(full, (dz, dy, dx), _means(full, steps), steps, known is not None)


def _means(full: Hounsfield, steps: tuple[int, int, int]) -> Hounsfield:
    if steps == (1, 1, 1):
        return full
    fz, fy, fx = steps
    height, width = (-(-n // f) for n, f in zip(full.shape[1:], (fy, fx), strict=True))
    planes = np.empty((full.shape[0], height, width), np.float32)
    rows, cols = height * fy - full.shape[1], width * fx - full.shape[2]
    for z, plane in enumerate(full):
        padded = cv2.copyMakeBorder(plane, 0, rows, 0, cols, cv2.BORDER_REPLICATE)
        planes[z] = cv2.resize(padded, (width, height), interpolation=cv2.INTER_AREA)
    return np.stack([planes[z : z + fz].mean(0, dtype=np.float32) for z in range(0, len(planes), fz)])


def spread(mask: Mask, grid: Grid) -> Mask:
    """A coarse mask on the source voxels."""
    out = mask
    for axis, step in enumerate(grid.steps):
        out = np.repeat(out, step, axis=axis)
    d, h, w = grid.full.shape
    return out[:d, :h, :w]


def by_slice(mask: Mask, change: Callable[[NDArray[np.uint8]], Any]) -> Mask:
    """Apply an image operation to each axial slice."""
    planes = np.ascontiguousarray(mask, dtype=np.uint8)
    return np.stack([np.asarray(change(plane)) for plane in planes]).astype(bool)


def disk(radius: float, spacing: Spacing) -> NDArray[np.uint8]:
    """An ellipse of `radius` mm in the axial plane, at least one voxel."""
    ry, rx = (max(1, round(radius / s)) for s in spacing[1:])
    return cast(NDArray[np.uint8], cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * rx + 1, 2 * ry + 1)))


def opened(mask: Mask, radius: float, spacing: Spacing) -> Mask:
    kernel = disk(radius, spacing)
    return by_slice(mask, lambda plane: cv2.morphologyEx(plane, cv2.MORPH_OPEN, kernel))


def closed(mask: Mask, radius: float, spacing: Spacing) -> Mask:
    kernel = disk(radius, spacing)
    pad = max(kernel.shape)

    def close(plane: NDArray[np.uint8]) -> NDArray[Any]:
        wide = cv2.copyMakeBorder(plane, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0)
        return np.asarray(cv2.morphologyEx(wide, cv2.MORPH_CLOSE, kernel))[pad:-pad, pad:-pad]

    return by_slice(mask, close)


def dilated(mask: Mask, radius: float, spacing: Spacing) -> Mask:
    kernel = disk(radius, spacing)
    return by_slice(mask, lambda plane: cv2.dilate(plane, kernel))


def eroded(mask: Mask, radius: float, spacing: Spacing) -> Mask:
    kernel = disk(radius, spacing)
    return by_slice(mask, lambda plane: cv2.erode(plane, kernel))


def filled(mask: Mask) -> Mask:
    """Each axial slice with its enclosed holes filled."""

    def fill(plane: NDArray[np.uint8]) -> NDArray[Any]:
        if not plane.any():
            return plane
        wide = cv2.copyMakeBorder(plane, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
        cv2.floodFill(wide, None, (0, 0), 2)
        return np.asarray(wide[1:-1, 1:-1] != 2)

    return by_slice(mask, fill)


def pieces(mask: Mask) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Connected pieces (faces touch), and how many voxels each has; index 0 is what lies outside."""
    labels, _ = ndimage.label(mask)
    return np.asarray(labels, np.int32), np.bincount(labels.ravel())


def biggest(mask: Mask) -> Mask:
    labels, sizes = pieces(mask)
    if len(sizes) < 2:
        return np.zeros_like(mask)
    return np.asarray(labels == 1 + int(sizes[1:].argmax()))
