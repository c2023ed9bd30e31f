"""The lesion in a dermoscopy image: the ellipse whose rim parts it best from the skin around, fitted to the colour."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from readingroom.tools.backends.classical import working_size as ws
from readingroom.tools.backends.classical.ellipse import Ellipse, Limits, Rows, climb, filled, ray_points, sampled
from readingroom.tools.backends.classical.segment import Colour, Mask, Segment

Plane = NDArray[np.float32]

TARGET = "lesion"
METHOD = "ellipse with the strongest rim in the colour distance to skin, then a local threshold and its convex hull"
CAVEAT = "a smooth convex outline in the manner of the ISIC polygons: wider than the pigment, notches are closed"

WORK_SIDE = 320
HAIR_DEPTH = 9.0
"""CIE L units by which a closing lifts a hair or a ruler's mark."""
TURNS = np.linspace(0, 2 * np.pi, 32, endpoint=False)
INSIDE, OUTSIDE = (0.2, 0.5, 0.85), (1.12, 1.3)
"""Where along a ray the lesion and the skin are read, in parts of the radius."""
RIM_SHARE = 0.9
"""Weight of the contrast right at the rim; the rest goes to the mean of the inside."""
CONTRAST_CAP = 10.0
CENTRED = 0.45
"""Standard deviation, in half images, of the prior that the lesion is central: dermoscopy is aimed."""
FULL_SIZE, SIZE_POWER = 0.35, 0.45
"""The score grows with area**0.45 up to 35 % of the image: powers of 0.35 to 0.5 did as well on nine ISIC images;
0.25 shrank the two diffuse lesions to their darkest part."""
LEAST_SPREAD = 2.5
"""CIE units: skin smoother than this is not trusted to be so smooth."""


class Skin(NamedTuple):
    """The working copy read as distance from skin."""

    distance: Plane
    """Darker, redder and browner than the skin around, in units of that skin's own spread."""
    usable: Mask
    """Neither black corner nor marker ink."""


class Outline(NamedTuple):
    """The mask at working size and what its quality rests on."""

    mask: Mask
    rim: float
    """Mean contrast over the rim, in skin spreads."""
    weak_rim: float
    """The same over the weaker half of the rim."""


def segment_lesion(image: Colour) -> Segment:
    """Outline the lesion of a dermoscopy image, (H, W, 3) sRGB, on its own pixels; quality 0 where nothing is shown."""
    if why := ws.unseen(image):
        return ws.nothing(TARGET, METHOD, image.shape, why)
    likeness, look = looks_like_dermoscopy(image)
    outline = _outline(_read_skin(ws.working_copy(image, WORK_SIDE)))
    mask = ws.source_mask(outline.mask, image.shape)
    contrast = ws.ramp(outline.weak_rim, 0.3, 2.5) * ws.ramp(outline.rim, 0.9, 3.5)
    quality = min(likeness, contrast) * ws.ramp(float(mask.mean()), 0.0, 0.01)
    reason = f"rim contrast {outline.rim:.1f} skin spreads, weaker half {outline.weak_rim:.1f}; {look}"
    return Segment(TARGET, mask, round(quality, 3), reason, METHOD, CAVEAT)


def looks_like_dermoscopy(image: Colour) -> tuple[float, str]:
    """How far this could be skin through a dermatoscope, 0..1, and the clause that says why.

    Skin fills the frame, is light, of a hue between red and yellow and of moderate chroma, brown in parts or smooth.
    The scores of the tests multiply; the limits leave room around nine ISIC images."""
    if image.ndim != 3:
        return 0.0, "grey image, skin is coloured"
    if why := ws.unseen(image):
        return 0.0, why
    lab = _cie_lab(ws.working_copy(image, 256))
    lit = lab[..., 0] > 12
    centre = np.median(lab[lit], axis=0) if lit.any() else np.zeros(3)
    hue = float(np.degrees(np.arctan2(centre[2], centre[1])))
    chroma = float(np.hypot(centre[1], centre[2]))
    brown, violet = float((lab[..., 2] > 6).mean()), float((lab[..., 2] < -8).mean())
    fine = float(np.percentile(np.abs(lab[..., 0] - cv2.GaussianBlur(lab[..., 0], (0, 0), 1.5)), 75))
    tests = {
        "frame filled": ws.ramp(float(lit.mean()), 0.6, 0.9),
        "lightness of skin": ws.ramp(float(centre[0]), 30, 50),
        "hue of skin": ws.ramp(hue, -30, -10) * ws.ramp(hue, 115, 90),
        "redness of skin": ws.ramp(float(centre[1]), 28, 20),
        "chroma of skin": ws.ramp(chroma, 2, 6) * ws.ramp(chroma, 48, 36),
        "brown or smooth": max(ws.ramp(brown, 0.06, 0.2), ws.ramp(fine, 2.0, 1.3)),
        "little violet": ws.ramp(violet, 0.5, 0.25),
    }
    worst = min(tests, key=lambda name: tests[name])
    score = float(np.prod(list(tests.values())))
    return round(score, 3), f"{worst} {tests[worst]:.2f} (hue {hue:.0f} degrees, chroma {chroma:.0f})"


