"""The trachea and main bronchi on CT: gas tubes between the lungs."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from readingroom.tools.backends.classical.ct_grid import Grid, dilated, pieces, spread
from readingroom.tools.backends.classical.ct_lungs import Lungs
from readingroom.tools.backends.classical.segment import Mask

LARGEST = 150.0
"""Millilitres that trachea and main bronchi do not exceed (adult men: about 60 to 100 ml)."""


def airway(grid: Grid, found: Mask, lungs: Lungs) -> Mask:
    """Trachea and main bronchi on the source voxels, of the tubes `found`; empty where none runs between both lungs."""
    if not lungs.found or not found.any():
        return np.zeros(grid.full.shape, bool)
    labels, sizes = pieces(_bridged(found))
    keep = [piece for piece in range(1, len(sizes)) if _between(labels == piece, lungs, grid)]
    seeds = np.isin(labels, keep) & found
    return seeds if grid.flat or not seeds.any() else _grown(seeds, grid, lungs)


def _bridged(found: Mask) -> Mask:
    """Tubes with gaps of one slice closed, so that a chain of cross-sections is one piece."""
    above, below = np.zeros_like(found), np.zeros_like(found)
    above[1:], below[:-1] = found[:-1], found[1:]
    return found | (above & below)


def _between(piece: Mask, lungs: Lungs, grid: Grid) -> bool:
    """Whether some slice shows lung to the right and to the left of the piece."""
    for z in np.flatnonzero(piece.any(axis=(1, 2))):
        column = int(np.flatnonzero(piece[z].any(axis=0)).mean()) // grid.steps[2]
        level = int(z) // grid.steps[0]
        if lungs.both[level, :, :column].sum() > 20 and lungs.both[level, :, column:].sum() > 20:
            return True
    return False


def _grown(seeds: Mask, grid: Grid, lungs: Lungs) -> Mask:
    """Seeds grown through gas at rising thresholds, until the region leaks into the lung."""
    zs, ys, xs = (np.flatnonzero(seeds.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1)))
    dz, dy, dx = grid.spacing
    box = tuple(
        slice(max(0, int(n.min() - m / s)), int(n.max() + m / s) + 2)
        for n, m, s in ((zs, 60, dz), (ys, 40, dy), (xs, 55, dx))
    )
    start, hu = seeds[box], grid.full[box]
    allowed = ~spread(lungs.both, grid)[box] | start
    voxel, best = dz * dy * dx / 1000, seeds[box]
    limit = min(LARGEST, 2.5 * start.sum() * voxel + 30)
    for gas in (-960.0, -940.0, -920.0, -900.0):
        labels, count = ndimage.label(((hu < gas) & allowed) | start)
        touched = np.zeros(count + 1, bool)
        touched[np.unique(labels[start])] = True
        region = touched[labels]
        if region.sum() * voxel > limit:
            break
        best = region
    out = np.zeros_like(seeds)
    out[box] = best | (dilated(best, min(dy, dx), grid.spacing) & (hu < -500) & allowed)
    return out


def airway_quality(mask: Mask, grid: Grid) -> tuple[float, str]:
    """How well the mask looks like an airway, with the reason; never above 0.7, for want of a reference."""
    if not mask.any():
        return 0.0, "no round gas tube between the lungs"
    slices = np.flatnonzero(mask.any(axis=(1, 2)))
    length = (int(np.ptp(slices)) + 1) * grid.spacing[0]
    area = float(np.median(mask[slices].sum(axis=(1, 2)))) * grid.spacing[1] * grid.spacing[2]
    gas = float(np.median(grid.full[mask]))
    quality = 0.65 if grid.flat else 0.7 * min(1.0, 0.4 + length / 80)
    quality *= (1.0 if 60 < area < 900 else 0.6) * (1.0 if gas < -920 else 0.6)
    return quality, f"{length:.0f} mm long, {area:.0f} mm² in cross-section, median {gas:.0f} HU"
