"""What a frontal chest film's outlines say together: cardiothoracic ratio, lung symmetry in size and density."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Line = tuple[float, float, float, float]
"""x0, y0, x1, y1 in source pixels."""

Zone = Literal["upper", "middle", "lower"]
BELOW_HILA = 0.35
"""Part of the heart's height, from its top, that the cardiac diameter leaves out."""

RIM = 0.004
"""Part of the film's width at either side that counts as its edge."""

ZONES: tuple[Zone, ...] = ("upper", "middle", "lower")


@dataclass(frozen=True)
class Cardiothoracic:
    """Transverse cardiac diameter over the greatest inner width of the thorax, with the two lines it rests on."""

    ratio: float
    sd: float
    heart: Line
    thorax: Line


@dataclass(frozen=True)
class ZoneDensity:
    """How much denser one lung zone is than its fellow, as a share of the lungs' own range of grey."""

    zone: Zone
    difference: float
    """Positive where the patient's right is denser."""
    sd: float


def thorax_width(lungs: Mask) -> tuple[float, float, float]:
    """Left edge, right edge and row of the widest level of both lungs together, in source pixels.

    The widths of neighbouring rows are smoothed by a median over 1 % of the rows, so that one stray pixel does not
    widen the chest. The lungs' outer outlines stand for the inner margins of the ribs (Danzer 1919).
    """
    occupied = lungs.any(axis=1)
    left = np.where(occupied, lungs.argmax(axis=1), 0).astype(np.float32)
    right = np.where(occupied, lungs.shape[1] - lungs[:, ::-1].argmax(axis=1), 0).astype(np.float32)
    size = min(2 * (len(left) // 200) + 1, 5 if len(left) < 1000 else 255)
    width = np.where(occupied, right - left, 0).astype(np.float32)
    smooth = cv2.medianBlur(width[:, None], min(size, 5))[:, 0]
    row = int(np.argmax(smooth))
    centre = (left[row] + right[row]) / 2
    return float(centre - smooth[row] / 2), float(centre + smooth[row] / 2), row + 0.5


def below_hila(heart: Mask) -> Mask:
    """The heart without its upper part, where hilar vessels widen its outline."""
    rows = np.flatnonzero(heart.any(axis=1))
    lower = heart.copy()
    lower[: int(rows[0] + BELOW_HILA * (rows[-1] - rows[0]))] = False
    return lower


def reaches_edge(lungs: Mask) -> bool:
    """Whether the lungs come so near the left or right edge that the chest wall may lie outside the film."""
    rim = max(1, round(RIM * lungs.shape[1]))
    return bool(lungs[:, :rim].any() or lungs[:, -rim:].any())


def cardiothoracic(heart: Mask, lungs: Mask, *, heart_sd: float = 0.5, lung_sd: float = 0.5) -> Cardiothoracic:
    """The ratio with its sd, from outlines of the heart and of both lungs on one (H, W) grid.

    Cardiac diameter: from the right border's farthest point to the left border's, wherever they lie below the hila
    (Danzer 1919: MRD + MLD); columns of a few stray pixels do not count. `heart_sd`, `lung_sd`: standard deviation of
    each outline's position in pixels; both ends err independently, and the ratio's sd follows by propagation.
    """
    heart = below_hila(heart)
    counts = heart.sum(axis=0)
    columns = np.flatnonzero(counts >= min(max(heart.shape[0] // 256, 1), int(counts.max())))
    low, high = float(columns[0]), float(columns[-1] + 1)
    row_low = float(np.flatnonzero(heart[:, columns[0]]).mean())
    row_high = float(np.flatnonzero(heart[:, columns[-1]]).mean())
    row = (row_low + row_high) / 2 + 0.5
    left, right, level = thorax_width(lungs)
    width, thorax = high - low, right - left
    ratio = width / thorax
    sd = float(np.sqrt(2 * heart_sd**2 + 2 * (ratio * lung_sd) ** 2)) / thorax
    return Cardiothoracic(ratio, sd, (low, row, high, row), (left, level, right, level))


def border_seen(heart: Mask, lungs: Mask) -> tuple[float, float]:
    """How much of the heart's left-most and right-most border (of the image) has aerated lung just outside it.

    Looked at where the border is within 6 % of the heart's width of its farthest point, over a strip as wide as that:
    where fluid or collapse lies against the heart, the silhouette has no edge there and its width is a guess
    (silhouette sign, Felson 1950).
    """
    columns, rows = np.flatnonzero(heart.any(axis=0)), np.flatnonzero(heart.any(axis=1))
    reach = max(2, round(0.06 * (columns[-1] - columns[0] + 1)))
    inside = heart[rows[0] : rows[-1] + 1]
    beside = lungs[rows[0] : rows[-1] + 1]
    shares = []
    for flip in (False, True):
        shape, lung = (inside[:, ::-1], beside[:, ::-1]) if flip else (inside, beside)
        edge = np.where(shape.any(axis=1), shape.argmax(axis=1), shape.shape[1])
        near = np.flatnonzero(edge <= edge.min() + reach)
        strips = [lung[row, max(0, edge[row] - reach) : edge[row]] for row in near]
        shares.append(float(np.mean([strip.size > 0 and strip.mean() > 0.5 for strip in strips])))
    return shares[0], shares[1]


def zone_of(mask: Mask, zone: Zone) -> Mask:
    """The upper, middle or lower third of a lung, by its own height."""
    rows = np.flatnonzero(mask.any(axis=1))
    edges = np.linspace(rows[0], rows[-1] + 1, 4).round().astype(int)
    index = ZONES.index(zone)
    part = np.zeros_like(mask)
    part[edges[index] : edges[index + 1]] = mask[edges[index] : edges[index + 1]]
    return part


def zone_densities(gray: NDArray[np.float32], right: Mask, left: Mask, heart: Mask) -> tuple[ZoneDensity, ...]:
    """Median grey of each right zone less its left fellow's, over the lungs' 5th to 95th percentile range.

    `gray` is as displayed (dense is bright). What lies behind the heart is left out, widened by 2 % of the image, since
    the heart makes the left base bright on every film. sd: of the difference of medians, from the quartiles within
    each zone (asymptotic sd of a median for near-normal spread, with one independent sample a hundredth of the zone).
    """
    reach = max(3, round(0.02 * max(gray.shape)) | 1)
    behind = cv2.dilate(heart.astype(np.uint8), np.ones((reach, reach), np.uint8)).astype(bool)
    both = gray[(right | left) & ~behind]
    if both.size < 100:
        return ()
    low, high = np.percentile(both, (5, 95))
    scale = max(float(high - low), 1e-6)
    found = []
    for zone in ZONES:
        values = [gray[zone_of(lung, zone) & ~behind] for lung in (right, left)]
        if min(len(value) for value in values) < 50:
            continue
        spread = [float(np.subtract(*np.percentile(value, (75, 25)))) / 1.349 for value in values]
        sd = float(np.sqrt(sum((1.2533 * width / 10) ** 2 for width in spread))) / scale
        found.append(ZoneDensity(zone, float(np.median(values[0]) - np.median(values[1])) / scale, sd))
    return tuple(found)


def area_ratio(right: Mask, left: Mask) -> float:
    """Right lung's area over the left's."""
    return float(right.sum()) / max(float(left.sum()), 1.0)


def height_ratio(right: Mask, left: Mask) -> float:
    """Right lung field's height over the left's, apex to base; rows with a mere sliver of lung do not count."""

    def height(lung: Mask) -> int:
        widths = lung.sum(axis=1)
        rows = np.flatnonzero(widths >= max(1, 0.05 * widths.max()))
        return int(rows[-1] - rows[0] + 1)

    return height(right) / height(left)
