"""Field of view, optic disc and vessels of a colour fundus photograph, by brightness, line filters and radial edges."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from readingroom.tools.backends.classical import working_size as ws
from readingroom.tools.backends.classical.ellipse import Ellipse, filled, fitted, ray_points
from readingroom.tools.backends.classical.segment import Colour, Mask, Segment

Plane = NDArray[np.float32]

DISC, VESSELS = "optic disc", "vessels"
DISC_METHOD = "bright round spot where vessels gather, then an ellipse through its radial edge"
VESSEL_METHOD = "line detector of three lengths on the green channel, two thresholds"
DISC_CAVEAT = "an ellipse through the brightness edge: peripapillary atrophy may be taken in"
VESSEL_CAVEAT = "not measured against drawn vessels; the finest are missed, small haemorrhages may be marked"

WORK_SIDE = 640
LINE_LENGTHS = (7, 11, 15)
"""Working pixels. Ricci and Perfetti (2007) take 15 for a field of 540 px; the shorter ones keep thin vessels."""
BRIGHTEST = -3.0
"""Grey levels above the background at which bright spots are cut, or every exudate would get a dark halo of vessels."""
DISC_RADII = (0.055, 0.068, 0.082, 0.1)
"""Of the field's diameter: a disc of 1.8 mm in fields of 50 to 30 degrees."""
TURNS = np.linspace(0, 2 * np.pi, 72, endpoint=False)
REACH = np.arange(0.5, 1.6, 0.03)
VESSEL_QUALITY_CAP = 0.7


class Retina(NamedTuple):
    """The photograph at working size with what both targets stand on."""

    rgb: Plane
    field: Mask
    inner: Mask
    """The field without its rim."""
    lines: Plane
    """How far each pixel stands out as part of a dark line, in grey levels."""
    diameter: float
    """Of the field, in working pixels."""


class Spot(NamedTuple):
    """Where the disc most likely is."""

    place: Ellipse
    contrast: float
    """Brightness over the ring around, in standard deviations of the field."""
    gathering: float
    """Share of the field's greatest vessel density."""


class Rim(NamedTuple):
    """The ellipse through the disc's edge."""

    place: Ellipse
    agreeing: float
    """Share of the rays whose edge lies on it."""
    fall: float
    """Median fall of brightness across the edge, in standard deviations of the field."""


def find_field_of_view(image: Colour) -> Mask:
    """The lit part of a fundus photograph on the source pixels; everything where no border is dark."""
    if ws.unseen(image):
        return np.zeros(image.shape[:2], bool)
    return ws.source_mask(_field(ws.working_copy(image, 256)), image.shape)


def segment_optic_disc(image: Colour) -> Segment:
    """Outline the optic disc of a fundus photograph, (H, W, 3) sRGB, on its own pixels."""
    if why := ws.unseen(image):
        return ws.nothing(DISC, DISC_METHOD, image.shape, why)
    likeness, look = looks_like_fundus(image)
    retina = _read_retina(image)
    if retina.diameter < WORK_SIDE / 4:
        return ws.nothing(DISC, DISC_METHOD, image.shape, "no lit field of view")
    bright = _without_vessels(retina)
    spread = max(float(np.std((bright - ws.local_mean(bright, retina.field, 40))[retina.inner])), 1.0)
    spot = _brightest_spot(bright / spread, retina)
    rim = _disc_rim(bright / spread, spot.place)
    mask = filled(rim.place.on_grid(max(image.shape[:2]) / WORK_SIDE), image.shape[:2])
    found = ws.ramp(spot.contrast * (0.15 + spot.gathering), 1.6, 3.6)
    edge = ws.ramp(rim.agreeing, 0.3, 0.7) * ws.ramp(rim.fall, 0.1, 0.28)
    reason = (
        f"{spot.contrast:.1f} spreads brighter than around, vessel density {spot.gathering:.2f} of the greatest, "
        f"{rim.agreeing:.0%} of edge rays agree on a fall of {rim.fall:.2f}; {look}"
    )
    return Segment(DISC, mask, round(min(likeness, found, edge), 3), reason, DISC_METHOD, DISC_CAVEAT)


def segment_vessels(image: Colour) -> Segment:
    """Mark the vessels of a fundus photograph, (H, W, 3) sRGB; the quality is capped for want of a measured error."""
    if why := ws.unseen(image):
        return ws.nothing(VESSELS, VESSEL_METHOD, image.shape, why)
    likeness, look = looks_like_fundus(image)
    retina = _read_retina(image)
    if retina.diameter < WORK_SIDE / 4:
        return ws.nothing(VESSELS, VESSEL_METHOD, image.shape, "no lit field of view")
    found = _vessel_pieces(retina)
    share = float(found.sum() / retina.field.sum())
    long = _long_share(found, 0.2 * retina.diameter)
    plausible = ws.ramp(long, 0.3, 0.6) * ws.ramp(share, 0.01, 0.03) * ws.ramp(share, 0.25, 0.17)
    quality = VESSEL_QUALITY_CAP * likeness * plausible
    reason = f"{share:.1%} of the field, {long:.0%} of it in long connected pieces; {look}"
    return Segment(VESSELS, ws.source_mask(found, image.shape), round(quality, 3), reason, VESSEL_METHOD, VESSEL_CAVEAT)


