"""The contour of the brain on one MR slice: the closed path of least cost through the dark skull."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from readingroom.tools.backends.classical.segment import Mask

SIDE = 192
"""Pixels along the longer side of the working image."""
ANGLES = 180
TISSUE = 0.5
"""Of the brain's own median: above is tissue, below is bone, air or (on T1) fluid."""
FAT = 1.6
"""Of the brain's own median: above is fat, contrast medium or a bright artefact."""
LEAST_WALL = 6
"""Working pixels (3 percent of the head) that skull and scalp take at least."""
Plane = NDArray[np.float32]


class Start(NamedTuple):
    """Where the rays of a slice start, and what they are measured against, in working pixels."""

    centre: tuple[float, float]
    """x, y."""
    radius: float
    """Of the largest even disc about it."""
    level: float
    """The brain's median brightness."""
    stretch: float = 1.3
    """How many radii the contour may reach without cost."""
    path: NDArray[np.intp] | None = None
    """The contour of the neighbouring slice, where there is one."""


class Outline(NamedTuple):
    """A contour on one slice, in working pixels, and what speaks for it."""

    mask: Mask
    start: Start
    proof: float
    """Mean evidence along the contour: tissue, then dark, then scalp."""
    gap: float
    """Share of directions in which a dark skull follows the contour."""
    scalp: float
    """Share of directions in which tissue follows the skull."""
    even: float
    """1 for one even tissue inside, 0 for a mixture."""
    share: float
    """Of the head's area."""
    air: float
    """Share of the image's border that shows air."""
    round: float
    """Area over that of the contour's circle of the same perimeter."""

    @property
    def quality(self) -> float:
        """0..1: the product of what a brain must show, each part saturating where it is typical."""
        parts = (
            np.clip((self.gap - 0.3) / 0.35, 0, 1),
            np.clip((self.scalp - 0.2) / 0.4, 0, 1),
            np.clip((self.even - 0.2) / 0.3, 0, 1),
            np.clip((self.share - 0.21) / 0.08, 0, 1) * np.clip((0.92 - self.share) / 0.08, 0, 1),
            np.clip((self.air - 0.25) / 0.2, 0, 1),
            np.clip((self.round - 0.6) / 0.2, 0, 1),
        )
        return float(0.8 * np.prod(np.array(parts)) ** 0.5)


def outline(plane: Plane, aspect: float = 1.0, beside: Start | None = None) -> Outline | None:
    """The best contour on one slice in 0..1, None where no head is seen.

    `aspect`: pixel height over width; `beside`: what was found on the neighbouring slice, to stay near it.
    """
    height, width = plane.shape[0] * aspect, float(plane.shape[1])
    zoom = SIDE / max(height, width)
    size = (max(32, round(width * zoom)), max(32, round(height * zoom)))
    resized = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    small = np.asarray(cv2.GaussianBlur(resized, (0, 0), 0.8), np.float32)
    head = _head(small)
    if head.mean() < 0.05:
        return None
    small = _evened(small, head)
    starts = [beside] if beside else _starts(small, head)
    found = _traced(small, head, starts)
    if not found:
        return None
    best = max(found, key=lambda o: o.proof)
    for _ in range(0 if beside else 2):
        again = _traced(small, head, [_centred(best, small)])[0]
        best = again if again.proof > best.proof - 0.04 else best
    return best


def _centred(found: Outline, small: Plane) -> Start:
    """A new start in the middle of what was found."""
    y, x = (float(n.mean()) for n in np.nonzero(found.mask))
    radius = 0.9 * float(np.sqrt(found.mask.sum() / np.pi))
    return Start((x, y), radius, float(np.median(small[found.mask])), 1.5)


def _traced(small: Plane, head: Mask, starts: list[Start]) -> list[Outline]:
    """The contour of least cost about each start."""
    if not starts:
        return []
    rays = [_rays(small / start.level, start.centre) for start in starts]
    inside = [_rays(head.astype(np.float32), start.centre) for start in starts]
    proofs = [_proof(ray, start.radius) for ray, start in zip(rays, starts, strict=True)]
    costs = [_bounds(within, start) - proof for within, start, proof in zip(inside, starts, proofs, strict=True)]
    paths = _shortest(np.asarray(np.stack(costs), np.float32))
    out = []
    for start, path, ray, within, proof in zip(starts, paths, rays, inside, proofs, strict=True):
        drawn = _rounded(_drawn(path, start.centre, small.shape))
        trace = Trace(path, ray, _exits(within), float(proof[np.arange(ANGLES), path].mean()))
        out.append(_weighed(drawn, head, small, start=start, trace=trace))
    return out


