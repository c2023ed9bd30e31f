"""Whether a colour picture is grey in truth, as most public radiographs and ultrasound stills are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SPREAD = 12
"""Largest difference of channels that JPEG's chroma rounding leaves in a grey pixel (of 255)."""
COLOURED_SHARE = 0.001
"""Share of pixels above it that may remain: a coloured caret or logo keeps a picture in colour."""
MEAN_SPREAD = 3.0


def is_grey(pixels: NDArray[Any]) -> bool:
    """True where the three channels of (..., 3) uint8 pixels differ no more than compression makes them."""
    step = max(1, int((pixels.size / 3_000_000) ** 0.5))
    sample = pixels[..., ::step, ::step, :].astype(np.int16)
    red, green, blue = sample[..., 0], sample[..., 1], sample[..., 2]
    spread = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    return bool(np.mean(spread > SPREAD) < COLOURED_SHARE and spread.mean() < MEAN_SPREAD)


def as_grey(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """The green channel: exact where all are equal, and JPEG keeps it closest to the luminance."""
    return np.ascontiguousarray(pixels[..., 1], np.uint8)