def looks_like_fundus(image: Colour) -> tuple[float, str]:
    """How far this could be a fundus photograph, 0..1, and the clause that says why.

    A round lit field on black, orange to red, whose border lies on a circle."""
    if image.ndim != 3:
        return 0.0, "grey image, a fundus photograph is coloured"
    if why := ws.unseen(image):
        return 0.0, why
    small = ws.working_copy(image, 256)
    field = _field(small)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    inside = np.median(lab[field], axis=0) if field.any() else np.zeros(3)
    hue, chroma = float(np.degrees(np.arctan2(inside[2], inside[1]))), float(np.hypot(inside[1], inside[2]))
    tests = {
        "round border": ws.ramp(_roundness(field), 0.35, 0.7),
        "share of the frame": ws.ramp(float(field.mean()), 0.25, 0.45) * ws.ramp(float(field.mean()), 0.93, 0.86),
        "hue of the retina": ws.ramp(hue, 10, 35) * ws.ramp(hue, 100, 80),
        "chroma of the retina": ws.ramp(chroma, 12, 24),
    }
    worst = min(tests, key=lambda name: tests[name])
    score = float(np.prod(list(tests.values())))
    return round(score, 3), f"{worst} {tests[worst]:.2f} (hue {hue:.0f} degrees, chroma {chroma:.0f})"


def _field(small: Colour) -> Mask:
    light = cv2.GaussianBlur(small.max(-1).astype(np.float32), (0, 0), 1.5)
    lit = light > max(12.0, 0.18 * float(np.percentile(light, 95)))
    return ws.largest_piece(ws.opened(np.asarray(lit), 3))


