"""What can be wrong in a chest phantom: fluid, a nodule, air outside the lung, lung without air."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readingroom.phantoms.anatomy import Curve, Outlines, stream
from readingroom.phantoms.canvas import Canvas, Map
from readingroom.phantoms.parameters import ChestPhantom, Consolidation, Effusion, LungSide, Nodule, Zone
from readingroom.phantoms.vessels import HILUM, cloud

MENISCUS = {"small": (0.955, 0.11, 3.0), "moderate": (0.76, 0.17, 2.4), "large": (0.52, 0.16, 2.0)}
"""Level of the fluid at the midline (v), its rise to the side wall, and how steeply the rise comes."""

ZONES: dict[Zone, tuple[float, float]] = {"upper": (0.58, 0.23), "middle": (0.64, 0.47), "lower": (0.80, 0.66)}
"""(u, v) of the middle of each lung zone, clear of the hilum and, below, of an ordinary heart."""


@dataclass(frozen=True)
class Meniscus:
    """The upper border of free fluid: a level y (mm) for each x (mm)."""

    outlines: Outlines
    effusion: Effusion

    def at(self, x: Curve) -> Curve:
        base, rise, power = MENISCUS[self.effusion.size]
        sign = -1 if self.effusion.side == "right" else 1
        aside = np.clip(sign * x / self.outlines.build.half_width, 0, 1.1)
        return self.outlines.level(base - rise * aside**power)

    def above(self, lung: Curve) -> Curve:
        """The part of a lung's outline that still holds air: what lies lower is raised to the fluid's level."""
        return np.stack([lung[:, 0], np.minimum(lung[:, 1], self.at(lung[:, 0]))], 1)

    def fluid(self, canvas: Canvas) -> Map:
        """How much of the room inside the ribs the fluid fills, 0..1, on its own side."""
        below = canvas.y - self.at(canvas.x.astype(np.float64)).astype(np.float32)
        sign = -1 if self.effusion.side == "right" else 1
        beside = np.clip((sign * canvas.x - 0.12 * self.outlines.build.half_width) / 6, 0, 1)
        share = np.clip(below / 22 + 0.12, 0, 1)
        return np.asarray(np.sqrt(share) * (share > 0.0) * beside, np.float32)


def nodule_centre(phantom: ChestPhantom, outlines: Outlines, nodule: Nodule) -> tuple[float, float]:
    """Body millimetres; a little elsewhere in every patient, always a clear rim inside the chest wall."""
    rng = stream(phantom, 7)
    u, v = ZONES[nodule.zone]
    y = float(outlines.level(v + rng.uniform(-0.03, 0.03)))
    x = (u + rng.uniform(-0.08, 0.04)) * outlines.build.half_width
    x = min(x, float(outlines.wall_at(nodule.side)(y)) - nodule.diameter_mm / 2 - 5)
    return (-x if nodule.side == "right" else x), y


def consolidated(canvas: Canvas, phantom: ChestPhantom, outlines: Outlines, patch: Consolidation) -> Map:
    """The share of lung without air, 0..1, with ragged edges and lighter bronchi."""
    rng = stream(phantom, 8)
    sign = -1 if patch.side == "right" else 1
    ((x, y),) = outlines.place((ZONES[patch.zone],), sign)
    r2 = ((canvas.x - x * 0.9) / rng.uniform(44, 58)) ** 2 + ((canvas.y - y) / rng.uniform(34, 48)) ** 2
    ragged = np.exp(-1.1 * r2) * (0.75 + 0.16 * cloud(canvas, rng, (30.0, 15.0, 8.0, 5.0)))
    return canvas.blurred(np.asarray(np.clip(ragged, 0, 0.72), np.float32), 1.5)


def collapsed(outlines: Outlines, side: LungSide) -> Curve:
    """The outline of a lung that has drawn back from the top and side of its cavity, towards the hilum."""
    lung = outlines.lung[side].copy()
    ((hx, hy),) = outlines.place((HILUM[side],))
    v = (lung[:, 1] - outlines.build.apex) / outlines.build.height
    shrink = 1 - 0.20 * np.clip((0.92 - v) / 0.6, 0, 1)
    outer = np.sign(hx) * (lung[:, 0] - hx) > 0
    lung[:, 0] = np.where(outer, hx + (lung[:, 0] - hx) * shrink, lung[:, 0])
    lung[:, 1] = np.where(v < 0.5, hy + (lung[:, 1] - hy) * shrink, lung[:, 1])
    return lung


def pleural_line(canvas: Canvas, shrunk: NDArray[np.bool_], cavity: NDArray[np.bool_]) -> Map:
    """The thin white edge between collapsed lung and free air."""
    free = canvas.inward(cavity & ~shrunk)
    edge = canvas.inward(shrunk)
    line = (edge > 0) & (edge < 1.2) & (canvas.inward(cavity) > 2.0)
    return np.asarray(4.0 * line * (canvas.blurred(free, 2.0) > 0.05), np.float32)
