"""What a probability map tells by itself: how high it goes, how sharp its edge is, and of what shape its mask is."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]
Inside = tuple[slice, slice]
"""Rows and columns of the submitted square that are picture and not padding."""

HALF = 127
"""A pixel belongs to the mask above this of 255 (MedImageParse: probability x 255, mask above 127.5)."""
FAINT = 0.05
"""Probability below which a pixel is no part of what was found, however many there are of them."""
SOFT = (0.2, 0.8)
"""Probabilities between which a pixel is neither in nor out."""

_LEVELS = np.arange(256) / 255
_BETWEEN = np.abs(_LEVELS - sum(SOFT) / 2) <= (SOFT[1] - SOFT[0]) / 2 + 1e-9
_CLIPPED = np.clip(_LEVELS, 1e-12, 1 - 1e-12)
_ENTROPY = -_CLIPPED * np.log2(_CLIPPED) - (1 - _CLIPPED) * np.log2(1 - _CLIPPED)


@dataclass(frozen=True)
class MapStatistics:
    """One map inside the picture; probabilities and shares are 0..1, and nothing depends on the size of the square."""

    peak: float
    """Greatest probability."""
    least: float
    """Smallest probability."""
    mass: float
    """Mean probability."""
    above: float
    """Share of the picture that is mask."""
    strength: float
    """Mean probability inside the mask; 0 where it is empty."""
    concentration: float
    """Probability of the pixel that a bit of probability lies on, sum p^2 / sum p over all that is not faint: near 1
    for a crisp outline however small, near p for a veil of p. Defined without a threshold, so an empty mask has it."""
    soft: float
    """Share of the picture that is neither in nor out."""
    edge: float
    """Soft pixels for each pixel of the mask's border, in parts of the square's side; 1 where the mask is empty and
    something is soft, 0 where nothing is."""
    entropy: float
    """Mean binary entropy in bits."""
    pieces: int
    """Connected pieces of the mask (eight neighbours)."""
    largest: float
    """Share of the mask in its largest piece; 0 where it is empty."""
    solidity: float
    """The largest piece over its convex hull; 0 where it is empty."""
    padding: float
    """Share of the mask that lies in the padding."""


def statistics_of(plane: Plane, inside: Inside) -> MapStatistics:
    """`plane` (H, W) 0..255 on the submitted square; `inside` its part that is picture, not empty."""
    part = np.ascontiguousarray(plane[inside])
    counts = cv2.calcHist([part], [0], None, [256], [0, 256]).ravel().astype(np.float64)
    levels, total = np.flatnonzero(counts), counts.sum()
    mask = (part > HALF).astype(np.uint8)
    size, everywhere = float(counts[HALF + 1 :].sum()), int((plane > HALF).sum())
    soft = float(counts[_BETWEEN].sum())
    seen = np.where(_LEVELS > FAINT, counts, 0) * _LEVELS
    pieces, largest, solidity = _shape(mask, size)
    return MapStatistics(
        peak=float(_LEVELS[levels[-1]]),
        least=float(_LEVELS[levels[0]]),
        mass=float(counts @ _LEVELS / total),
        above=size / float(total),
        strength=float(counts[HALF + 1 :] @ _LEVELS[HALF + 1 :] / size) if size else 0.0,
        concentration=float(seen @ _LEVELS / seen.sum()) if seen.any() else 0.0,
        soft=soft / float(total),
        edge=_edge(mask, soft, max(plane.shape)),
        entropy=float(counts @ _ENTROPY / total),
        pieces=pieces,
        largest=largest,
        solidity=solidity,
        padding=1 - size / everywhere if everywhere else 0.0,
    )


def _edge(mask: Plane, soft: float, side: int) -> float:
    if not mask.any():
        return float(soft > 0)
    inner = cv2.erode(mask, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=1)
    border = int(mask.sum()) - int(inner.sum())
    return min(soft / max(border, 1) / side, 1.0)


def _shape(mask: Plane, size: float) -> tuple[int, float, float]:
    """Pieces, the largest one's share, and its solidity by counting pixels of its filled hull."""
    if not size:
        return 0, 0.0, 0.0
    count, labels, table, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    chosen = 1 + int(np.argmax(table[1:, cv2.CC_STAT_AREA]))
    left, top, width, height, area = (int(value) for value in table[chosen])
    piece = (labels[top : top + height, left : left + width] == chosen).astype(np.uint8)
    rings, _ = cv2.findContours(piece, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.fillConvexPoly(np.zeros_like(piece), cv2.convexHull(np.concatenate(rings)), 1)
    return count - 1, area / size, min(area / max(int(hull.sum()), 1), 1.0)
