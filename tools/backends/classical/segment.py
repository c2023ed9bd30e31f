"""What every target of the classical baseline returns: a mask on the source pixels and how far to trust it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
"""True inside. (H, W) for an image, (D, H, W) for a volume: the shape of what was given, never resampled."""

Gray = NDArray[np.float32]
"""One channel in 0..1 as displayed (windowed, MONOCHROME1 already inverted): dense or bright tissue is high."""

Colour = NDArray[np.uint8]
"""(H, W, 3) sRGB."""

ASSESSABLE = 0.5
"""Quality at or above this supports a statement; below it the target ends in "not assessable"."""


@dataclass(frozen=True)
class Segment:
    """One target found by image analysis."""

    target: str
    """The name asked for, in lower case: "left lung", "optic disc"."""
    mask: Mask
    quality: float
    """0..1, calibrated so that ASSESSABLE separates masks worth measuring from those that are not."""
    reason: str
    """One clause that says what the quality rests on: "ring contrast 3.1, ellipse fit 0.97"."""
    method: str
    """The named method in a few words: "Otsu threshold of Lab distance to border skin"."""
    caveat: str = ""
    """What a reader must know of this target's convention: "includes the lung behind the heart"."""

    @property
    def assessable(self) -> bool:
        return self.quality >= ASSESSABLE
