"""The outlines of a chest in millimetres: lungs, heart, mediastinum, and how one patient differs from another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, PchipInterpolator

from readingroom.phantoms.parameters import ChestPhantom, LungSide

Curve = NDArray[np.float64]
"""(N, 2) points, x then y, in millimetres: x from the midline to the patient's left, y down from the film's top."""

# Outlines traced by eye on open radiographs and idealised. u: half widths of the thorax from the midline;
# v: apex (0) to costophrenic angle (1).
WALL = ((0.40, 0.0), (0.52, 0.018), (0.60, 0.055), (0.675, 0.11), (0.785, 0.21), (0.875, 0.35), (0.935, 0.5),
        (0.975, 0.65), (0.998, 0.8), (1.0, 0.88), (0.985, 0.96), (0.975, 1.0))  # fmt: skip
MEDIAL = {
    "right": ((0.165, 0.83), (0.155, 0.70), (0.16, 0.55), (0.155, 0.42), (0.14, 0.30), (0.14, 0.18), (0.16, 0.09),
              (0.21, 0.032), (0.31, 0.004)),
    "left": ((0.14, 0.885), (0.125, 0.72), (0.125, 0.52), (0.135, 0.32), (0.145, 0.16), (0.17, 0.08), (0.23, 0.026),
             (0.32, 0.003)),
}  # fmt: skip
DOME = {
    "right": ((0.975, 1.0), (0.93, 0.925), (0.83, 0.852), (0.70, 0.803), (0.55, 0.778), (0.40, 0.776), (0.28, 0.796),
              (0.165, 0.83)),
    "left": ((0.975, 1.0), (0.945, 0.94), (0.87, 0.878), (0.75, 0.838), (0.60, 0.82), (0.44, 0.826), (0.28, 0.852),
             (0.14, 0.885)),
}  # fmt: skip
# The heart: x in its own extents to the right (negative) and left (positive) of the midline, v as above.
HEART = ((-0.58, 0.45), (-0.82, 0.53), (-0.97, 0.62), (-1.0, 0.69), (-0.96, 0.755), (-0.80, 0.81), (-0.40, 0.85),
         (0.12, 0.868), (0.48, 0.872), (0.78, 0.867), (0.94, 0.84), (1.0, 0.795), (0.965, 0.735), (0.865, 0.665),
         (0.73, 0.595), (0.60, 0.53), (0.49, 0.468), (0.32, 0.43), (0.0, 0.415), (-0.34, 0.42))  # fmt: skip
# Great vessels above it: superior vena cava on the right, aortic knob and pulmonary trunk on the left.
MEDIASTINUM = ((-0.15, -0.3), (-0.125, -0.05), (-0.14, 0.06), (-0.165, 0.16), (-0.185, 0.27), (-0.195, 0.38),
               (-0.195, 0.5), (-0.12, 0.7), (0.11, 0.72), (0.37, 0.51), (0.335, 0.455), (0.295, 0.40), (0.235, 0.352),
               (0.275, 0.318), (0.302, 0.28), (0.282, 0.238), (0.215, 0.195), (0.165, 0.12), (0.135, 0.02),
               (0.12, -0.06), (0.15, -0.3))  # fmt: skip

RIGHT_SHARE = (0.31, 0.37)
"""Of the cardiac width, how much lies right of the midline: a third."""


@dataclass(frozen=True)
class Build:
    """What makes one patient: sizes in millimetres, drawn from the seed."""

    half_width: float
    height: float
    apex: float
    """From the film's top to the lung apices."""
    offset: float
    """Of the midline from the film's middle."""
    depth: float
    """Front to back, inside the ribs, at the widest."""
    fat: float
    """From the ribs to the skin at the side."""
    breast: float
    """Thickest part of each breast; 0 in a man."""
    dome_gap: float
    """How much higher the right dome stands than in the drawing, as a share of the height."""
    right_share: float
    wobble: NDArray[np.float64]
    """Small departures of the outlines, (40,) in standard deviations."""


def stream(phantom: ChestPhantom, purpose: int, *, visit: bool = False) -> np.random.Generator:
    """An own source of chance for each purpose, so that a change in one leaves the others as they were."""
    return np.random.default_rng([phantom.seed, purpose, phantom.study if visit else 0])


def build_of(phantom: ChestPhantom) -> Build:
    """The patient behind the seed; a supine or sitting film (AP) shows a shorter, broader chest."""
    rng = stream(phantom, 1)
    wide, tall = phantom.field_mm
    half = min(rng.uniform(130, 150), 0.395 * wide)
    height = rng.uniform(1.93, 2.18) * half
    female = rng.random() < 0.5
    build = Build(
        half_width=half, height=height, apex=rng.uniform(30, 48), offset=rng.uniform(-7, 7),
        depth=rng.uniform(165, 205), fat=rng.uniform(14, 34), breast=rng.uniform(14, 42) if female else 0.0,
        dome_gap=rng.uniform(-0.012, 0.018), right_share=rng.uniform(*RIGHT_SHARE), wobble=rng.normal(0, 1, 40),
    )  # fmt: skip
    lowest = build.apex + build.height * (0.92 if phantom.projection == "AP" else 1.0)
    squeeze = min(1.0, (tall - 12 - build.apex) / (lowest - build.apex))
    scale = squeeze * (0.92 if phantom.projection == "AP" else 1.0)
    return Build(**{**build.__dict__, "height": build.height * scale})


