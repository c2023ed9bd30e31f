"""Pixels into the square that a model sees, and its masks back onto the source pixels, without a drift between them.

Every function puts things where `geometry.square_of` says, to the fraction of a pixel: where the image cannot lie in
the middle by whole pixels (an odd difference of width and height) it is resampled half a pixel aside, except where
the square is sent at its own size: then pixels stay as they are, and lie half a pixel beside the middle.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from readingroom.imaging.geometry import How, Square, square_of

_OFTEN = 4


def into_square(pixels: NDArray[Any], side: int, how: How) -> NDArray[Any]:
    """(H, W[, 3]) uint8 or float32 as (side, side[, 3]): cut, padded with zeros, or stretched, as `how` says.

    Area averages where it shrinks, linear between pixel centres where it grows, each axis by itself.
    """
    rows, columns = pixels.shape[:2]
    square = square_of(columns, rows, how)
    if how == "stretch":
        return _resized(pixels, side, side)
    if side == square.width or (square.left.is_integer() and square.top.is_integer()):
        return _resized(_cut(pixels, square), side, side)
    if side > square.width:
        return _shifted(pixels, side / square.width, (-square.left, -square.top), (side, side))
    wide, tall = (1 if square.left.is_integer() else 2), (1 if square.top.is_integer() else 2)
    finer = cv2.resize(pixels, (columns * wide, rows * tall), interpolation=cv2.INTER_NEAREST)
    doubled = Square(square.left * wide, square.top * tall, square.width * wide, square.height * tall)
    return _resized(_cut(finer, doubled), side, side)


def mask_from_square(mask: NDArray[Any], columns: int, rows: int, how: How) -> NDArray[Any]:
    """A mask or probabilities (side, side), uint8 or float32, as (rows, columns) of the source; 0 where it saw nothing.

    The inverse of `into_square` in geometry. Keeps the type of `mask`; threshold what comes out, not what goes in.
    """
    if how == "stretch":
        return _resized(mask, columns, rows)
    side = mask.shape[0]
    square = square_of(columns, rows, how)
    left, top, width = square.left, square.top, square.width
    if side > width:
        half = _resized(mask, round(2 * width), round(2 * width))
        doubled = Square(-2 * left, -2 * top, 2 * columns, 2 * rows)
        return _resized(_cut(half, doubled), columns, rows)
    if left.is_integer() and top.is_integer():
        return _cut(_resized(mask, round(width), round(width)), Square(-left, -top, columns, rows))
    if side == width:
        return _cut(mask, Square(-np.floor(left), -np.floor(top), columns, rows))
    return _shifted(mask, width / side, (left * side / width, top * side / width), (columns, rows))


def _cut(pixels: NDArray[Any], part: Square) -> NDArray[Any]:
    """The pixels of a part, zeros where it reaches beyond; its corner falls back to the whole pixel before."""
    rows, columns = pixels.shape[:2]
    left, top = int(np.floor(part.left)), int(np.floor(part.top))
    right, bottom = left + round(part.width), top + round(part.height)
    inner = pixels[max(top, 0) : min(bottom, rows), max(left, 0) : min(right, columns)]
    around = max(-top, 0), max(bottom - rows, 0), max(-left, 0), max(right - columns, 0)
    if not any(around):
        return inner
    if not inner.size:
        return np.zeros((bottom - top, right - left, *pixels.shape[2:]), pixels.dtype)
    return np.asarray(cv2.copyMakeBorder(inner, *around, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0)))


def _resized(pixels: NDArray[Any], columns: int, rows: int) -> NDArray[Any]:
    """Shrinking axes first: OpenCV's area average is one only where no axis grows."""
    if pixels.dtype == np.uint8 and _halves(pixels, columns, rows):
        half = pixels.shape[1] // 2, pixels.shape[0] // 2
        pixels = cv2.resize(pixels, half, interpolation=cv2.INTER_AREA)
    before = pixels.shape[:2]
    smaller = min(columns, before[1]), min(rows, before[0])
    if smaller != (before[1], before[0]):
        pixels = cv2.resize(pixels, smaller, interpolation=cv2.INTER_AREA)
    if (columns, rows) != smaller:
        pixels = cv2.resize(pixels, (columns, rows), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(pixels)


def _halves(pixels: NDArray[Any], columns: int, rows: int) -> bool:
    """Whether to average 2 x 2 pixels first, a third of the time: where four or more make one pixel in the end."""
    height, width = pixels.shape[:2]
    even = height % 2 == 0 and width % 2 == 0
    return bool(even and width >= _OFTEN * columns and height >= _OFTEN * rows)


def _shifted(pixels: NDArray[Any], scale: float, shift: tuple[float, float], size: tuple[int, int]) -> NDArray[Any]:
    """Moved by (x, y) pixels, then grown by `scale` to `size`, linear between pixel centres; zeros beyond them."""
    x, y = ((one + 0.5) * scale - 0.5 for one in shift)
    matrix = np.array([[scale, 0, x], [0, scale, y]], np.float64)
    return np.asarray(cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT))
