"""Fetal head and hypo-echoic breast lesion in B-mode ultrasound: the ellipse whose rim stands out most."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from readingroom.tools.backends.classical import working_size as ws
from readingroom.tools.backends.classical.ellipse import (
    Ellipse,
    Limits,
    Rows,
    climb,
    filled,
    fitted,
    ray_points,
    sampled,
)
from readingroom.tools.backends.classical.segment import Colour, Gray, Mask, Segment

Plane = NDArray[np.float32]

HEAD, LESION = "fetal head", "hypoechoic lesion"
HEAD_METHOD = "search for the ellipse with the brightest rim, fitted to the skull's outer edge"
LESION_METHOD = "search for the ellipse darker than its surroundings, then a local threshold"
HEAD_CAVEAT = "a filled ellipse along the outer edge of the skull, whatever the plane of the section"
LESION_CAVEAT = "the most conspicuous dark region, lesion or not; shadows and fat lobules look alike"

SIDE = 160
TURNS = np.linspace(0, 2 * np.pi, 48, endpoint=False)
LESION_QUALITY_CAP = 0.55
"""A hypo-echoic region is found in any breast: never more than moderate trust."""


@dataclass(frozen=True)
class Head:
    """The fetal head with the ellipse that it is, in source pixels."""

    segment: Segment
    ellipse: Ellipse | None
    """Along the outer edge of the skull; None where nothing could be searched."""

    @property
    def circumference(self) -> float:
        """In pixels; times the pixel spacing it is the head circumference."""
        return self.ellipse.circumference if self.ellipse else 0.0

    @property
    def biparietal(self) -> float:
        """The short diameter in pixels, outer to outer: an approximation of the biparietal diameter."""
        return 2 * min(self.ellipse.a, self.ellipse.b) if self.ellipse else 0.0


class Scan(NamedTuple):
    """The working copy of a scan."""

    light: Plane
    field: Mask
    left: float
    right: float
    top: float
    bottom: float


class Skull(NamedTuple):
    """The brightest elliptic ring of a scan, along its crest, at working size."""

    place: Ellipse
    contrast: float
    """Of the ring over its sides, in spreads of the scan."""
    covered: float
    """Share of the ring that stands out."""
    drop: float
    """From the ring to the tissue around it, in spreads: 1.3 and more for a skull, near 0 for a cyst."""

    @property
    def certainty(self) -> float:
        """Half between the weakest of six heads (0.83, 83 %) and the strongest of 13 other scans (0.75, 75 %)."""
        return min(ws.ramp(self.contrast, 0.6, 1.0), ws.ramp(self.covered, 0.65, 0.92), ws.ramp(self.drop, 0.3, 0.9))


def segment_fetal_head(image: Gray) -> Segment:
    """The fetal head in a (H, W) grey image in 0..1, on its own pixels."""
    return find_fetal_head(image).segment


def find_fetal_head(image: Gray) -> Head:
    """The same with its ellipse, from which circumference and biparietal diameter follow."""
    why = ws.unseen(image)
    scan = _read_scan(image) if not why else None
    if scan is None or scan.field.sum() < 400:
        return Head(ws.nothing(HEAD, HEAD_METHOD, image.shape, why or "no lit field"), None)
    likeness, look = looks_like_ultrasound(image)
    skull = _skull(scan)
    source = _outer_edge(skull.place, scan).on_grid(max(image.shape[:2]) / SIDE)
    quality = min(likeness, skull.certainty)
    ring = f"ring contrast {skull.contrast:.2f} spreads over {skull.covered:.0%} of the rim"
    reason = f"{ring}, {skull.drop:.1f} brighter than around; {look}"
    mask = filled(source, image.shape)
    return Head(Segment(HEAD, mask, round(quality, 3), reason, HEAD_METHOD, HEAD_CAVEAT), source)


def segment_hypoechoic_lesion(image: Gray) -> Segment:
    """The most conspicuous dark region of a (H, W) grey breast scan in 0..1, on its own pixels."""
    why = ws.unseen(image)
    scan = _read_scan(image) if not why else None
    if scan is None or scan.field.sum() < 400:
        return ws.nothing(LESION, LESION_METHOD, image.shape, why or "no lit field")
    likeness, look = looks_like_ultrasound(image)
    echo = _echo(scan)
    limits = Limits(smallest=4, largest=0.35 * SIDE, flattest=0.4, tallest=1.5)
    place, score = climb(partial(_dark_score, echo=echo, scan=scan), _lesion_starts(scan), limits)
    edge = np.sort(_darker(np.array([place], np.float32), echo)[0])
    weaker = float(edge[: edge.size // 2].mean())
    mask = ws.source_mask(_fitted_to_echo(place, echo, scan.field), image.shape)
    no_skull = 1 - _skull(scan).certainty
    dark = min(ws.ramp(weaker, 0.1, 0.6), ws.ramp(score, 0.15, 0.5))
    quality = LESION_QUALITY_CAP * min(likeness, ws.ramp(no_skull, 0.3, 0.6), dark)
    reason = f"{edge.mean():.1f} spreads darker than around, weaker half of the rim {weaker:.1f}; {look}"
    return Segment(LESION, mask, round(quality, 3), reason, LESION_METHOD, LESION_CAVEAT)


def looks_like_ultrasound(image: Gray | Colour) -> tuple[float, str]:
    """How far this could be a B-mode scan, 0..1, and the clause that says why; grey in 0..1 or sRGB.

    Dark on the whole, edges run across the beam (changes are stronger down the image than along it), and texture
    grows with brightness as speckle does; in CT, MR and radiographs it does not. Turned scans are not recognised."""
    if why := ws.unseen(image):
        return 0.0, why
    small = ws.working_copy(image, 256)
    chroma = _chroma(small)
    full = 255.0 if small.dtype == np.uint8 else 1.0
    grey = np.asarray(small if small.ndim == 2 else cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32) / full
    inside = _texture_field(grey)
    across, speckle = _across(grey, inside), _speckle(grey, inside)
    middle = float(np.median(grey[inside]))
    tests = {
        "edges across the beam": ws.ramp(across, 1.0, 1.22),
        "texture grows with brightness": ws.ramp(speckle, 0.05, 0.3),
        "dark on the whole": ws.ramp(middle, 0.7, 0.5),
        "hardly any colour": ws.ramp(chroma, 12, 6),
    }
    worst = min(tests, key=lambda name: tests[name])
    return round(tests[worst], 3), f"{worst} {tests[worst]:.2f} (anisotropy {across:.2f}, speckle {speckle:.2f})"


def _chroma(image: NDArray[Any]) -> float:
    if image.ndim == 2:
        return 0.0
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return float(np.median(np.hypot(lab[..., 1], lab[..., 2])))


def _texture_field(grey: Plane) -> Mask:
    lit = ws.largest_piece(np.asarray(cv2.GaussianBlur(grey, (0, 0), 2) > 0.03))
    inner = ws.eroded(lit, 4)
    return inner if inner.sum() > 100 else np.ones(grey.shape, bool)


def _across(grey: Plane, inside: Mask) -> float:
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.0)
    down, along = (np.abs(cv2.Sobel(smooth, cv2.CV_32F, dx, 1 - dx))[inside].mean() for dx in (0, 1))
    return float(down / max(along, 1e-6))


def _speckle(grey: Plane, inside: Mask) -> float:
    """Correlation of local mean and local spread over 7 x 7 px."""
    mean = cv2.blur(grey, (7, 7))
    spread = np.sqrt(np.maximum(cv2.blur(grey * grey, (7, 7)) - mean**2, 0))
    x, y = mean[inside], spread[inside]
    if min(float(x.std()), float(y.std())) < 1e-6:
        return 0.0
    return float(np.corrcoef(x, y)[0, 1])


def _read_scan(image: Gray) -> Scan:
    light = ws.working_copy(np.clip(image, 0, 1).astype(np.float32), SIDE)
    lit = cv2.GaussianBlur(light, (0, 0), 1) > 0.02
    field = ws.largest_piece(ws.opened(ws.closed(np.asarray(lit), 4), 2))
    if not field.any():
        return Scan(light, field, 0, 1, 0, 1)
    rows, columns = np.nonzero(field)
    left, right = np.percentile(columns, (1, 99))
    top, bottom = np.percentile(rows, (1, 99))
    return Scan(light, field, float(left), float(right) + 1, float(top), float(bottom) + 1)


def _skull(scan: Scan) -> Skull:
    rim, soft = _ridges(scan)
    limits = Limits(smallest=0.1 * SIDE, largest=0.55 * SIDE, flattest=0.6, tallest=1.2)
    place, _ = climb(partial(_ring_score, rim=rim, soft=soft), _head_starts(scan), limits)
    row = np.array([place], np.float32)
    contrast = np.clip(_ring(row, rim, soft)[0], -0.6, 1.5)
    return Skull(place, float(contrast.mean()), float((contrast > 0.3).mean()), _drop(row, scan))


def _drop(row: Rows, scan: Scan) -> float:
    light = np.sqrt(scan.light)
    smooth = cv2.GaussianBlur(light, (0, 0), 1.2)
    ring = sampled(cv2.dilate(smooth, ws.disk(1)), *ray_points(row, TURNS, 1.0), 0.0)
    around = sampled(smooth, *ray_points(row, TURNS, 1.2), 0.0)
    return float(np.clip((ring - around) / max(float(light[scan.field].std()), 0.02), -1, 2).mean())


def _ridges(scan: Scan) -> tuple[Plane, Plane]:
    """Brightness over its surroundings in spreads of the scan: widened by a pixel for the rim, soft for its sides."""
    light = np.sqrt(scan.light)
    spread = max(float(light[scan.field].std()), 0.02)
    over = (cv2.GaussianBlur(light, (0, 0), 1.2) - cv2.GaussianBlur(light, (0, 0), 12)) / spread
    wide, soft = cv2.dilate(over, ws.disk(1)), cv2.GaussianBlur(over, (0, 0), 1.5)
    return np.asarray(wide, np.float32), np.asarray(soft, np.float32)


def _ring(rows: Rows, rim: Plane, soft: Plane) -> NDArray[np.float32]:
    """(n, rays): the rim over its two sides, the brighter counting three times; off the frame it counts against."""
    on = sampled(rim, *ray_points(rows, TURNS, 1.0), np.nan)
    inside = sampled(soft, *ray_points(rows, TURNS, 0.82), 0.0)
    outside = sampled(soft, *ray_points(rows, TURNS, 1.18), 0.0)
    sides = (inside + outside) / 4 + np.maximum(inside, outside) / 2
    return np.asarray(np.where(np.isnan(on), -0.3, on - sides), np.float32)


def _ring_score(rows: Rows, rim: Plane, soft: Plane) -> NDArray[np.float32]:
    return np.asarray(np.clip(_ring(rows, rim, soft), -0.6, 1.5).mean(1), np.float32)


def _head_starts(scan: Scan) -> Rows:
    width, height = scan.right - scan.left, scan.bottom - scan.top
    rows = [
        (scan.left + u * width, scan.top + v * height, a * SIDE, a * SIDE * flat, turn)
        for a in np.linspace(0.14, 0.46, 9)
        for flat in (0.68, 0.78, 0.9)
        for turn in np.arange(8) * np.pi / 8
        for u in np.linspace(0.2, 0.8, 9)
        for v in np.linspace(0.2, 0.8, 9)
    ]
    return np.array(rows, np.float32)


def _outer_edge(place: Ellipse, scan: Scan) -> Ellipse:
    """The ellipse through the skull's outer edge: along each ray the crest near the rim, then its half fall outward."""
    reach = np.arange(0.8, 1.3, 0.5 / np.sqrt(place.a * place.b))
    light = cv2.GaussianBlur(scan.light, (0, 0), 0.7)
    row = np.array([place], np.float32)
    points = [ray_points(row, TURNS, float(part)) for part in reach]
    x, y = (np.stack([point[axis][0] for point in points], 1) for axis in (0, 1))
    profile = cv2.remap(light, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    near = np.exp(-(((reach - 1) / 0.07) ** 2) / 2)
    crest = (profile * near).argmax(1)
    beyond = np.arange(reach.size)[None] >= crest[:, None]
    floor = np.min(np.where(beyond & (reach < 1.2), profile, np.inf), axis=1, initial=1.0)
    top = profile[np.arange(TURNS.size), crest]
    fallen = beyond & (profile <= (top + floor)[:, None] / 2)
    edge = np.where(fallen.any(1), fallen.argmax(1), crest)
    distance = reach[edge]
    usual = float(np.median(distance))
    kept = (np.abs(distance - usual) < 0.06) & (top > np.quantile(top, 0.25))
    if kept.sum() < 16:
        return place.grown(usual)
    rays = np.arange(TURNS.size)[kept]
    refit = fitted(np.stack([x[rays, edge[kept]], y[rays, edge[kept]]], 1))
    alike = 0.9 < refit.a * refit.b / (place.a * place.b * usual**2) < 1.1
    return refit if alike else place.grown(usual)


def _echo(scan: Scan) -> Plane:
    """Echo against the usual at its depth, in spreads; text and callipers go with a median."""
    calm = cv2.medianBlur((scan.light * 255).astype(np.uint8), 5).astype(np.float32) / 255
    echo = ws.local_mean(np.sqrt(calm), scan.field, 1.5)
    usual = float(np.median(echo[scan.field]))
    lines = zip(echo, scan.field, strict=True)
    rows = [float(np.median(line[seen])) if seen.sum() > 5 else usual for line, seen in lines]
    depth = ndimage.gaussian_filter1d(np.array(rows, np.float32), 12)[:, None]
    over = echo - (depth + usual) / 2
    return np.where(scan.field, over / max(float(over[scan.field].std()), 0.02), 0).astype(np.float32)


def _darker(rows: Rows, echo: Plane) -> NDArray[np.float32]:
    """(n, rays): outside minus inside, half of it right at the rim; beyond the frame counts as dark."""
    inside = np.stack([sampled(echo, *ray_points(rows, TURNS, reach), 0.0) for reach in (0.4, 0.65, 0.87)])
    outside = np.stack([sampled(echo, *ray_points(rows, TURNS, reach), -0.3) for reach in (1.15, 1.35)]).mean(0)
    whole = inside.mean(0).mean(1, keepdims=True)
    return np.asarray(outside - (inside[-1] + whole) / 2, np.float32)


def _dark_score(rows: Rows, echo: Plane, scan: Scan) -> NDArray[np.float32]:
    """Rim contrast, its weaker half counted twice, times a prior of place (central, upper half) and of size."""
    edge = np.clip(_darker(rows, echo), -0.8, 1.5)
    strength = (edge.mean(1) + np.sort(edge, axis=1)[:, : TURNS.size // 2].mean(1)) / 2
    width, height = scan.right - scan.left, scan.bottom - scan.top
    u, v = (rows[:, 0] - scan.left) / width, (rows[:, 1] - scan.top) / height
    prior = np.exp(-(((u - 0.5) / 0.25) ** 2 + ((v - 0.38) / 0.2) ** 2) / 2)
    size = np.minimum(np.pi * rows[:, 2] * rows[:, 3] / (width * height) / 0.15, 1)
    return np.asarray(np.clip(strength, 0, None) * prior * np.sqrt(size), np.float32)


def _lesion_starts(scan: Scan) -> Rows:
    width, height = scan.right - scan.left, scan.bottom - scan.top
    side = float(np.sqrt(width * height))
    shapes = [(flat, turn) for flat in (0.5, 0.75) for turn in (-0.5, 0.0, 0.5)] + [(1.1, 0.0)]
    rows = [
        (scan.left + u * width, scan.top + v * height, size * side / np.sqrt(flat), size * side * np.sqrt(flat), turn)
        for u in np.linspace(0.15, 0.85, 15)
        for v in np.linspace(0.08, 0.75, 15)
        for size in (0.05, 0.075, 0.11, 0.15, 0.2, 0.26)
        for flat, turn in shapes
    ]
    return np.array(rows, np.float32)


def _fitted_to_echo(place: Ellipse, echo: Plane, field: Mask) -> Mask:
    """Between 0.65 and 1.2 of the ellipse the echo decides, half-way between the lesion and its surroundings."""
    inside = filled(place, echo.shape)
    ring = filled(place.grown(1.35), echo.shape) & ~ws.dilated(inside, 1) & field
    if not ring.any() or not inside.any():
        return inside
    level = (float(np.median(echo[ring])) + float(np.median(echo[inside]))) / 2
    like = ((echo < level) & filled(place.grown(1.2), echo.shape)) | filled(place.grown(0.65), echo.shape)
    radius = max(1, int(0.2 * np.sqrt(place.a * place.b)))
    return ws.largest_piece(ws.closed(ws.opened(like, radius), radius))
