"""Regions as SVG paths in source pixels: boxes, lines and the simplified outlines of masks."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

POINTS = 6000
"""A path of more points than this is simplified further: vessels or nuclei must not outweigh the image they lie on."""
SMALL = 96
"""A mask whose bounding box is smaller than this (pixels) is enlarged before tracing, for contours run through pixel
centres and would cut half a pixel off each side."""
ENLARGED = 4


def box_path(box: tuple[float, float, float, float]) -> str:
    """A closed rectangle from x0, y0, x1, y1."""
    x0, y0, x1, y1 = map(_number, box)
    return f"M{x0} {y0}H{x1}V{y1}H{x0}Z"


def line_path(box: tuple[float, float, float, float]) -> str:
    """An open line between two ends."""
    x0, y0, x1, y1 = map(_number, box)
    return f"M{x0} {y0}L{x1} {y1}"


def mask_path(mask: Mask, *, tolerance: float = 0.5) -> str:
    """Outlines of a mask (H, W), holes included, for fill-rule evenodd; empty for an empty mask.

    Pixel (row r, column c) spans c..c+1 and r..r+1. `tolerance` is the most that a point may be off, in pixels, before
    the outline is simplified further to hold `POINTS`.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return ""
    top, left = int(rows[0]), int(columns[0])
    cut = np.ascontiguousarray(mask[top : rows[-1] + 1, left : columns[-1] + 1]).astype(np.uint8)
    scale = ENLARGED if max(cut.shape) < SMALL else 1
    if scale > 1:
        cut = np.kron(cut, np.ones((scale, scale), np.uint8))
    traced = cv2.findContours(cut, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)[0]
    contours = _simplified(traced, tolerance * scale)
    shift = np.array([left, top], np.float64)
    return "".join(_closed((contour[:, 0, :] + 0.5) / scale + shift) for contour in contours)


def _simplified(contours: Any, tolerance: float) -> list[NDArray[np.int32]]:
    """Douglas-Peucker (cv2.approxPolyDP), the tolerance doubled until all contours together hold `POINTS`."""
    while True:
        found = [cv2.approxPolyDP(contour, tolerance, True) for contour in contours]
        found = [np.asarray(contour, np.int32) for contour in found if len(contour) > 2] or found[:1]
        if sum(map(len, found)) <= POINTS or tolerance > 64:
            return found
        tolerance *= 2


def _closed(points: NDArray[np.float64]) -> str:
    return "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in points) + "Z"


def _number(value: float) -> str:
    """One decimal, without a trailing ".0": a tenth of a pixel is finer than any screen shows it."""
    return f"{value:.1f}".removesuffix(".0")
