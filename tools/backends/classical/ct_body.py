"""Whether numbers are Hounsfield units, and the patient without table and air."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from readingroom.tools.backends.classical.ct_grid import Grid, dilated, filled, opened, pieces, spread
from readingroom.tools.backends.classical.segment import Mask

SKIN = -300.0
"""HU half-way between air (-1000) and soft tissue with its partial volume: the skin surface."""


class Verdict(NamedTuple):
    """A yes or no with its reason."""

    holds: bool
    reason: str


def looks_like_hu(array: NDArray[Any]) -> Verdict:
    """Tell Hounsfield units from display values, MR and noise by what CT always holds: air or fat below zero,
    much soft tissue at -150..200 HU, and neighbours that resemble each other. Never raises."""
    if array.ndim not in (2, 3) or array.size < 256 or array.dtype.kind not in "iuf":
        return Verdict(False, f"not one channel of numbers: shape {array.shape}, {array.dtype}")
    step = max(1, round((array.size / 2e6) ** (1 / array.ndim)))
    thin = np.asarray(array[(slice(None, None, step),) * array.ndim], np.float64)
    sound = thin[np.isfinite(thin)]
    if sound.size < 0.9 * thin.size:
        return Verdict(False, "many values are not numbers")
    low, high = float(sound.min()), float(sound.max())
    if low > -50 or high - low < 150 or high > 40000:
        return Verdict(
            False, f"values from {low:.0f} to {high:.0f} do not span fat to soft tissue: not Hounsfield units"
        )
    patient = sound[sound > -250]
    soft = float(np.mean((patient > -150) & (patient < 200))) if patient.size else 0.0
    if patient.size < 0.02 * sound.size or soft < 0.4:
        return Verdict(False, f"only {soft:.0%} of what is not air lies in the soft-tissue range -150..200")
    alike = _likeness(array)
    if alike < 0.6:
        return Verdict(False, f"neighbouring values hardly resemble each other (correlation {alike:.2f}): noise")
    return Verdict(True, f"{soft:.0%} of what is not air lies in -150..200 HU, lowest {low:.0f}")


def _likeness(array: NDArray[Any]) -> float:
    """Correlation of horizontal neighbours in the middle slice, over the CT range."""
    plane = np.asarray(array[array.shape[0] // 2] if array.ndim == 3 else array, np.float64)
    plane = np.clip(np.nan_to_num(plane, nan=-1000.0), -1000, 1000)
    left, right = plane[:, :-1] - plane.mean(), plane[:, 1:] - plane.mean()
    power = float(np.sqrt((left**2).sum() * (right**2).sum()))
    return float((left * right).sum() / power) if power > 0 else 0.0


def coarse_body(grid: Grid) -> Mask:
    """The patient on the coarse grid, filled: the largest piece, and the arms beside it."""
    solid = opened(grid.hu > SKIN, 7.0, grid.pitch)
    labels, sizes = pieces(solid)
    if len(sizes) < 2:
        return np.zeros_like(solid)
    trunk = 1 + int(sizes[1:].argmax())
    boxes = ndimage.find_objects(labels)
    span = boxes[trunk - 1][1]
    keep = [trunk]
    for piece, box in enumerate(boxes, 1):
        middle = (box[1].start + box[1].stop) / 2
        deep = min(s.stop - s.start for s in box[1:]) * min(grid.pitch[1:])
        full = sizes[piece] / max(1, np.prod([s.stop - s.start for s in box]))
        if piece != trunk and deep > 25 and full > 0.3 and span.start < middle < span.stop:
            keep.append(piece)
    return filled(np.isin(labels, keep))


def body(grid: Grid, coarse: Mask) -> Mask:
    """The patient on the source voxels, without table, lungs and bowel gas filled in."""
    near = spread(dilated(coarse, min(grid.pitch[1:]), grid.pitch), grid)
    skin = (grid.full > SKIN) & near
    return filled(opened(skin, 1.5, grid.spacing)) & near


def body_quality(mask: Mask, grid: Grid) -> tuple[float, str]:
    """How well a body mask looks like a patient, with the reason."""
    if not mask.any():
        return 0.0, "no patient found"
    inside = grid.full[mask]
    soft = float(np.mean((inside > -200) & (inside < 250)))
    area = mask.sum(axis=(1, 2)).max() * grid.spacing[1] * grid.spacing[2] / 100
    edge = np.concatenate([mask[:, 0].ravel(), mask[:, -1].ravel(), mask[:, :, 0].ravel(), mask[:, :, -1].ravel()])
    cut = float(edge.mean())
    size = float(np.clip((area - 5) / 40, 0.2, 1)) if grid.measured else 0.8
    quality = 0.97 * min(1.0, soft / 0.35) * size * (1 - 0.5 * min(1.0, 2 * cut))
    reason = f"{soft:.0%} of the inside is soft tissue, widest slice {area:.0f} cm², {cut:.0%} of the image border cut"
    return float(np.clip(quality, 0, 1)), reason