def _drawn(path: NDArray[np.intp], centre: tuple[float, float], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    turn = np.arange(ANGLES) * 2 * np.pi / ANGLES
    points = np.stack([centre[0] + path * np.cos(turn), centre[1] + path * np.sin(turn)], axis=1)
    drawn = np.zeros(shape, np.uint8)
    cv2.fillPoly(drawn, [np.round(points * 16).astype(np.int32)], 1, shift=4)
    return drawn


def _head(small: Plane) -> Mask:
    """Everything brighter than a tenth of the range, the largest piece, filled."""
    light = cv2.morphologyEx((small > 0.1).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(light)
    if count < 2:
        return np.zeros(small.shape, bool)
    largest = (labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())).astype(np.uint8)
    largest = cv2.morphologyEx(largest, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9)))
    wide = cv2.copyMakeBorder(largest, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(wide, None, (0, 0), 2)
    return np.asarray(wide[1:-1, 1:-1] != 2)


def _rounded(drawn: NDArray[np.uint8]) -> Mask:
    """A drawn contour with its rim, and with dents narrower than an eighth of the head filled."""
    pad = 30
    wide = cv2.copyMakeBorder(drawn, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (25, 25))
    whole = cv2.dilate(cv2.morphologyEx(wide, cv2.MORPH_CLOSE, kernel), np.ones((3, 3), np.uint8))
    return np.asarray(whole[pad:-pad, pad:-pad] > 0)


def _evened(small: Plane, head: Mask) -> Plane:
    """The slice without its coil's slow shading, as far as a wide mean over middling tissue tells it."""
    middle = float(np.median(small[head]))
    tissue = ((small > 0.5 * middle) & (small < 1.6 * middle) & head).astype(np.float32)
    reach = 0.16 * SIDE
    shade = cv2.GaussianBlur(small * tissue, (0, 0), reach) / (cv2.GaussianBlur(tissue, (0, 0), reach) + 1e-3)
    return np.asarray(small / np.clip(shade / max(middle, 1e-6), 0.6, 1.7), np.float32)


def _starts(small: Plane, head: Mask) -> list[Start]:
    """Largest discs of tissue, from strictly even to any, each with a short and a long reach."""
    middle, bright = float(np.median(small[head])), float(np.percentile(small[head], 90))
    mean = cv2.blur(small, (9, 9))
    rough = np.sqrt(np.maximum(0, cv2.blur(small * small, (9, 9)) - mean * mean))
    usual = float(np.median(rough[head]))
    tissue = (small > 0.5 * middle) & (small < max(2.2 * middle, 0.9 * bright)) & head
    out = []
    for most in (1.25, 1.7, np.inf):
        start = _disc(small, tissue & (rough < most * usual), 0.02 * head.sum())
        if start is not None:
            out += [start, start._replace(stretch=1.7)]
    return out


def _disc(small: Plane, tissue: Mask, hole: float) -> Start | None:
    """The largest disc inside `tissue`, holes up to `hole` pixels not counting."""
    solid = cv2.morphologyEx(tissue.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(1 - solid, connectivity=4)
    small_holes = [k for k in range(1, count) if stats[k, cv2.CC_STAT_AREA] < hole]
    solid[np.isin(labels, small_holes)] = 1
    depth = cv2.distanceTransform(cv2.copyMakeBorder(solid, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0), cv2.DIST_L2, 5)
    depth = cv2.GaussianBlur(depth[1:-1, 1:-1], (0, 0), 2)
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    yy, xx = np.indices(small.shape)
    radius = float(depth[y, x])
    disc = np.hypot(yy - y, xx - x) < 0.8 * radius
    level = float(np.median(small[disc])) if disc.any() else 0.0
    return Start((float(x), float(y)), radius, level) if radius >= 8 and level >= 0.03 else None


def _rays(image: Plane, centre: tuple[float, float]) -> Plane:
    """(ANGLES, SIDE) samples along rays from `centre`, one pixel apart."""
    turn = np.arange(ANGLES)[:, None] * 2 * np.pi / ANGLES
    reach = np.arange(SIDE)[None]
    x = (centre[0] + reach * np.cos(turn)).astype(np.float32)
    y = (centre[1] + reach * np.sin(turn)).astype(np.float32)
    return np.asarray(cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0))


def _edges(rays: Plane) -> Plane:
    """Tissue just inside minus the darkest just outside, at every place of every ray."""
    flat = np.minimum(rays, 1)
    inner = cv2.blur(flat, (6, 1), anchor=(5, 0), borderType=cv2.BORDER_REPLICATE)
    outer = cv2.erode(flat, np.ones((1, 6), np.uint8), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(inner - outer)


def _proof(rays: Plane, radius: float) -> Plane:
    """High where tissue ends in something dark with scalp behind it, and neither skull nor fat was crossed before."""
    beyond = np.arange(SIDE)[None] > 0.8 * radius
    dark = np.cumsum(np.clip((0.6 - rays) / 0.4, 0, 1) * beyond, axis=1)
    fat = np.minimum(np.cumsum((rays > FAT) & beyond, axis=1), 12)
    return np.asarray(_edges(rays) + 0.7 * _scalp(rays) - 0.1 * dark - 0.1 * fat)


def _bounds(inside: Plane, start: Start) -> Plane:
    """What it costs to come too near to the head's surface, or too far from or near to the centre."""
    reach = np.arange(SIDE)[None]
    thin = np.clip(reach - (_exits(inside)[:, None] - LEAST_WALL), 0, None)
    far = np.maximum(0, reach / start.radius - start.stretch)
    near = np.maximum(0, 0.8 - reach / start.radius)
    cost = 0.25 * thin + 5 * far**2 + 3 * near
    if start.path is not None:
        step = reach - start.path[:, None]
        cost = cost + np.where(step > 0, 0.08, 0.03) * np.maximum(0, np.abs(step) - 2)
    return np.asarray(cost)


def _exits(inside: Plane) -> NDArray[np.intp]:
    """Where each ray leaves the head for good."""
    return np.asarray(SIDE - (inside[:, ::-1] > 0.5).argmax(axis=1), np.intp)


def _scalp(rays: Plane) -> Plane:
    """How far something bright rises again out of the darkest of the next pixels, at every place of every ray."""
    flat = np.minimum(rays, 1)
    gap = cv2.erode(flat, np.ones((1, 6), np.uint8), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    after = cv2.dilate(flat, np.ones((1, 14), np.uint8), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    late = np.zeros_like(after)
    late[:, :-5] = after[:, 5:]
    return np.asarray(np.clip(late - gap, 0, 1))


def _shortest(costs: Plane) -> NDArray[np.intp]:
    """Closed paths of least cost, (n, ANGLES) for n cost maps, at most two pixels further from one ray to the next."""
    lap = 60
    twice = np.concatenate([costs, costs[:, :lap]], axis=1)
    count, rows, width = twice.shape
    steps = ((-2, 0.24), (-1, 0.06), (0, 0.0), (1, 0.06), (2, 0.24))
    wide = np.full((count, width + 4), np.inf, np.float32)
    total, back = twice[:, 0], np.zeros(twice.shape, np.int8)
    for k in range(1, rows):
        wide[:, 2:-2] = total
        options = np.stack([wide[:, 2 + step : 2 + step + width] + np.float32(price) for step, price in steps])
        back[:, k] = options.argmin(axis=0) - 2
        total = options.min(axis=0) + twice[:, k]
    path = np.empty((count, rows), np.intp)
    path[:, -1] = total.argmin(axis=1)
    each = np.arange(count)
    for k in range(rows - 1, 0, -1):
        path[:, k - 1] = path[:, k] + back[each, k, path[:, k]]
    return np.concatenate([path[:, ANGLES : ANGLES + lap // 2], path[:, lap // 2 : ANGLES]], axis=1)


class Trace(NamedTuple):
    """A path with what it was found on: rays of relative brightness, where they leave the head, and the evidence."""

    path: NDArray[np.intp]
    rays: Plane
    exits: NDArray[np.intp]
    proof: float


def _weighed(mask: Mask, head: Mask, small: Plane, *, start: Start, trace: Trace) -> Outline:
    path, rays = trace.path, trace.rays
    edges = _edges(rays)[np.arange(ANGLES), path]
    scalp = [float(ray[r + 3 : r + 30].max(initial=0)) > TISSUE for ray, r in zip(rays, path, strict=True)]
    low, high = np.percentile(small[mask] / start.level, (20, 80)) if mask.any() else (0.0, 9.0)
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    rim = max((cv2.arcLength(c, True) for c in outlines), default=1.0)
    return Outline(
        mask=mask,
        start=start._replace(path=path),
        proof=trace.proof,
        gap=float(np.mean(edges > 0.4)),
        scalp=float(np.mean(scalp)),
        even=float(np.clip(1 - (high - low), 0, 1)),
        share=float(mask.sum() / max(1, head.sum())),
        air=float(np.mean(border < 0.1)),
        round=float(np.clip(4 * np.pi * mask.sum() / max(1.0, rim) ** 2, 0, 1)),
    )
