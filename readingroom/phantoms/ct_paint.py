"""Putting the shapes of a CT phantom into voxels: labels and Hounsfield units, later shapes over earlier ones."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from readingroom.phantoms.ct_anatomy import (
    APEX,
    CAGE,
    HEART,
    SPINE,
    VERTEBRA,
    Ellipsoid,
    Grid,
    Mask,
    chest_room,
    dome,
    ribs,
)
from readingroom.phantoms.parameters import SIGNS, LungSide

LABELS = {"body": 1, "right lung": 2, "left lung": 3, "airway": 4, "bone": 5, "liver": 6, "nodule": 7, "bowel gas": 8,
          "heart": 9, "aorta": 10, "kidney": 11, "table": 12}  # fmt: skip
"""Every voxel has one; 0 is the air around. "body" is what is left: muscle and fat."""

HU = {"body": 45, "right lung": -845, "left lung": -845, "airway": -990, "bone": 620, "liver": 62, "nodule": 40,
      "bowel gas": -960, "heart": 42, "aorta": 45, "kidney": 34, "table": -80}  # fmt: skip
"""Ordinary values without contrast medium."""

AIR, FAT, SPONGE, FOAM, BLOOD = -1000, -105, 175, -920, -20
CARINA = (0.0, 22.0, 135.0)


class Sheet:
    """Labels and noiseless HU of one volume."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.labels = np.zeros(grid.shape, np.uint8)
        self.hu = np.full(grid.shape, AIR, np.float32)

    def put(self, name: str, mask: Mask, value: float | None = None) -> None:
        self.labels[mask] = LABELS[name]
        self.hu[mask] = HU[name] if value is None else value

    def put_ellipsoid(self, name: str, body: Ellipsoid) -> None:
        part, mask = self.grid.inside(body)
        self.labels[part][mask] = LABELS[name]
        self.hu[part][mask] = HU[name]

    def put_tube(self, name: str, line: NDArray[np.float64], radius: float, value: float | None = None) -> None:
        """Balls strung along a line of points (N, 3)."""
        for x, y, z in line:
            part, mask = self.grid.inside(Ellipsoid((x, y, z), (radius, radius, radius)))
            self.labels[part][mask] = LABELS[name]
            self.hu[part][mask] = HU[name] if value is None else value

    def put_outline(self) -> None:
        """Table, skin, fat and muscle."""
        grid = self.grid
        flat = np.abs(grid.x) < 165
        for thick, value in ((20, HU["table"]), (16, FOAM)):
            bow = np.abs(grid.y - (CAGE[1] + 40) - 0.0002 * grid.x**2)
            self.put("table", np.broadcast_to((bow < thick / 2) & flat, grid.shape), value)
        for extra, value in (((36, 26), FAT), ((20, 16), HU["body"])):
            oval = np.abs(grid.x / (CAGE[0] + extra[0])) ** 2.4
            oval = oval + np.abs(grid.y / (CAGE[1] + extra[1])) ** 2.4
            self.put("body", np.broadcast_to(oval < 1, grid.shape), value)

    def put_belly(self, loops: Iterable[Ellipsoid]) -> None:
        """Fat inside the abdomen's wall, and the wall of each loop of bowel."""
        grid = self.grid
        oval = np.abs(grid.x / (CAGE[0] - 4)) ** 2.4 + np.abs(grid.y / (CAGE[1] - 8)) ** 2.4
        self.put("body", (oval < 1) & (grid.z < -40), FAT)
        loin = (np.abs(np.abs(grid.x) - 34) < 16) & (np.abs(grid.y - SPINE[1]) < 18) & (grid.z < -90)
        self.put("body", loin)
        for loop in loops:
            self.put_ellipsoid("body", loop.grown(4))

    def put_lungs(self, rims: dict[LungSide, float], rng: np.random.Generator) -> None:
        """Both lungs, denser towards the back as in a patient who lies, with vessels in them (still "lung")."""
        for side, rim in rims.items():
            own = chest_room(self.grid, side) & (self.grid.z - dome(self.grid, side) > rim)
            slope = np.broadcast_to(HU[f"{side} lung"] + 0.35 * self.grid.y, self.grid.shape)
            self.labels[own] = LABELS[f"{side} lung"]
            self.hu[own] = slope[own]
            for _ in range(46):
                self._put_vessel(side, rng)

    def _put_vessel(self, side: LungSide, rng: np.random.Generator) -> None:
        heading = rng.normal(0, 1, 3) + np.array([SIGNS[side] * 0.9, 0, 0])
        heading /= np.linalg.norm(heading)
        at, breadth = np.array([SIGNS[side] * 42.0, 14.0, 105.0]), rng.uniform(2.0, 4.2)
        for _ in range(42):
            part, mask = self.grid.inside(Ellipsoid((at[0], at[1], at[2]), (breadth,) * 3))
            mask &= self.labels[part] == LABELS[f"{side} lung"]
            self.hu[part][mask] = BLOOD
            heading += rng.normal(0, 0.09, 3)
            heading /= np.linalg.norm(heading)
            at, breadth = at + 2.4 * heading, max(breadth * 0.97, 0.8)

    def put_airways(self) -> None:
        x, y, z = CARINA
        self.put_tube("airway", np.linspace((x, y - 4, 300.0), CARINA, 110), 8.5)
        for end in ((-27.0, y + 2, z - 26), (27.0, y + 2, z - 30)):
            self.put_tube("airway", np.linspace(CARINA, end, 24), 5.5)

    def put_vessels(self) -> None:
        """Heart, and the aorta from its arch down in front of the spine."""
        self.put_ellipsoid("heart", HEART)
        angle = np.linspace(0, np.pi, 50)
        arch = np.stack([2 + 10 * (1 - np.cos(angle)) / 2, 16 - 28 * np.cos(angle), 148 + 14 * np.sin(angle)], 1)
        down = np.linspace((12.0, 40.0, 148.0), (6.0, 40.0, -290.0), 170)
        self.put_tube("aorta", np.vstack([arch, down]), 11.5)

    def put_bones(self, rng: np.random.Generator) -> None:
        """Ribs with a shell and a marrow, vertebrae with plates and arches, the breast bone."""
        lines = list(ribs())
        for radius, value in ((5.5, HU["bone"]), (3.4, SPONGE)):
            for line in lines:
                self.put_tube("bone", line, radius, value + rng.uniform(-20, 20))
        self._put_spine()
        grid = self.grid
        plate = (np.abs(grid.x) < 17) & (np.abs(grid.y + CAGE[1] + 8) < 5.5) & (grid.z > 30) & (grid.z < APEX - 25)
        core = (np.abs(grid.x) < 15) & (np.abs(grid.y + CAGE[1] + 8) < 3.5) & (grid.z > 32) & (grid.z < APEX - 27)
        self.put("bone", np.broadcast_to(plate, grid.shape))
        self.put("bone", np.broadcast_to(core, grid.shape), SPONGE)

    def _put_spine(self) -> None:
        grid, (x, y), (wide, deep) = self.grid, SPINE, VERTEBRA
        phase = np.mod(grid.z, 27.0)
        solid = (phase < 22.5) + 0 * grid.x + 0 * grid.y > 0
        shell = (np.abs(phase - 11.25) > 9.5) & (phase < 22.5)
        r2 = ((grid.x - x) / wide) ** 2 + ((grid.y - y) / deep) ** 2
        inner = ((grid.x - x) / (wide - 2)) ** 2 + ((grid.y - y) / (deep - 2)) ** 2 < 1
        self.put("bone", solid & (r2 < 1))
        self.put("bone", solid & inner & ~shell, SPONGE)
        ring = np.hypot(grid.x - x, grid.y - y - deep - 9)
        arch = (ring > 9) & (ring < 13) & (grid.y > y + deep - 2)
        thorn = (np.abs(grid.x - x) < 3.5) & (grid.y > y + deep + 20) & (grid.y < y + deep + 36)
        self.put("bone", (phase > 3) & (phase < 17) & (arch | thorn))

    def put_all(self, name: str, bodies: Iterable[Ellipsoid]) -> None:
        for body in bodies:
            self.put_ellipsoid(name, body)
