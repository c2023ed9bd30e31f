"""The soft parts of a chest phantom: how much body, lung, heart and air each ray passes, in millimetres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readingroom.phantoms.anatomy import Outlines, through
from readingroom.phantoms.canvas import Canvas, Map
from readingroom.phantoms.parameters import SIGNS, LungSide

LUNG_DENSITY = 0.26
"""Of inflated lung, as a share of water."""


@dataclass(frozen=True, eq=False)
class Places:
    """Where the parts lie on the canvas."""

    heart: NDArray[np.bool_]
    """With the tissue under it, down to the diaphragm."""
    mediastinum: NDArray[np.bool_]


def body(canvas: Canvas, outlines: Outlines) -> Map:
    """Trunk, neck, shoulders, arms and breasts as if no air were in them."""
    build = outlines.build
    level = (canvas.y - build.apex) / build.height
    sides = [outlines.wall_at(side)(canvas.y[:, 0])[:, None] for side in ("right", "left")]
    half = np.where(canvas.x < 0, sides[0], sides[1])
    half = np.where(level < 0.46, np.maximum(half, 0.92 * build.half_width), half)
    reach = half + build.fat + 30 * np.clip((0.46 - level) / 0.36, 0, 1) ** 1.6
    deep = build.depth * np.interp(level, [-0.25, -0.02, 0.25, 0.7, 1.1], [0.55, 0.66, 0.9, 1.08, 1.08]) + 26
    across = np.clip(np.abs(canvas.x) / reach, 0, 1)
    rise = np.clip((level + 0.16) / 0.34, 0, 1)
    trunk = deep * (1 - across**3.2) ** (1 / 2.4) * rise * (2 - rise)
    whole = np.maximum(trunk * (level > -0.16), _shoulders(canvas, outlines))
    if build.breast:
        whole = whole + _breasts(canvas, outlines)
    return canvas.blurred(np.asarray(whole, np.float32), 1.2)


def _shoulders(canvas: Canvas, outlines: Outlines) -> Map:
    """Neck, the slope of the shoulders, and arms that hang a little away from the trunk."""
    half = outlines.build.half_width
    neck = 54 / half
    yoke = [(neck, -0.6), (neck, -0.16), (neck + 0.06, -0.12), (0.62, -0.085), (0.95, -0.06), (1.25, -0.03),
            (1.5, 0.05), (1.62, 0.22), (1.72, 0.6), (1.85, 1.3), (1.52, 1.3), (1.42, 0.62), (1.32, 0.42),
            (1.2, 0.36), (0.9, 0.3)]  # fmt: skip
    ring = through(outlines.place((*yoke, *((-u, v) for u, v in reversed(yoke)))), closed=True, step=1.5)
    inside = canvas.filled(ring)
    above = np.repeat(inside[:1], int(0.4 * half / canvas.pitch[1]), axis=0)
    return canvas.solid(np.vstack([above, inside]), 112, 0.34 * half)[len(above) :]


def _breasts(canvas: Canvas, outlines: Outlines) -> Map:
    """Soft above, with a crease below and to the side."""
    build, total = outlines.build, np.zeros(canvas.shape, np.float32)
    for side, sign in SIGNS.items():
        low = 0.70 + 0.03 * build.wobble[31 if side == "left" else 32]
        across = canvas.x * sign / build.half_width - 0.66
        down = (canvas.y - outlines.level(low)) / build.height
        across, down = across / np.where(across > 0, 0.42, 0.52), down / np.where(down > 0, 0.24, 0.42)
        total += build.breast * np.maximum(1 - across**2 - down**2, 0) ** 0.85
    return canvas.blurred(total, 1.5)


def cage(canvas: Canvas, outlines: Outlines) -> Map:
    """How deep the space inside the ribs is, were there neither heart nor liver in it."""
    level = (canvas.y - outlines.build.apex) / outlines.build.height
    deep = outlines.build.depth * np.interp(level, [-0.02, 0.05, 0.2, 0.5, 0.8, 1.2], [0.2, 0.42, 0.7, 0.93, 1.0, 0.95])
    sides = [outlines.wall_at(side)(canvas.y[:, 0])[:, None] for side in ("right", "left")]
    across = np.clip(np.abs(canvas.x) / np.where(canvas.x < 0, sides[0], sides[1]), 0, 1)
    return np.asarray(deep * np.sqrt(1 - across**2.6), np.float32)


def lung_depth(canvas: Canvas, outlines: Outlines, places: Places) -> dict[LungSide, Map]:
    """Millimetres of lung along the beam: in front of, beside and behind the heart, and behind the domes."""
    room = cage(canvas, outlines)
    heart = canvas.solid(places.heart, 0.62 * outlines.build.depth, 34)
    vessels = canvas.solid(places.mediastinum, 0.5 * outlines.build.depth, 16)
    field = np.maximum(room - np.maximum(heart, vessels), 0.14 * room)
    depths: dict[LungSide, Map] = {}
    for side in ("right", "left"):
        border = outlines.lung[side]
        medial = border[: int(np.argmin(border[:, 1]))][::-1]
        inner = np.interp(canvas.y[:, 0], medial[:, 1], np.abs(medial[:, 0]))[:, None]
        aside = np.clip(((1 if side == "left" else -1) * canvas.x - inner) / 26, 0, 1)
        above = (canvas.y > border[:, 1].min()) * np.sqrt(aside * (2 - aside))
        depths[side] = np.asarray(np.minimum(field, _over_dome(canvas, outlines, side, room)) * above, np.float32)
    return depths


def _over_dome(canvas: Canvas, outlines: Outlines, side: LungSide, room: Map) -> Map:
    """How much lung the diaphragm leaves: all above its crest; below, what a sphere of 80 mm spares, then a wedge
    behind it that fades downwards."""
    dome = outlines.dome(side)
    order = np.argsort(dome[:, 0])
    crest = np.interp(canvas.x[0], dome[order, 0], dome[order, 1])[None, :]
    below = np.maximum(canvas.y - crest, 0)
    wedge = 0.22 * room * np.exp(-below / 22)
    return np.asarray(np.maximum(room - 2 * np.sqrt(2 * 80 * below), wedge), np.float32)


def airways(canvas: Canvas, outlines: Outlines) -> Map:
    """Millimetres of air in the windpipe and the two main bronchi."""
    air = np.zeros(canvas.shape, np.float32)
    tracks = (
        (((0.0, -0.4), (0.0, -0.05), (-0.02, 0.12), (-0.045, 0.25), (-0.03, 0.33)), 17.0),
        (((-0.03, 0.325), (-0.09, 0.37), (-0.17, 0.425)), 13.0),
        (((-0.03, 0.325), (0.07, 0.375), (0.20, 0.425)), 11.5),
    )
    for track, calibre in tracks:
        line = through(outlines.place(track), step=1.5)
        along = np.gradient(line, axis=0)
        normal = np.stack([-along[:, 1], along[:, 0]], 1) / np.hypot(along[:, 0], along[:, 1])[:, None]
        tube = np.vstack([line + normal * calibre / 2, (line - normal * calibre / 2)[::-1]])
        air = np.maximum(air, canvas.solid(canvas.filled(tube), calibre, calibre / 2))
    return air


def bowel_gas(canvas: Canvas, outlines: Outlines, rng: np.random.Generator) -> Map:
    """The stomach's bubble under the left dome, flat below as in an erect patient, and some colon."""
    ((x, y),) = outlines.place(((0.46, 0.905),))
    wide, tall = rng.uniform(22, 36), rng.uniform(13, 24)
    bubble = canvas.ball((x, y + 6), (wide, tall), rng.uniform(22, 45))
    bubble = np.where(canvas.y > y + 6 + tall * rng.uniform(0.2, 0.7), 0, bubble)
    for _ in range(int(rng.integers(1, 5))):
        ((cx, cy),) = outlines.place(((rng.uniform(0.25, 0.85), rng.uniform(0.99, 1.15)),))
        bubble = np.maximum(bubble, canvas.ball((cx, cy), (rng.uniform(8, 20), rng.uniform(7, 14)), rng.uniform(8, 26)))
    return canvas.blurred(np.asarray(bubble, np.float32), 1.0)
