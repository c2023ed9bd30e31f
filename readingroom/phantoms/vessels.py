"""Lung markings: arteries that branch and taper from the hila, and the fine texture between them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from readingroom.phantoms.anatomy import Curve, Outlines
from readingroom.phantoms.canvas import Canvas, Map

HILUM = {"right": (-0.25, 0.47), "left": (0.27, 0.435)}
"""(u, v): the left hilum stands a finger's breadth higher."""

TRUNKS = {
    "right": ((-75, 9), (-115, 8), (165, 7), (130, 10), (112, 12), (95, 9), (148, 7)),
    "left": ((-100, 9), (-60, 8), (5, 7), (40, 9), (60, 11), (82, 9), (20, 7)),
}
"""Direction (degrees, 0 to the image right, 90 down) and breadth in millimetres of the vessels leaving a hilum."""

ROOTS = {
    "right": ((-0.255, 0.45, 11, 15), (-0.30, 0.50, 8, 16), (-0.31, 0.55, 6, 13)),
    "left": ((0.29, 0.425, 12, 10), (0.335, 0.455, 8, 13), (0.35, 0.52, 6, 15)),
}
"""(u, v, radius across, radius down in mm) of the great vessels where they leave the heart's shadow."""

SHIFT = 4
"""Bits of a pixel to which a stroke's points are given."""

ALONG = np.arange(4)
"""Where a vessel bends."""


@dataclass(frozen=True)
class Twig:
    """A vessel still to be drawn."""

    x: float
    y: float
    direction: float
    breadth: float
    depth: int


def draw_vessels(canvas: Canvas, outlines: Outlines, rng: np.random.Generator) -> Map:
    """Millimetres of blood, as water, that stand where air would be."""
    layer = np.zeros(canvas.shape, np.float32)
    for side, trunks in TRUNKS.items():
        ((x, y),) = outlines.place((HILUM[side],))
        for direction, breadth in trunks:
            bend = np.deg2rad(direction + rng.normal(0, 7))
            start = (x + rng.normal(0, 3), y + rng.normal(0, 5))
            trunk = Twig(*start, bend, breadth * rng.uniform(0.75, 1.05), 0)
            _stroke(canvas, layer, *_grown(trunk, rng))
    for knots in ROOTS.values():
        for u, v, wide, tall in knots:
            ((x, y),) = outlines.place(((u, v),))
            np.maximum(layer, canvas.ball((x, y), (wide * rng.uniform(0.85, 1.15), tall), 17), out=layer)
    return canvas.blurred(layer, 0.5)


def _grown(first: Twig, rng: np.random.Generator) -> tuple[Curve, list[float]]:
    """A vessel and all that springs from it: lines (n, 5, 2) in millimetres, and each one's breadth.

    Every fork parts into a wide and a narrow branch.
    """
    waiting, lines, breadths = [first], [], []
    while waiting:
        twig = waiting.pop()
        length = rng.uniform(9, 17) * (1 + 1.1 / (1 + twig.depth))
        bends = twig.direction + rng.normal(0, 0.06) * ALONG
        line = np.empty((5, 2))
        line[0] = twig.x, twig.y
        np.cos(bends, out=line[1:, 0])
        np.sin(bends, out=line[1:, 1])
        line[1:] *= length
        line[1:] /= 4
        np.cumsum(line, axis=0, out=line)
        lines.append(line)
        breadths.append(0.9 * twig.breadth)
        if twig.depth < 8 and twig.breadth > 0.75:
            spread, turn = rng.uniform(0.22, 0.5), 1 if rng.random() < 0.5 else -1
            (x, y), last = line[-1].tolist(), float(bends[-1])
            major, minor = twig.breadth * rng.uniform(0.72, 0.88), twig.breadth * rng.uniform(0.5, 0.72)
            waiting.append(Twig(x, y, last + turn * spread * 0.35, major, twig.depth + 1))
            waiting.append(Twig(x, y, last - turn * spread * 1.4, minor, twig.depth + 1))
    return np.stack(lines), breadths


def _stroke(canvas: Canvas, layer: Map, lines: Curve, breadths: list[float]) -> None:
    """Strokes that never thin what is already there: each drawn on a small copy of its surroundings."""
    pitch = canvas.pitch[0]
    thick = [max(1, round(breadth / pitch)) for breadth in breadths]
    margin = (np.array(thick)[:, None] + 2) * pitch
    boxes = canvas.boxes(lines.min(axis=1) - margin, lines.max(axis=1) + margin)
    corners = boxes[:, [2, 0]] + 0.5
    at = (canvas.pixels(lines.reshape(-1, 2)).reshape(lines.shape) - corners[:, None, :]) * 2**SHIFT
    drawn = zip(boxes.tolist(), np.round(at).astype(np.int32), breadths, thick, strict=True)
    for (top, bottom, left, right), points, breadth, width in drawn:
        if top < bottom and left < right:
            patch = layer[top:bottom, left:right]
            ink = np.zeros(patch.shape, np.float32)
            value = 2.0 * breadth * min(1.0, breadth / pitch)
            cv2.polylines(ink, [points], False, value, width, cv2.LINE_8, SHIFT)
            np.maximum(patch, ink, out=patch)


def cloud(canvas: Canvas, rng: np.random.Generator, scales_mm: tuple[float, ...]) -> Map:
    """Smooth chance with features of these sizes, about one standard deviation, the same at every resolution."""
    total = np.zeros(canvas.shape, np.float32)
    height, width = canvas.shape[0] * canvas.pitch[1], canvas.shape[1] * canvas.pitch[0]
    for scale in scales_mm:
        cells = (int(height / scale) + 2, int(width / scale) + 2)
        grain = rng.normal(0, 1, cells).astype(np.float32)
        total += cv2.resize(grain, (canvas.shape[1], canvas.shape[0]), interpolation=cv2.INTER_CUBIC)
    return total / np.float32(np.sqrt(len(scales_mm)))
