"""The skeleton of a chest phantom: how many millimetres of bone, as water, each ray meets."""

from __future__ import annotations

import cv2
import numpy as np

from readingroom.phantoms.anatomy import Curve, Outlines, through
from readingroom.phantoms.canvas import Canvas, Map
from readingroom.phantoms.parameters import SIGNS

TUBE = ((1.0, 5.4), (0.82, 8.4), (0.56, 6.4), (0.3, 5.8))
"""A hollow bone seen from the side, widest strip first: share of its breadth, millimetres of bone. The rims, where
the ray runs along the cortex, are the densest."""

SHIFT = 4
"""Bits of sub-pixel precision in the drawing calls."""


def draw_skeleton(canvas: Canvas, outlines: Outlines, rng: np.random.Generator, *, supine: bool) -> Map:
    """All bones; `supine` brings the shoulder blades over the lungs and lifts the collar bones."""
    bones = np.zeros(canvas.shape, np.float32)
    for number in range(1, 13):
        _add_ribs(canvas, bones, outlines, number)
    bones += _spine(canvas, outlines, rng)
    bones += _shoulders(canvas, outlines, supine=supine)
    return canvas.blurred(bones, 0.45)


def _strip(canvas: Canvas, layer: Map, middle: Curve, breadth: Curve, bone: Curve) -> None:
    """A tube along a line: breadth and density (times TUBE) at each of its points; overlaps keep the denser."""
    along = np.gradient(middle, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], 1) / np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)[:, None]
    for share, dense in TUBE:
        half = (breadth * share / 2)[:, None]
        upper, lower = (canvas.pixels(middle + sign * normal * half) for sign in (-1, 1))
        quads = np.stack([upper[:-1], upper[1:], lower[1:], lower[:-1]], 1) - 0.5
        fixed = np.round(quads * 2**SHIFT).astype(np.int32)
        for quad, value in zip(fixed, (bone[:-1] + bone[1:]) / 2 * dense, strict=True):
            cv2.fillConvexPoly(layer, quad, float(value), cv2.LINE_8, SHIFT)


def _add_ribs(canvas: Canvas, bones: Map, outlines: Outlines, number: int) -> None:
    """One rib on each side: a slanting hoop from the spine over the side to its cartilage in front."""
    build = outlines.build
    reach = np.interp(number, [1, 3, 10, 12], [100, 142, 128, 62])
    drop = np.interp(number, [1, 4, 8, 12], [0.13, 0.30, 0.34, 0.24]) * build.height
    top = float(outlines.level(np.interp(number, [1, 2, 12], [-0.02, 0.045, 0.93]))) + 1.5 * build.wobble[number]
    breadth = np.interp(number, [1, 6, 12], [11.0, 12.5, 9.0])
    angle = np.deg2rad(np.linspace(5, reach, 56))
    level = top + drop * (1 - np.cos(angle)) / 2 - 0.018 * build.height * np.sin(2 * angle)
    grazing = np.minimum(1 / np.maximum(np.abs(np.cos(angle)), 0.25), 3.0) ** 0.7
    calcium = np.interp(np.rad2deg(angle), [0, 100, reach], [1.0, 0.8, 0.5]) * grazing
    taper = breadth * np.interp(np.rad2deg(angle), [5, 40, 150], [0.75, 0.9, 1.15])
    rows, _ = canvas.box((0, float(level.min()) - 12), (0, float(level.max()) + 12))
    for part in (angle <= np.pi / 2 + 0.05, angle >= np.pi / 2 - 0.05):
        layer = np.zeros(canvas.shape, np.float32)
        for side, sign in SIGNS.items():
            wall = outlines.wall_at(side)(level) + 3.5
            middle = np.stack([sign * np.maximum(wall * np.sin(angle), 14 + 4 * angle), level], 1)
            if part.sum() > 3:
                _strip(canvas, layer, middle[part], taper[part], calcium[part])
        bones[rows] += layer[rows]


