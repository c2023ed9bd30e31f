"""From the source pixels to a small working copy and back, with the few shapes and ramps that every 2D target needs."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from readingroom.tools.backends.classical.segment import Mask, Segment

SMALLEST_SIDE = 32
"""Below this many pixels no outline of a 2D target is worth measuring."""

FLAT = 1e-3
"""A picture whose spread is below this part of the full scale shows nothing."""


def working_copy(image: NDArray[Any], side: int) -> NDArray[Any]:
    """The image with its longest side at `side` pixels: area average when smaller, linear when larger."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    size = (max(round(width * scale), 8), max(round(height * scale), 8))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(np.ascontiguousarray(image), size, interpolation=how), image.dtype)


def source_mask(mask: Mask, shape: tuple[int, ...]) -> Mask:
    """A working mask on the source pixels: linear interpolation cut at one half."""
    plane = cv2.resize(mask.astype(np.float32), (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(plane > 0.5)


def disk(radius: int) -> NDArray[np.uint8]:
    """A round structuring element of 2 * radius + 1 pixels."""
    size = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def dilated(mask: Mask, radius: int) -> Mask:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), disk(radius)), bool)


def eroded(mask: Mask, radius: int) -> Mask:
    """What lies at least `radius` pixels inside; the frame counts as outside."""
    padded = np.pad(mask.astype(np.uint8), radius + 1)
    return np.asarray(cv2.erode(padded, disk(radius))[radius + 1 : -radius - 1, radius + 1 : -radius - 1], bool)


def opened(mask: Mask, radius: int) -> Mask:
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, disk(radius)), bool)


def closed(mask: Mask, radius: int) -> Mask:
    """Morphological closing that does not glue the shape to the frame."""
    wide = np.pad(mask.astype(np.uint8), radius + 1)
    wide = np.asarray(cv2.morphologyEx(wide, cv2.MORPH_CLOSE, disk(radius)), np.uint8)
    return np.asarray(wide[radius + 1 : -radius - 1, radius + 1 : -radius - 1], bool)


def largest_piece(mask: Mask) -> Mask:
    """The largest connected piece with its holes filled; empty stays empty."""
    labels, count = ndimage.label(mask)
    if count == 0:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(ndimage.binary_fill_holes(labels == sizes.argmax()))


def local_mean(values: NDArray[Any], field: Mask, sigma: float) -> NDArray[np.float32]:
    """Gaussian mean over the pixels of the field only, so that what lies outside does not bleed in."""
    weight = field.astype(np.float32)
    total = broad_blur(np.where(field, values, 0), sigma)
    return np.asarray(total / (broad_blur(weight, sigma) + 1e-3), np.float32)


def broad_blur(plane: NDArray[Any], sigma: float) -> NDArray[np.float32]:
    """Gaussian blur; a wide one on a smaller copy, since its own result has no finer detail."""
    step = max(1, int(sigma / 4))
    height, width = plane.shape
    size = (max(width // step, 1), max(height // step, 1))
    small = plane.astype(np.float32)
    if step > 1:
        small = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA), np.float32)
    soft = cv2.GaussianBlur(small, (0, 0), sigma / step)
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def ramp(value: float, low: float, high: float) -> float:
    """0 at `low`, 1 at `high`, straight between and held outside; falls where low > high."""
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))


def unseen(image: NDArray[Any]) -> str:
    """Why nothing can be outlined here, or nothing where the picture is large enough and shows something."""
    if min(image.shape[:2]) < SMALLEST_SIDE:
        return f"image of {image.shape[1]} x {image.shape[0]} px is too small"
    full = 255.0 if image.dtype == np.uint8 else 1.0
    if not np.isfinite(image).all():
        return "image has values that are not numbers"
    return "image is constant" if float(np.std(image)) < FLAT * full else ""


def nothing(target: str, method: str, shape: tuple[int, ...], reason: str) -> Segment:
    """An empty mask of quality 0 that says why."""
    return Segment(target, np.zeros(shape[:2], bool), 0.0, reason, method)
