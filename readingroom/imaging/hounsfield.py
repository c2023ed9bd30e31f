"""Whether the values of a volume are Hounsfield units, where its format cannot say so."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

AIR = (-1100.0, -850.0)
"""HU of air and of most scanners' noise about it."""
SOFT_TISSUE = (-150.0, 150.0)
"""HU from fat to enhanced organs."""
SAMPLES = 200_000


def looks_like_hu(values: NDArray[Any]) -> bool:
    """True where there are an air and a soft-tissue peak in their places, and nothing far outside the scale.

    Air must reach -900 and hold 1 % of the voxels, soft tissue 5 %; 99.9 % must lie within -3100..4000 (padding is
    -3024 or -2000 with some makers, metal ends at 3071). MR and grey pictures have no negative values to speak of.
    """
    if values.dtype.kind == "u" or values.size == 0:
        return False
    sample = values.reshape(-1)[:: max(1, values.size // SAMPLES)].astype(np.float32)
    if sample.min() > -900:
        return False
    air = np.mean((sample >= AIR[0]) & (sample <= AIR[1]))
    soft = np.mean((sample >= SOFT_TISSUE[0]) & (sample <= SOFT_TISSUE[1]))
    inside = np.mean((sample >= -3100) & (sample <= 4000))
    return bool(air >= 0.01 and soft >= 0.05 and inside >= 0.999)
