"""Lengths, areas, volumes and intensities of masks, with the uncertainty that the pixel grid alone gives them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

BOUNDARY_SD = 0.5
"""Standard deviation, in pixels, of where an outline drawn on a pixel grid truly runs, where nothing better is known.
It is taken to err the same way all round, which is the worst that it can do to an area or a volume."""


@dataclass(frozen=True)
class Extent:
    """A length with its ends, in source pixels (x, y)."""

    length: float
    sd: float
    start: tuple[float, float]
    end: tuple[float, float]


def _hull(mask: Mask) -> NDArray[np.float64]:
    """Corners of the convex hull of the pixels' own squares, so that one pixel is one pixel wide."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    points = np.concatenate([contour[:, 0, :] for contour in contours]).astype(np.float64)
    corners = np.concatenate([points + offset for offset in ((0, 0), (1, 0), (0, 1), (1, 1))])
    hull = cv2.convexHull(corners.astype(np.float32))[:, 0, :]
    return np.asarray(hull, dtype=np.float64)


def diameters(mask: Mask, scale: tuple[float, float] = (1.0, 1.0)) -> tuple[Extent, Extent]:
    """The longest diameter of a (H, W) mask, and the longest extent perpendicular to it.

    `scale` is (column, row) millimetres a pixel; lengths come in its unit, ends in source pixels. The longest diameter
    is the greatest distance of two hull corners (maximum Feret diameter); the perpendicular one is the hull's width at
    a right angle to it, as in bidimensional lesion measurement.
    """
    hull = _hull(mask) * np.asarray(scale)
    apart = hull[:, None, :] - hull[None, :, :]
    first, second = np.unravel_index(np.argmax((apart**2).sum(axis=2)), (len(hull), len(hull)))
    along = hull[second] - hull[first]
    longest = float(np.hypot(*along))
    across = np.array([-along[1], along[0]]) / max(longest, 1e-12)
    heights = hull @ across
    low, high = int(np.argmin(heights)), int(np.argmax(heights))
    width = float(heights[high] - heights[low])
    # The two extreme corners need not face each other: the drawn line starts at one and runs straight across.
    facing = hull[low] + across * width
    sd = BOUNDARY_SD * float(np.sqrt(2)) * float(np.mean(scale))

    def ends(*points: NDArray[np.float64]) -> list[tuple[float, float]]:
        return [(float(x / scale[0]), float(y / scale[1])) for x, y in points]

    return (
        Extent(longest, sd, *ends(hull[first], hull[second])),
        Extent(width, sd, *ends(hull[low], facing)),
    )


def perimeter(mask: Mask) -> float:
    """Of a (H, W) mask in pixels, from its outlines, holes included."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    return float(sum(cv2.arcLength(contour, closed=True) for contour in contours))


def area(mask: Mask, pixel_area: float = 1.0, boundary_sd: float = BOUNDARY_SD) -> tuple[float, float]:
    """Area and its sd in units of `pixel_area`: the perimeter times how far the outline may be out."""
    return float(mask.sum()) * pixel_area, boundary_sd * perimeter(mask) * pixel_area


def volume(mask: Mask, voxel_volume: float = 1.0) -> tuple[float, float]:
    """Volume of a (D, H, W) mask and its sd in units of `voxel_volume`: surface voxels times how far it may be out."""
    inside = int(mask.sum())
    padded = np.pad(mask, 1)
    core = padded[1:-1, 1:-1, 1:-1].copy()
    for axis in range(3):
        for step in (-1, 1):
            core &= np.roll(padded, step, axis=axis)[1:-1, 1:-1, 1:-1]
    surface = inside - int(core.sum())
    return inside * voxel_volume, BOUNDARY_SD * max(surface, 1) * voxel_volume
