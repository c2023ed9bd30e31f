"""Nuclei in stained tissue: haematoxylin or red absorption against a level that follows the tissue, then a count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import threshold_otsu
from skimage.segmentation import watershed

from readingroom.tools.backends.classical import working_size as ws
from readingroom.tools.backends.classical.segment import Colour, Mask, Segment

Plane = NDArray[np.float32]

TARGET = "nuclei"
CAVEAT = "touching nuclei are one region; pale and out-of-focus nuclei are partly missed"

LARGEST_SIDE, SMALLEST_SIDE = 1200, 320
LARGEST_RADIUS, USUAL_RADIUS = 24, 15
"""Pixels: a picture whose nuclei are larger is worked on smaller, so that the blur and the crispness mean the same."""
PURPLE = 1.25
"""Median ratio of red to blue absorption in tissue from which one violet dye is assumed, not two."""
TISSUE = 0.25
"""Summed optical density from which a pixel is tissue, not glass."""
STAIN_FLOOR, STAIN_ANGLES = 0.15, (1, 99)
"""Optical density floor and the percentiles of the angle that name the two stains (Macenko et al. 2009)."""


class Recipe(NamedTuple):
    """How one kind of stain is turned into a mask."""

    method: str
    blur: float
    """Pixels."""
    start: float
    """Factor on Otsu's level for the first mask."""
    share: float
    """Of the local level in the final one; the rest is Otsu's."""
    between: float
    """Where the local level lies between background (0) and nuclei (1)."""
    reach: float
    """Of the local means, in typical nuclear radii."""


@dataclass(frozen=True)
class NucleusCount:
    """How many nuclei a mask holds once touching ones are parted."""

    count: int
    median_area: float
    """Square pixels; 0 where there is none."""
    labels: NDArray[np.int32]
    """0 outside, 1..count inside, on the mask's pixels."""


PURPLE_STAIN = Recipe("red against blue absorption, level that follows the tissue", 1.0, 0.8, 0.8, 0.5, 2.0)
TWO_STAINS = Recipe("Macenko haematoxylin, level that follows the tissue", 1.7, 1.0, 0.8, 0.5, 2.0)


def segment_nuclei(image: Colour) -> Segment:
    """Mark the nuclei in a (H, W, 3) sRGB image of haematoxylin-eosin or one violet dye, on its own pixels."""
    if why := ws.unseen(image):
        return ws.nothing(TARGET, TWO_STAINS.method, image.shape, why)
    likeness, look = looks_like_histology(image)
    side = int(np.clip(max(image.shape[:2]), SMALLEST_SIDE, LARGEST_SIDE))
    stain, found, recipe = _marked(image, side)
    if (radius := _typical_radius(found)) > LARGEST_RADIUS and side > SMALLEST_SIDE:
        stain, found, recipe = _marked(image, max(SMALLEST_SIDE, int(side * USUAL_RADIUS / radius)))
    apart = _separation(stain, found)
    share = float(found.mean())
    crisp = _crispness(stain, found)
    contrast = min(ws.ramp(apart, 0.9, 1.9), ws.ramp(crisp, 0.06, 0.095))
    quality = min(likeness, contrast) * ws.ramp(share, 0.0, 0.005) * ws.ramp(share, 0.65, 0.5)
    reason = f"nuclei {apart:.1f} spreads above the rest, crispness {crisp:.3f}, {share:.1%} of the picture; {look}"
    return Segment(TARGET, ws.source_mask(found, image.shape), round(quality, 3), reason, recipe.method, CAVEAT)