def _roundness(field: Mask) -> float:
    """Share of directions in which the field ends on one circle, among those in which it does not end at the frame.

    Times how much of the circle those directions cover, up to a third of it; a circle wider than the frame is none."""
    edges, _ = cv2.findContours(field.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not edges:
        return 0.0
    points = max(edges, key=len)[:, 0].astype(np.float64)
    height, width = field.shape
    x, y = points.T
    free = points[(x > 2) & (x < width - 3) & (y > 2) & (y < height - 3)]
    if len(free) < 30:
        return 0.0
    circle = _circle(free)
    off = np.abs(np.hypot(free[:, 0] - circle[0], free[:, 1] - circle[1]) - circle[2])
    circle = _circle(free[off <= np.quantile(off, 0.7)])
    away = free - circle[:2]
    good = np.abs(np.hypot(away[:, 0], away[:, 1]) - circle[2]) < 0.015 * circle[2] + 0.5
    turned = np.unique(np.round(np.degrees(np.arctan2(away[good, 1], away[good, 0])) / 10)).size / 36
    return float(good.mean() * min(turned / 0.33, 1)) * ws.ramp(2 * circle[2] / max(height, width), 1.12, 1.04)


def _circle(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centre x, y and radius by algebraic least squares (Kasa 1976)."""
    A = np.column_stack([2 * points, np.ones(len(points))])
    solved = np.linalg.lstsq(A, (points**2).sum(1), rcond=None)[0]
    return np.array([solved[0], solved[1], np.sqrt(max(solved[2] + solved[0] ** 2 + solved[1] ** 2, 1.0))])


def _read_retina(image: Colour) -> Retina:
    small = ws.working_copy(image, WORK_SIDE)
    field = _field(small)
    if not field.any():
        return Retina(small.astype(np.float32), field, field, np.zeros(field.shape, np.float32), 0.0)
    inner = ws.eroded(field, 5)
    green = small[..., 1].astype(np.float32)
    level = ws.local_mean(green, field, 15)
    level = ws.local_mean(np.minimum(green, level - BRIGHTEST), field, 15)
    dark = np.where(field, level - green, 0).astype(np.float32)
    lines = np.where(inner, np.clip(_line_response(np.maximum(dark, BRIGHTEST)), 0, None), 0).astype(np.float32)
    diameter = max(np.ptp(np.flatnonzero(field.any(0))), np.ptp(np.flatnonzero(field.any(1))))
    return Retina(small.astype(np.float32), field, inner, lines, float(diameter))


def _line_response(dark: Plane) -> Plane:
    """Mean along the best of 12 directions minus mean of the square around, averaged over lengths."""
    total = np.zeros_like(dark)
    for length in LINE_LENGTHS:
        best = np.full_like(dark, -np.inf)
        for turn in np.arange(12) * np.pi / 12:
            kernel = np.zeros((length, length), np.float32)
            half = length // 2
            dx, dy = half * np.cos(turn), half * np.sin(turn)
            cv2.line(kernel, (round(half - dx), round(half - dy)), (round(half + dx), round(half + dy)), 1.0, 1)
            best = np.maximum(best, cv2.filter2D(dark, -1, kernel / kernel.sum()))
        total += best - cv2.blur(dark, (length, length))
    return np.asarray(total / len(LINE_LENGTHS), np.float32)


def _vessel_pieces(retina: Retina) -> Mask:
    """Lines above a level set by the field's own noise, kept where they reach twice that and run on."""
    noise = float(np.median(retina.lines[retina.inner])) if retina.inner.any() else 1.0
    low = max(2.8 * noise, 2.6)
    labels, count = ndimage.label(retina.lines > low, np.ones((3, 3)))
    strong = np.zeros(count + 1, bool)
    strong[np.unique(labels[retina.lines > 2 * low])] = True
    strong[0] = False
    for index, box in enumerate(ndimage.find_objects(labels), 1):
        strong[index] &= max(side.stop - side.start for side in box) > 0.05 * retina.diameter
    return np.asarray(strong[labels])


def _long_share(mask: Mask, length: float) -> float:
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    total = sizes[1:].sum()
    boxes = enumerate(ndimage.find_objects(labels), 1)
    long = sum(int(sizes[i]) for i, box in boxes if max(side.stop - side.start for side in box) > length)
    return float(long / total) if total else 0.0


def _without_vessels(retina: Retina) -> Plane:
    """Red and green together, vessels closed over, carried on beyond the field."""
    bright = cv2.morphologyEx(retina.rgb[..., :2].mean(-1), cv2.MORPH_CLOSE, ws.disk(6))
    return np.where(retina.field, bright, ws.local_mean(bright, retina.field, 20)).astype(np.float32)


def _brightest_spot(bright: Plane, retina: Retina) -> Spot:
    strongest = float(np.percentile(retina.lines[retina.inner], 98)) if retina.inner.any() else 1.0
    density = ws.broad_blur(np.minimum(retina.lines, strongest), 0.05 * retina.diameter)
    density = density / max(float(density.max()), 1e-6)
    best, best_score = Spot(Ellipse(0, 0, 1, 1, 0), 0.0, 0.0), -np.inf
    for radius in (part * retina.diameter for part in DISC_RADII):
        reach = int(2 * radius)
        y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        away = np.hypot(x, y)
        spot, ring = away <= radius, (away > 1.2 * radius) & (away <= 1.8 * radius)
        kernel = (spot / spot.sum() - ring / ring.sum()).astype(np.float32)
        contrast = cv2.filter2D(bright, -1, kernel, borderType=cv2.BORDER_REPLICATE)
        score = np.where(retina.inner, contrast * (0.15 + density), -np.inf)
        row, column = np.unravel_index(int(score.argmax()), score.shape)
        if score[row, column] > best_score:
            best_score = float(score[row, column])
            place = Ellipse(float(column), float(row), radius, radius, 0.0)
            best = Spot(place, float(contrast[row, column]), float(density[row, column]))
    return best


def _disc_rim(bright: Plane, place: Ellipse) -> Rim:
    """Four times: the steepest fall along each ray near the present rim, and the ellipse through those that agree."""
    smooth = cv2.GaussianBlur(bright, (0, 0), 1.5)
    rim = Rim(place, 0.0, 0.0)
    rays = np.arange(TURNS.size)
    for _ in range(4):
        row = np.array([rim.place], np.float32)
        points = [ray_points(row, TURNS, float(reach)) for reach in REACH]
        x, y = (np.stack([point[axis][0] for point in points], 1) for axis in (0, 1))
        profile = cv2.remap(smooth, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        slope = ndimage.gaussian_filter1d(profile, 2.0, axis=1, order=1)
        fall = -ndimage.gaussian_filter1d(slope, 1.5, axis=0, mode="wrap")
        at = (np.clip(fall, 0, None) * np.exp(-(((REACH - 1) / 0.4) ** 2))).argmax(1)
        steep = fall[rays, at]
        agree = (np.abs(REACH[at] - np.median(REACH[at])) < 0.22) & (steep > 0.3 * np.median(steep))
        if agree.sum() < 20:
            return rim
        edge = np.stack([x[rays, at], y[rays, at]], 1)[agree]
        rim = Rim(_disc_shaped(fitted(edge)), float(agree.mean()), float(np.median(steep)))
    return rim


def _disc_shaped(ellipse: Ellipse) -> Ellipse:
    """No disc is longer than 1.5 times its width: beyond that the fit has caught a vessel."""
    mean = float(np.sqrt(ellipse.a * ellipse.b))
    low, high = mean / np.sqrt(1.5), mean * np.sqrt(1.5)
    return ellipse._replace(a=float(np.clip(ellipse.a, low, high)), b=float(np.clip(ellipse.b, low, high)))
