"""Pixels into the square that a model sees, and its masks back onto the source pixels."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from readingroom.imaging.geometry import How, square_of


def into_square(pixels: NDArray[Any], side: int, how: How) -> NDArray[Any]:
    """(H, W[, 3]) as (side, side[, 3]): cut, padded with zeros or stretched as `geometry.square_of` says."""
    rows, columns = pixels.shape[:2]
    square = square_of(columns, rows, how)
    left, top = round(square.left), round(square.top)
    width, height = round(square.width), round(square.height)
    inner = pixels[max(top, 0) : max(top, 0) + min(height, rows), max(left, 0) : max(left, 0) + min(width, columns)]
    if inner.shape[:2] != (height, width):
        canvas = np.zeros((height, width, *pixels.shape[2:]), pixels.dtype)
        at_row, at_column = max(-top, 0), max(-left, 0)
        canvas[at_row : at_row + inner.shape[0], at_column : at_column + inner.shape[1]] = inner
        inner = canvas
    shrink = max(width, height) > side
    return cv2.resize(np.ascontiguousarray(inner), (side, side), interpolation=_interpolation(shrink))


def mask_from_square(scores: NDArray[np.float32], shape: tuple[int, int], how: How) -> NDArray[np.float32]:
    """Scores (side, side) of the model's square on the (rows, columns) of the source, 0 where it saw nothing."""
    rows, columns = shape
    square = square_of(columns, rows, how)
    left, top = round(square.left), round(square.top)
    width, height = round(square.width), round(square.height)
    full = cv2.resize(scores.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    out = np.zeros(shape, np.float32)
    part = full[max(-top, 0) : max(-top, 0) + rows, max(-left, 0) : max(-left, 0) + columns]
    out[max(top, 0) : max(top, 0) + part.shape[0], max(left, 0) : max(left, 0) + part.shape[1]] = part
    return out


def _interpolation(shrink: bool) -> int:
    return cv2.INTER_AREA if shrink else cv2.INTER_LINEAR