def through(points: Curve, *, closed: bool = False, step: float = 0.7) -> Curve:
    """A smooth curve through the points (cubic spline over chord length), sampled about every `step` mm."""
    ring = np.vstack([points, points[:1]]) if closed else points
    chord = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(ring, axis=0).T))])
    spline = CubicSpline(chord, ring, bc_type="periodic" if closed else "natural")
    return np.asarray(spline(np.linspace(0, chord[-1], max(8, int(chord[-1] / step)))))


class Outlines:
    """The curves of one patient, upright and unmirrored, in body millimetres."""

    def __init__(self, phantom: ChestPhantom, build: Build) -> None:
        self.build = build
        self._high_domes = 0.03 if phantom.projection == "AP" else 0.0
        self.lung: dict[LungSide, Curve] = {side: self._lung(side) for side in ("right", "left")}
        vessels = self.place(MEDIASTINUM)
        vessels[:, 0] *= 1 + 0.06 * build.wobble[34] + 0.03 * build.wobble[: len(vessels)]
        self.mediastinum = through(vessels, closed=True)

    def place(self, table: tuple[tuple[float, float], ...], sign: int = 1) -> Curve:
        """A table of (u, v) in millimetres."""
        points = np.asarray(table, np.float64)
        return np.stack([sign * points[:, 0] * self.build.half_width, self.level(points[:, 1])], 1)

    def level(self, v: Curve | float) -> Curve:
        return np.asarray(self.build.apex + np.asarray(v) * self.build.height)

    def _bent(self, side: LungSide, which: int) -> float:
        return float(self.build.wobble[which + (20 if side == "left" else 0)])

    def wall(self, side: LungSide) -> Curve:
        """The inside of the ribs from the apex to the costophrenic angle, as control points."""
        points = self.place(WALL, -1 if side == "right" else 1)
        swell = 1 + 0.008 * self._bent(side, 0) * np.sin(np.pi * np.asarray(WALL)[:, 1])
        points[:, 0] *= swell
        points[-1, 1] += 0.012 * self._bent(side, 1) * self.build.height
        return points

    def dome(self, side: LungSide) -> Curve:
        points = self.place(DOME[side], -1 if side == "right" else 1)
        lift = 0.008 * self._bent(side, 2) + self._high_domes + (self.build.dome_gap if side == "right" else 0)
        points[1:, 1] -= lift * self.build.height * np.linspace(0.4, 1, len(points) - 1)
        points[0] = self.wall(side)[-1]
        return through(points)

    def _lung(self, side: LungSide) -> Curve:
        dome = self.dome(side)
        medial = self.place(MEDIAL[side], -1 if side == "right" else 1)
        medial[0] = dome[-1]
        medial[1:-1, 0] *= 1 + 0.04 * self.build.wobble[3 : 3 + len(medial) - 2]
        border = through(np.vstack([medial, self.wall(side)]))
        return np.vstack([border, dome[1:]])

    def wall_at(self, side: LungSide) -> PchipInterpolator:
        """Half width (mm, positive) of the inner thorax as a function of the level y (mm)."""
        points = self.wall(side)
        below = [[points[-1, 0], points[-1, 1] + 150.0]]
        points = np.vstack([[[0.15 * points[0, 0], points[0, 1] - 8]], points, below])
        return PchipInterpolator(points[:, 1], np.abs(points[:, 0]))

    def heart(self, width: float) -> Curve:
        """The cardiac contour with exactly this horizontal extent in millimetres."""
        right, left = width * self.build.right_share, width * (1 - self.build.right_share)
        points = np.asarray(HEART, np.float64)
        points[:, 0] *= np.where(points[:, 0] < 0, right, left)
        points[:, 0] *= 1 + 0.018 * self.build.wobble[8 : 8 + len(points)]
        points[11:17, 1] += 0.012 * self.build.wobble[33] * np.sin(np.linspace(0.4, np.pi, 6))
        tall = 0.9 + 0.45 * width / (2 * self.build.half_width) / 2
        floor = 0.872 - self._high_domes * 0.8
        points[:, 1] = self.level(floor - (0.872 - points[:, 1]) * tall + 0.008 * self.build.wobble[30])
        curve = through(points, closed=True)
        curve[:, 0] *= np.where(curve[:, 0] < 0, right / -curve[:, 0].min(), left / curve[:, 0].max())
        return curve


def turned(curve: Curve, degrees: float, about: tuple[float, float]) -> Curve:
    """The curve leaned about a point; positive moves its upper end to the image right."""
    angle = np.deg2rad(degrees)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray((curve - about) @ matrix.T + about)


def sunk(heart: Curve, deeper: float = 45.0) -> Curve:
    """The heart with the fat and diaphragm under it: what lies below its widest levels is drawn down."""
    low, high = heart[np.argmin(heart[:, 0]), 1], heart[np.argmax(heart[:, 0]), 1]
    limit = np.interp(heart[:, 0], [heart[:, 0].min(), heart[:, 0].max()], [low, high])
    floor = heart[:, 1].max()
    share = np.clip((heart[:, 1] - limit) / np.maximum(floor - limit, 1e-6), 0, 1)
    return np.stack([heart[:, 0], heart[:, 1] + deeper * share], 1)


def thoracic_width(right: Curve, left: Curve) -> tuple[float, float]:
    """The greatest horizontal distance between two walls given from the top down, and its level, in millimetres."""
    low = max(right[0, 1], left[0, 1])
    levels = np.linspace(low, min(right[-1, 1], left[-1, 1]), 2000)
    widths = np.interp(levels, left[:, 1], left[:, 0]) - np.interp(levels, right[:, 1], right[:, 0])
    best = int(np.argmax(widths))
    return float(widths[best]), float(levels[best])
