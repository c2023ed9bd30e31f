"""An ellipse on the image grid: its rays, its filled shape, and the search for the one that scores highest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from readingroom.tools.backends.classical.segment import Mask

Rows = NDArray[np.float32]
"""(n, 5): x, y, a, b in pixels and the angle in radians, one ellipse a row."""

Score = Callable[[Rows], NDArray[Any]]
"""One number for each row: the higher the better."""

BATCH = 4000


class Ellipse(NamedTuple):
    """Centre (x right, y down, pixel centres at whole numbers), semi-axes, in pixels of one grid."""

    x: float
    y: float
    a: float
    b: float
    angle: float
    """Radians from the x axis to the axis `a`, towards y (clockwise as seen)."""

    @property
    def circumference(self) -> float:
        """Ramanujan's second approximation (1914), within 1e-4 for any head."""
        h = ((self.a - self.b) / (self.a + self.b)) ** 2
        return float(np.pi * (self.a + self.b) * (1 + 3 * h / (10 + np.sqrt(4 - 3 * h))))

    def on_grid(self, scale: float) -> Ellipse:
        """The same ellipse on a grid with `scale` times as many pixels a side."""
        x, y = (self.x + 0.5) * scale - 0.5, (self.y + 0.5) * scale - 0.5
        return Ellipse(x, y, self.a * scale, self.b * scale, self.angle)

    def grown(self, factor: float) -> Ellipse:
        return self._replace(a=self.a * factor, b=self.b * factor)


class Limits(NamedTuple):
    """What the search may not leave: semi-axes in pixels, and b / a."""

    smallest: float
    largest: float
    flattest: float
    tallest: float


def filled(ellipse: Ellipse, shape: tuple[int, ...]) -> Mask:
    """The pixels whose centre lies inside."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    c, s = np.cos(ellipse.angle), np.sin(ellipse.angle)
    u, v = (x - ellipse.x) * c + (y - ellipse.y) * s, (y - ellipse.y) * c - (x - ellipse.x) * s
    return np.asarray((u / ellipse.a) ** 2 + (v / ellipse.b) ** 2 <= 1)


def fitted(points: NDArray[Any]) -> Ellipse:
    """The least-squares ellipse through (n, 2) points x, y; n >= 5."""
    (x, y), (width, height), degrees = cv2.fitEllipse(np.asarray(points, np.float32))
    return Ellipse(float(x), float(y), max(width / 2, 0.5), max(height / 2, 0.5), float(np.deg2rad(degrees)))


def ray_points(rows: Rows, turns: NDArray[Any], reach: float) -> tuple[Rows, Rows]:
    """x and y, each (n, rays), at `reach` times the rim, at the parameter angles `turns`."""
    x, y, a, b, angle = (rows[:, i, None] for i in range(5))
    u, v = a * reach * np.cos(turns), b * reach * np.sin(turns)
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(x + u * c - v * s, np.float32), np.asarray(y + u * s + v * c, np.float32)


def sampled(plane: NDArray[Any], x: Rows, y: Rows, outside: float) -> NDArray[Any]:
    """The nearest pixel's value at each point, `outside` beyond the frame."""
    height, width = plane.shape
    column, row = np.rint(x).astype(np.int32), np.rint(y).astype(np.int32)
    seen = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    return np.where(seen, plane[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)], outside)


def climb(score: Score, start: Rows, limits: Limits, *, keep: int = 24, rounds: int = 10) -> tuple[Ellipse, float]:
    """The best ellipse: the `keep` best starts, then shrinking random steps around them, seeded and so repeatable."""
    marks = np.concatenate([score(start[i : i + BATCH]) for i in range(0, len(start), BATCH)])
    best = start[np.argsort(-marks, kind="stable")[:keep]]
    random = np.random.default_rng(0)
    pixels = 0.04 * limits.largest
    step = np.array([pixels, pixels, pixels, pixels, 0.2], np.float32)
    for _ in range(rounds):
        tried = [best + random.normal(size=best.shape).astype(np.float32) * step for _ in range(8)]
        rows = _within(np.concatenate([best, *tried]).astype(np.float32), limits)
        best = rows[np.argsort(-score(rows), kind="stable")[:keep]]
        step = step * 0.8
    x, y, a, b, angle = (float(value) for value in best[0])
    return Ellipse(x, y, a, b, angle), float(score(best[:1])[0])


def _within(rows: Rows, limits: Limits) -> Rows:
    rows[:, 2] = np.clip(rows[:, 2], limits.smallest, limits.largest)
    rows[:, 3] = np.clip(rows[:, 3], limits.flattest * rows[:, 2], limits.tallest * rows[:, 2])
    return rows