def _spine(canvas: Canvas, outlines: Outlines, rng: np.random.Generator) -> Map:
    """Vertebral bodies with plates, pedicles, transverse and spinous processes, from the neck to the abdomen."""
    bones = np.zeros(canvas.shape, np.float32)
    level, number = -0.32 * outlines.build.height, 0
    while level < canvas.y[-1, 0] + 30:
        tall = float(np.interp(number, [0, 6, 20], [15, 19, 28]))
        half = float(np.interp(number, [0, 6, 20], [12, 14, 19]))
        sway = 1.2 * float(np.sin(number / 3 + outlines.build.wobble[0]))
        _body(canvas, bones, (sway, level + tall / 2), (half, tall / 2))
        for sign in (-1, 1):
            canvas.add_ball(bones, (sway + sign * half * 0.62, level + tall * 0.36), (3.6, 5.4), 5.0)
            canvas.add_ball(bones, (sway + sign * half * 0.62, level + tall * 0.36), (2.2, 3.8), -3.2)
            canvas.add_ball(bones, (sway + sign * (half + 7), level + tall * 0.42), (11, 4.2), 4.0)
        canvas.add_ball(bones, (sway, level + tall * 0.95), (3.0, 8.5), 6.5)
        level += tall + float(np.interp(number, [0, 20], [3.5, 6.5])) + rng.uniform(-0.3, 0.3)
        number += 1
    return bones


def _body(canvas: Canvas, bones: Map, centre: tuple[float, float], half: tuple[float, float]) -> None:
    """One waisted vertebral body, denser along its plates and sides."""
    (x, y), (wide, tall) = centre, half
    rows, columns = canvas.box((x - wide - 2, y - tall - 2), (x + wide + 2, y + tall + 2))
    down = np.abs(canvas.y[rows] - y) / tall
    aside = np.abs(canvas.x[:, columns] - x) / (wide * (0.9 + 0.1 * np.minimum(down, 1) ** 2))
    out = np.maximum(aside, down)
    bones[rows, columns] += np.clip((1.03 - out) * 12, 0, 1) * (5.0 + 3.5 * np.clip((out - 0.84) * 9, 0, 1))


def _shoulders(canvas: Canvas, outlines: Outlines, *, supine: bool) -> Map:
    """Collar bones, shoulder blades, heads of the arms and the handle of the breast bone."""
    bones, half = np.zeros(canvas.shape, np.float32), outlines.build.half_width
    lift = -0.05 if supine else 0.0
    swing = -0.09 if supine else 0.0
    for sign in (-1, 1):
        tip = 0.006 * sign * float(outlines.build.wobble[1])
        collar = through(outlines.place(((0.10, 0.115 + lift), (0.28, 0.085 + lift), (0.52, 0.045 + lift + tip),
                                         (0.80, 0.005 + lift + tip), (1.02, -0.005 + lift + tip),
                                         (1.15, 0.02 + lift + tip)), sign), step=4)  # fmt: skip
        layer = np.zeros(canvas.shape, np.float32)
        breadth = np.interp(np.linspace(0, 1, len(collar)), [0, 0.15, 0.6, 1], [19, 13, 11, 15])
        _strip(canvas, layer, collar, breadth, np.full(len(collar), 1.5))
        blade = canvas.filled(through(outlines.place(
            ((0.93 + swing, 0.05), (0.86 + swing, 0.20), (0.87 + swing, 0.36), (0.95 + swing, 0.50),
             (1.03 + swing, 0.42), (1.10 + swing, 0.26), (1.20 + swing, 0.12), (1.12 + swing, 0.04)), sign),
            closed=True))  # fmt: skip
        edge = np.exp(-(((canvas.inward(blade) - 1.5) / 1.6) ** 2)) * blade
        layer += 3.0 * blade + 6.0 * edge
        head = sign * (1.27 * half + (0 if supine else 4)), float(outlines.level(0.075 + lift))
        layer += canvas.ball(head, (23, 25), 16)
        shaft = through(np.array([[head[0] + sign * 2, head[1] - 4], [head[0] + sign * 14, head[1] + 95],
                                  [head[0] + sign * 26, head[1] + 420]]), step=6)  # fmt: skip
        arm = np.zeros(canvas.shape, np.float32)
        _strip(
            canvas,
            arm,
            shaft,
            np.interp(np.arange(len(shaft)), [0, 4, 9], [40, 36, 22]),
            np.interp(np.arange(len(shaft)), [0, 4, 9], [0.2, 0.8, 2.2]),
        )
        bones += layer + arm
    handle = canvas.filled(through(outlines.place(((-0.14, 0.10), (-0.10, 0.22), (0.10, 0.22), (0.14, 0.10),
                                                   (0.0, 0.085))), closed=True))  # fmt: skip
    return bones + canvas.solid(handle, 3.0, 3.0)