def _cie_lab(image: Colour) -> Plane:
    return np.asarray(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def _read_skin(image: Colour) -> Skin:
    field = _field(_cie_lab(image)[..., 0])
    lab = _cie_lab(_without_hair(image))
    skin = np.median(lab[field], axis=0) if field.any() else np.zeros(3, np.float32)
    usable = field & ~_ink(lab, skin)
    redness, spread = _from_skin(np.asarray(cv2.GaussianBlur(lab, (0, 0), 2), np.float32), usable)
    return Skin(np.where(usable, redness / max(spread, LEAST_SPREAD), 0).astype(np.float32), usable)


def _field(light: Plane) -> Mask:
    """What the lens shows: no black corner or vignette that touches the frame."""
    smooth = cv2.GaussianBlur(light, (0, 0), 2)
    labels, count = ndimage.label(smooth < 0.42 * np.percentile(smooth, 75))
    at_frame = np.zeros(count + 1, bool)
    for rim in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        at_frame[rim] = True
    at_frame[0] = False
    return np.asarray(~at_frame[labels])


def _ink(lab: Plane, skin: NDArray[np.floating]) -> Mask:
    """Violet and blue marker: far bluer than the skin, and blue in itself."""
    found = (lab[..., 2] < skin[2] - 8) & (lab[..., 2] < 2) & (lab[..., 1] > skin[1] - 6)
    return ws.dilated(ws.closed(found, 3), 2)


def _without_hair(image: Colour) -> Colour:
    """Thin dark lines painted over from their sides (as in DullRazor, Lee et al. 1997, with Telea's inpainting)."""
    light = _cie_lab(image)[..., 0]
    thin = cv2.morphologyEx(light, cv2.MORPH_BLACKHAT, ws.disk(5)) > HAIR_DEPTH
    labels, count = ndimage.label(thin, np.ones((3, 3)))
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    hair = np.zeros(count + 1, bool)
    for index, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
        length = max(rows.stop - rows.start, columns.stop - columns.start)
        hair[index] = length > 18 and areas[index] < 0.35 * length**2
    paint = ws.dilated(hair[labels], 1).astype(np.uint8)
    return np.asarray(cv2.inpaint(image, paint, 3, cv2.INPAINT_TELEA), np.uint8)


def _from_skin(lab: Plane, usable: Mask) -> tuple[Plane, float]:
    """Darker + redder + yellower than a smooth surface through the skin, and the skin's spread about it, in CIE units.

    The surface is refitted with less weight where the picture departs from it, so that the lesion drops out."""
    height, width = usable.shape
    y, x = np.mgrid[-1 : 1 : complex(0, height), -1 : 1 : complex(0, width)]
    outer = (usable * np.clip(np.hypot(x, y), 0.15, 1.0)).astype(np.float32)
    signal = lab[..., 1] + lab[..., 2] - lab[..., 0]
    weight, away, spread = outer, signal, 1.0
    for _ in range(4):
        away = signal - _surface(signal, weight, x, y)
        spread = _spread(away, weight)
        unlike = np.where(away > 0, away / 1.5, away / 3) / spread
        weight = (outer * np.exp(-(unlike**2))).astype(np.float32)
    return away, spread


def _surface(values: Plane, weight: Plane, x: NDArray[np.float64], y: NDArray[np.float64]) -> Plane:
    """Weighted least-squares quadratic; a ridge keeps slopes and bends small where the weight is one-sided."""
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1)
    some, w = terms[::4, ::4].reshape(-1, 6), np.sqrt(weight[::4, ::4].reshape(-1, 1).astype(np.float64))
    ridge = np.diag([1e-6, 0.02, 0.02, 0.1, 0.1, 0.1]) * max(float(w.sum()), 1.0)
    right = (some * w).T @ (values[::4, ::4].reshape(-1, 1) * w)
    return np.asarray((terms @ np.linalg.solve((some * w).T @ (some * w) + ridge, right))[..., 0], np.float32)


