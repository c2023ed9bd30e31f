"""The brain on MR: a contour on the clearest slice, followed from slice to slice."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from readingroom.tools.backends.classical.brain_outline import Outline, outline
from readingroom.tools.backends.classical.ct_grid import Spacing
from readingroom.tools.backends.classical.segment import Mask, Segment

LEAST_PROOF = 0.35
"""Evidence along a contour below which a neighbouring slice no longer shows the brain."""
METHOD = "closed polar path of least cost through the dark skull about the largest even disc"
CAVEAT = "inside of the skull with fluid and vessels; approximate at the skull base, orientation is not used"


def segment_brain(mr: NDArray[np.floating[Any]], spacing: Spacing | None = None) -> Segment:
    """The brain with its fluid on MR of the head.

    `mr`: (H, W), any plane, or (D, H, W) with axial slices along axis 0 (inferior to superior); any positive scale.
    `spacing`: millimetres (dz, dy, dx), None where not known. The mask has the shape of `mr`; what does not look like
    a head on MR gets quality below 0.5 with the reason. Never raises on numbers.
    """
    if mr.ndim not in (2, 3) or min(mr.shape[-2:]) < 32:
        return Segment("brain", np.zeros(mr.shape, bool), 0.0, f"shape {mr.shape} is no slice or volume", METHOD)
    volume = np.nan_to_num(np.asarray(mr if mr.ndim == 3 else mr[None], np.float32), posinf=0.0, neginf=0.0)
    low, high = (float(v) for v in np.percentile(volume[:: max(1, len(volume) // 16)], (2, 98)))
    if high - low < 1e-6 * max(1.0, abs(high)) or float(volume.min()) < -0.3 * (high - low):
        told = "constant" if high - low < 1e-6 * max(1.0, abs(high)) else "values far below zero: CT rather than MR"
        return Segment("brain", np.zeros(mr.shape, bool), 0.0, told, METHOD)
    scaled = np.clip((volume - low) / (high - low), 0, 3)
    aspect = spacing[1] / spacing[2] if spacing is not None and min(spacing) > 0 else 1.0
    found = _slices(scaled, aspect)
    mask = np.stack(
        [_grown(o.mask, p.shape) if o else np.zeros(p.shape, bool) for o, p in zip(found, scaled, strict=True)]
    )
    quality, reason = _judged(found, mask, spacing)
    return Segment("brain", mask.reshape(mr.shape), round(quality, 3), reason, METHOD, CAVEAT)


def _slices(scaled: NDArray[np.float32], aspect: float) -> list[Outline | None]:
    """An outline for each slice, from the best slice outwards, while it stays inside its neighbour's reach."""
    tried = np.unique(np.linspace(0, len(scaled) - 1, min(len(scaled), 9)).round().astype(int))
    raw = {int(z): outline(scaled[z], aspect) for z in tried}
    if len(scaled) == 1:
        return [raw[0]]
    worth = {z: o.quality * float(np.sqrt(o.mask.sum())) for z, o in raw.items() if o is not None}
    out: list[Outline | None] = [None] * len(scaled)
    if not worth:
        return out
    best = max(worth, key=lambda z: worth[z])
    out[best] = raw[best]
    for path in (range(best + 1, len(scaled)), range(best - 1, -1, -1)):
        last = raw[best]
        for z in path:
            now = outline(scaled[z], aspect, last.start) if last else None
            if last is None or now is None or not _follows(now, last, raw[best]):
                break
            out[z] = last = now
    return out


def _follows(now: Outline, last: Outline, best: Outline | None) -> bool:
    """Whether a slice's outline lies over its neighbour's and still shows one even tissue with something about it."""
    over = (now.mask & last.mask).sum() > 0.75 * now.mask.sum() and now.mask.sum() > 0.02 * now.mask.size
    return bool(over and now.proof > LEAST_PROOF and best is not None and now.even > 0.6 * best.even)


def _grown(mask: Mask, shape: tuple[int, ...]) -> Mask:
    large = cv2.resize(mask.astype(np.float32), (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(large > 0.5)


def _judged(found: list[Outline | None], mask: Mask, spacing: Spacing | None) -> tuple[float, str]:
    """Quality and reason over the better two thirds of the slices: base and vertex cut the skull obliquely."""
    kept = [o for o in found if o is not None]
    if not kept or not mask.any():
        return 0.0, "no head with a skull gap was found"
    kept = sorted(kept, key=lambda o: -o.quality)[: -(-2 * len(kept) // 3)]
    weight = np.array([o.mask.sum() for o in kept], float)
    names = ("gap", "scalp", "even", "quality")
    mean = {name: float(np.average([getattr(o, name) for o in kept], weights=weight)) for name in names}
    quality = mean["quality"]
    reason = f"skull gap in {mean['gap']:.0%} of directions, scalp behind in {mean['scalp']:.0%}"
    reason += f", evenness {mean['even']:.2f}"
    if spacing is not None and min(spacing) > 0:
        area = float(mask.sum(axis=(1, 2)).max()) * spacing[1] * spacing[2] / 100
        quality *= 1.0 if 20 < area < 280 else 0.5
        reason += f", widest slice {area:.0f} cm²"
    return quality, reason