def count_nuclei(mask: Mask) -> NucleusCount:
    """Part touching nuclei by a watershed of the distance to their edge, on a (H, W) mask; the area is in its pixels.

    Peaks closer than 0.6 of the typical radius are one nucleus; specks under a tenth of its area are none."""
    radius = _typical_radius(mask)
    if radius == 0:
        return NucleusCount(0, 0.0, np.zeros(mask.shape, np.int32))
    distance = cv2.GaussianBlur(_inner_distance(mask), (0, 0), max(0.15 * radius, 0.5))
    distance = np.where(mask, distance, 0)
    pieces, _ = ndimage.label(mask)
    peaks = peak_local_max(distance, min_distance=max(1, round(0.6 * radius)), labels=pieces, exclude_border=False)
    seeds = np.zeros(mask.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    labels = watershed(-distance, seeds, mask=mask)
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    kept = areas > 0.1 * np.pi * radius**2
    renumbered = np.where(kept, np.cumsum(kept), 0).astype(np.int32)[labels]
    sizes = areas[kept]
    return NucleusCount(int(kept.sum()), float(np.median(sizes)) if sizes.size else 0.0, renumbered)


def looks_like_histology(image: Colour) -> tuple[float, str]:
    """How far this could be stained tissue under a microscope, 0..1, and the clause that says why.

    Light all over, no black border, pink to violet; its darkest detail is violet and hardly anything is brown.
    The scores of the tests multiply."""
    if image.ndim != 3:
        return 0.0, "grey image, stained tissue is coloured"
    if why := ws.unseen(image):
        return 0.0, why
    lab = cv2.cvtColor(ws.working_copy(image, 256).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    light, yellow = lab[..., 0], lab[..., 2]
    detail = light - cv2.GaussianBlur(light, (0, 0), 12)
    dark = float(np.median(yellow[detail <= np.percentile(detail, 1)]))
    violet, brown = float((yellow < -2).mean()), float((yellow > 6).mean())
    tests = {
        "light all over": ws.ramp(float((light > 12).mean()), 0.9, 0.98) * ws.ramp(float(np.median(light)), 35, 50),
        "violet nuclei": ws.ramp(dark, -5, -11),
        "no brown": ws.ramp(brown, 0.3, 0.12),
        "pink to violet": ws.ramp(float(np.median(lab[..., 1])), -4, 0),
        "dark detail in plenty": ws.ramp(float(-np.percentile(detail, 2)), 2, 6),
    }
    worst = min(tests, key=lambda name: tests[name])
    score = float(np.prod(list(tests.values())))
    return round(score, 3), f"{worst} {tests[worst]:.2f} ({violet:.0%} violet, {brown:.0%} brown)"


def _marked(image: Colour, side: int) -> tuple[Plane, Mask, Recipe]:
    """Stain, nuclei and recipe on a copy whose longest side has `side` pixels."""
    small = ws.working_copy(image, side)
    recipe = PURPLE_STAIN if _is_purple(_optical_density(small, 1.0)) else TWO_STAINS
    stain = _nuclear_stain(small, recipe)
    return stain, _nuclei(stain, recipe), recipe


def _optical_density(image: Colour, blur: float) -> Plane:
    smooth = cv2.GaussianBlur(image.astype(np.float32), (0, 0), blur)
    return np.asarray(-np.log10((smooth + 1) / 256), np.float32)


def _is_purple(density: Plane) -> bool:
    tissue = density.sum(-1) > TISSUE
    if tissue.mean() < 0.005:
        return False
    return bool(np.median(density[..., 0][tissue] / (density[..., 2][tissue] + 1e-3)) > PURPLE)


def _nuclear_stain(image: Colour, recipe: Recipe) -> Plane:
    density = _optical_density(image, recipe.blur)
    stain = density[..., 0] - density[..., 2] / 2 if recipe is PURPLE_STAIN else _haematoxylin(density)
    return np.clip(stain, 0, np.percentile(stain, 99.8)).astype(np.float32)


def _haematoxylin(density: Plane) -> Plane:
    """Amount of the bluer of the picture's two stains at each pixel (Macenko et al. 2009, stain vectors by angle)."""
    pixels = density.reshape(-1, 3)
    stained = pixels[(pixels > STAIN_FLOOR).any(1)]
    if len(stained) < 100:
        return density[..., 0]
    stained = stained[:: max(1, len(stained) // 50000)]
    vectors = np.linalg.eigh(np.cov(stained.T))[1][:, [2, 1]]
    vectors = vectors * np.where(vectors[0] < 0, -1, 1)
    angles = np.percentile(np.arctan2(stained @ vectors[:, 1], stained @ vectors[:, 0]), STAIN_ANGLES)
    pair = [vectors @ np.array([np.cos(angle), np.sin(angle)]) for angle in angles]
    first, second = sorted(pair, key=lambda stain: -stain[0])
    amounts = pixels @ np.linalg.pinv(np.stack([first, second]))
    return np.asarray(amounts[:, 0].reshape(density.shape[:2]), np.float32)


def _nuclei(stain: Plane, recipe: Recipe) -> Mask:
    """Two means around each place, three times: what lies nearer the local nuclei than the local background."""
    otsu = float(threshold_otsu(stain[::2, ::2])) if np.ptp(stain[::2, ::2]) > 0 else float("inf")
    around = ws.broad_blur(stain, max(stain.shape) / 20)
    mask = np.asarray(stain > recipe.start * otsu + (around - around.mean()) / 2)
    radius = _typical_radius(mask)
    if radius == 0:
        return np.zeros(stain.shape, bool)
    high, low = float(stain[mask].mean()), float(stain[~mask].mean()) if not mask.all() else 0.0
    for _ in range(3):
        nuclear = _drawn_mean(stain, mask, recipe.reach * radius, high)
        rest = _drawn_mean(stain, ~mask, recipe.reach * radius, low)
        local = recipe.between * nuclear + (1 - recipe.between) * rest
        mask = np.asarray(stain > (1 - recipe.share) * recipe.start * otsu + recipe.share * local)
    return _without_specks(mask, radius)


def _drawn_mean(values: Plane, part: Mask, sigma: float, far: float) -> Plane:
    """Gaussian mean over one part of the picture, drawn to `far` where little of it is near."""
    weight = part.astype(np.float32)
    total = ws.broad_blur(values * weight, sigma) + 0.02 * far
    return np.asarray(total / (ws.broad_blur(weight, sigma) + 0.02), np.float32)


def _without_specks(mask: Mask, radius: float) -> Mask:
    labels, _ = ndimage.label(mask)
    kept = np.bincount(labels.ravel()) > 0.05 * np.pi * radius**2
    kept[0] = False
    whole = kept[labels]
    holes, _ = ndimage.label(~whole)
    small = np.bincount(holes.ravel()) < np.pi * radius**2
    small[0] = False
    return np.asarray(whole | small[holes])


def _inner_distance(mask: Mask) -> Plane:
    return np.asarray(cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5), np.float32)


def _typical_radius(mask: Mask) -> float:
    """Largest inner distance of the piece in which the median nuclear pixel lies; 0 for an empty mask."""
    labels, count = ndimage.label(mask)
    if count == 0:
        return 0.0
    deepest = ndimage.maximum(_inner_distance(mask), labels, np.arange(1, count + 1))
    order = np.argsort(deepest)
    total = np.cumsum(np.bincount(labels.ravel())[1:][order])
    return float(deepest[order][np.searchsorted(total, total[-1] / 2)])


def _separation(stain: Plane, mask: Mask) -> float:
    """Difference of the two means in units of the pooled spread."""
    if not mask.any() or mask.all():
        return 0.0
    inside, outside = stain[mask], stain[~mask]
    return float((inside.mean() - outside.mean()) / max(np.sqrt(inside.var() + outside.var()), 1e-6))


def _crispness(stain: Plane, mask: Mask) -> float:
    """Fall of stain per pixel across the outline, as a part of the whole contrast, times the solidity of the pieces.

    On 16 pictures: 0.084 where cytoplasm was taken for nuclei (Dice 0.61), 0.10 to 0.22 elsewhere."""
    edges, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hulls = sum(cv2.contourArea(cv2.convexHull(edge)) for edge in edges)
    if hulls == 0 or mask.all():
        return 0.0
    slope = np.hypot(cv2.Sobel(stain, cv2.CV_32F, 1, 0), cv2.Sobel(stain, cv2.CV_32F, 0, 1)) / 8
    contrast = max(float(stain[mask].mean() - stain[~mask].mean()), 1e-6)
    solidity = sum(cv2.contourArea(edge) for edge in edges) / hulls
    return float(slope[mask & ~ws.eroded(mask, 1)].mean() / contrast * solidity)
