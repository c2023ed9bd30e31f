"""The solid shapes of a CT phantom, in millimetres: x to the patient's left, y to the back, z upwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

from readingroom.phantoms.parameters import SIGNS, LungSide

Mask = NDArray[np.bool_]
Point = tuple[float, float, float]

APEX = 215.0
"""Where the lungs end above; the middle of the ordinary right dome is at 0."""
CAGE = (134.0, 92.0)
"""Half width and half depth of the space inside the ribs."""
SPINE = (0.0, 70.0)
VERTEBRA = (21.0, 17.0)


@dataclass(frozen=True)
class Ellipsoid:
    """Axes along x, y and z."""

    centre: Point
    radii: Point

    @property
    def volume_ml(self) -> float:
        return 4 / 3 * pi * self.radii[0] * self.radii[1] * self.radii[2] / 1000

    def grown(self, by: float) -> Ellipsoid:
        return Ellipsoid(self.centre, (self.radii[0] + by, self.radii[1] + by, self.radii[2] + by))


LIVER_CAP = Ellipsoid((-60.0, -8.0, 0.0), (73.0, 79.0, 68.0))
SPLEEN_CAP = Ellipsoid((62.0, 6.0, 0.0), (70.0, 80.0, 58.0))
HEART = Ellipsoid((20.0, -28.0, 52.0), (60.0, 46.0, 52.0))
"""The right and the left half of the diaphragm over their rims, and the heart."""


class Grid:
    """Voxel centres of a volume in index order S, P, L, as three arrays that broadcast against each other."""

    def __init__(self, shape: tuple[int, int, int], spacing: tuple[float, float, float], origin: Point) -> None:
        self.shape, self.spacing, self.origin = shape, spacing, origin
        self.z, self.y, self.x = np.ogrid[: shape[0], : shape[1], : shape[2]]
        self.z = (self.z * spacing[0] + origin[2]).astype(np.float32)
        self.y = (self.y * spacing[1] + origin[1]).astype(np.float32)
        self.x = (self.x * spacing[2] + origin[0]).astype(np.float32)

    @property
    def voxel_ml(self) -> float:
        return self.spacing[0] * self.spacing[1] * self.spacing[2] / 1000

    def box(self, centre: Point, reach: Point) -> tuple[slice, slice, slice]:
        """The voxels within reach of a point along each axis."""
        slices = []
        for axis in range(3):
            at, step, size = centre[2 - axis] - self.origin[2 - axis], self.spacing[axis], self.shape[axis]
            low, high = (at - reach[2 - axis]) / step, (at + reach[2 - axis]) / step
            slices.append(slice(min(max(int(np.floor(low)), 0), size), min(max(int(np.ceil(high)) + 1, 0), size)))
        return slices[0], slices[1], slices[2]

    def inside(self, body: Ellipsoid) -> tuple[tuple[slice, slice, slice], Mask]:
        """A part of the volume and which of its voxels lie in the ellipsoid."""
        part = self.box(body.centre, body.radii)
        (x, y, z), (rx, ry, rz) = body.centre, body.radii
        r2 = (((self.x[:, :, part[2]] - x) / rx) ** 2 + ((self.y[:, part[1]] - y) / ry) ** 2
              + ((self.z[part[0]] - z) / rz) ** 2)  # fmt: skip
        return part, np.asarray(r2 <= 1)


def inner_cage(grid: Grid) -> Mask:
    """The space inside the ribs, which narrows to the apices and stays wide below."""
    rise = np.clip(grid.z / (APEX + 8), 0, 1)
    narrow = np.sqrt(np.maximum(1 - rise**2.6, 0))
    across = (np.abs(grid.x) / np.maximum(CAGE[0] * narrow, 1e-3)) ** 2.3
    return np.asarray(across + (np.abs(grid.y) / np.maximum(CAGE[1] * (0.35 + 0.65 * narrow), 1e-3)) ** 2.3 < 1)


def mediastinum(grid: Grid) -> Mask:
    """What lies between the lungs: around spine, great vessels and heart."""
    half = 25 + 10 * np.exp(-(((grid.z - 125) / 30) ** 2))
    column = np.abs(grid.x) < half + 8 * ((np.abs(grid.y) / 92) ** 2)
    beside = (np.abs(grid.x) / 40) ** 2 + ((grid.y - SPINE[1]) / 36) ** 2 < 1
    return np.asarray(column | beside)


def dome(grid: Grid, side: LungSide) -> NDArray[np.float32]:
    """Height of the diaphragm over each (x, y), relative to its rim, (1, rows, columns)."""
    cap = LIVER_CAP if side == "right" else SPLEEN_CAP
    (x, y, _), (rx, ry, rz) = cap.centre, cap.radii
    r2 = ((grid.x - x) / rx) ** 2 + ((grid.y - y) / ry) ** 2
    return np.asarray(rz * np.sqrt(np.maximum(1 - r2, 0)), np.float32)


def chest_room(grid: Grid, side: LungSide) -> Mask:
    """One half of the space inside the ribs, less what lies between the lungs; nothing ends it below."""
    room = inner_cage(grid) & ~mediastinum(grid) & (grid.x * SIGNS[side] > 0)
    part, heart = grid.inside(HEART)
    room[part] &= ~heart
    return room


def ribs() -> Iterator[NDArray[np.float64]]:
    """Centre lines of twelve pairs of ribs, (N, 3), a point about every 2 mm."""
    for number in range(12):
        top = np.interp(number, [0, 11], [APEX + 4, -55])
        narrow = np.sqrt(max(1 - np.clip((top - 20) / (APEX + 22), 0, 1) ** 2.6, 0.06))
        angle = np.deg2rad(np.linspace(14, np.interp(number, [0, 8, 11], [150, 140, 85]), 190))
        for sign in (-1, 1):
            x = sign * (CAGE[0] * narrow + 7) * np.sin(angle)
            y = (CAGE[1] * (0.35 + 0.65 * narrow) + 7) * np.cos(angle)
            yield np.stack([x, y, top - 62 * (1 - np.cos(angle)) / 2], 1)
