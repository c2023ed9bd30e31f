"""Patient left and right: the one place where columns of an image become sides of a patient."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from readingroom.domain.image import ImageRef
from readingroom.domain.terms import Laterality, Side

SIDELESS_VIEWS = frozenset(("lateral", "sagittal"))
"""Seen from the side, both sides of the patient lie over each other."""
MIDLINE_BAND = 0.04
"""Half width, as a share of the columns, of the strip about the middle that counts as midline."""
OTHER_SIDE_SHARE = 0.2
"""A mask with at least this share of its pixels on the lesser side lies on both sides."""

_OPPOSITE: dict[Side, Side] = {"left": "right", "right": "left", "unknown": "unknown"}


def side_of_image_half(half: Literal["left", "right"], ref: ImageRef) -> Side:
    """Which side of the patient the left or right half of the image shows; unknown on views from the side."""
    if ref.view in SIDELESS_VIEWS:
        return "unknown"
    return ref.image_left if half == "left" else _OPPOSITE[ref.image_left]


def patient_side(ref: ImageRef, x: float, *, middle: float | None = None) -> Side:
    """The patient's side at `x` (source pixels, 0..columns). `middle` is the midline's x where it is known."""
    centre = ref.columns / 2 if middle is None else middle
    if x == centre:
        return "unknown"
    return side_of_image_half("left" if x < centre else "right", ref)


def side_of_mask(ref: ImageRef, mask: NDArray[Any], *, middle: float | None = None) -> Laterality:
    """Where a mask lies, as (H, W), or (D, H, W) of a canonical volume: left, right, bilateral or midline.

    Midline: its centre lies in the band about the middle, and the band or both halves hold it. Bilateral: it has at
    least a fifth of its pixels on either side, outside the band. Unspecified where the mask is empty or sides are
    not known.
    """
    columns = mask.reshape(-1, mask.shape[-1]).sum(axis=0, dtype=np.float64)
    total = float(columns.sum())
    if total == 0 or side_of_image_half("left", ref) == "unknown":
        return "unspecified"
    centre = ref.columns / 2 if middle is None else middle
    band = MIDLINE_BAND * ref.columns
    at = np.arange(len(columns)) + 0.5
    left, right = float(columns[at < centre - band].sum()), float(columns[at > centre + band].sum())
    inside = total - left - right
    if inside >= 0.5 * total:
        return "midline"
    if min(left, right) >= OTHER_SIDE_SHARE * total:
        return "midline" if _spans_middle(columns, at, centre, band) else "bilateral"
    side = patient_side(ref, centre - 1 if left > right else centre + 1, middle=centre)
    return "left" if side == "left" else "right"


def _spans_middle(columns: NDArray[Any], at: NDArray[Any], centre: float, band: float) -> bool:
    """One thing across the midline fills the band as thickly as the rest; two things leave it thin or empty."""
    in_band = columns[np.abs(at - centre) <= band]
    if not len(in_band):
        return False
    return bool(in_band.min() >= 0.5 * columns[columns > 0].mean())