def _spread(away: Plane, weight: Plane) -> float:
    """Weighted median deviation as a standard deviation (x 1.4826), at least one CIE unit."""
    size = np.abs(away[weight > 0])
    if size.size == 0:
        return 1.0
    order = np.argsort(size)
    total = np.cumsum(weight[weight > 0][order])
    return max(1.4826 * float(size[order][np.searchsorted(total, total[-1] / 2)]), 1.0)


def _rim_contrast(rows: Rows, distance: Plane) -> NDArray[np.float32]:
    """(n, rays): inside minus outside."""
    inside = np.stack([sampled(distance, *ray_points(rows, TURNS, reach), 0.0) for reach in INSIDE])
    outside = np.stack([sampled(distance, *ray_points(rows, TURNS, reach), 0.0) for reach in OUTSIDE]).mean(0)
    whole = inside.mean(0).mean(1, keepdims=True)
    return np.asarray(RIM_SHARE * inside[-1] + (1 - RIM_SHARE) * whole - outside, np.float32)


def _score(rows: Rows, distance: Plane) -> NDArray[np.float32]:
    height, width = distance.shape
    contrast = np.clip(_rim_contrast(rows, distance), -CONTRAST_CAP / 2, CONTRAST_CAP)
    weaker = np.sort(contrast, axis=1)[:, : TURNS.size // 2]
    off_centre = ((2 * rows[:, 0] / width - 1) ** 2 + (2 * rows[:, 1] / height - 1) ** 2) / (2 * CENTRED**2)
    area = np.pi * rows[:, 2] * rows[:, 3] / (height * width)
    x, y = ray_points(rows, TURNS, 1.0)
    cut = ((x < -2) | (x > width + 2) | (y < -2) | (y > height + 2)).mean(1)
    strength = np.clip(contrast.mean(1) + weaker.mean(1), 0, None) / 2
    size = np.minimum(area / FULL_SIZE, 1) ** SIZE_POWER
    return np.asarray(strength * np.exp(-off_centre) * size * (1 - cut), np.float32)


def _starts(height: int, width: int) -> Rows:
    longest = max(height, width)
    shapes = [(0.95, 0.0)] + [(0.65, turn * np.pi / 4) for turn in range(4)]
    rows = [
        (u * width, v * height, size * longest / np.sqrt(flat), size * longest * np.sqrt(flat), turn)
        for u in np.linspace(0.2, 0.8, 13)
        for v in np.linspace(0.2, 0.8, 11)
        for size in (0.05, 0.08, 0.12, 0.17, 0.22, 0.28, 0.34)
        for flat, turn in shapes
    ]
    return np.array(rows, np.float32)


def _outline(skin: Skin) -> Outline:
    shape = skin.distance.shape
    limits = Limits(smallest=6, largest=0.5 * max(shape), flattest=0.5, tallest=1.3)
    best, _ = climb(partial(_score, distance=skin.distance), _starts(*shape), limits)
    contrast = _rim_contrast(np.array([best], np.float32), skin.distance)[0]
    weak = np.sort(contrast)[: TURNS.size // 2]
    return Outline(_fitted_to_colour(skin, best), float(contrast.mean()), float(weak.mean()))


def _fitted_to_colour(skin: Skin, ellipse: Ellipse) -> Mask:
    """Between 0.85 and 1.3 of the ellipse the colour decides, 35 % of the way from skin to lesion; then the hull."""
    shape = skin.distance.shape
    inside = filled(ellipse, shape)
    ring = filled(ellipse.grown(1.45), shape) & ~filled(ellipse.grown(1.1), shape) & skin.usable
    if not ring.any() or not (inside & skin.usable).any():
        return inside
    lesion = float(np.percentile(skin.distance[inside & skin.usable], 60))
    level = 0.65 * float(np.median(skin.distance[ring])) + 0.35 * lesion
    like = (skin.distance > level) & filled(ellipse.grown(1.3), shape)
    radius = max(1, int(0.12 * np.sqrt(ellipse.a * ellipse.b)))
    whole = ws.largest_piece(ws.closed(ws.opened(like | filled(ellipse.grown(0.85), shape), radius), 2 * radius))
    edges, _ = cv2.findContours(whole.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = cv2.convexHull(max(edges, key=cv2.contourArea))
    return ws.dilated(np.asarray(cv2.fillPoly(np.zeros(shape, np.uint8), [hull], 1.0), bool), 1)
