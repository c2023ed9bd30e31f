"""Radiographs drawn from curves, so that the network also knows smooth shapes whose truth is exact."""

from __future__ import annotations

import cv2
import numpy as np
from chest_images import Image, Masks, fill_curve, smooth
from numpy.random import Generator
from numpy.typing import NDArray

Curve = NDArray[np.float64]

# Image-left lung from the apex, clockwise along the chest wall: x in half thorax widths from the midline, y in heights.
LUNG = np.array(
    [
        [-0.34, 0.0],
        [-0.60, 0.05],
        [-0.82, 0.25],
        [-0.95, 0.52],
        [-1.0, 0.78],
        [-0.98, 0.97],
        [-0.78, 0.86],
        [-0.48, 0.82],
        [-0.16, 0.9],
        [-0.13, 0.7],
        [-0.14, 0.4],
        [-0.18, 0.12],
    ]
)


def ellipse(centre: tuple[float, float], radii: tuple[float, float], tilt: float, power: float = 2.0) -> Curve:
    """A superellipse (power 2: an ellipse) as a ring of points, in fractions of the image; tilt in radians."""
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    cos, sin = np.cos(angle), np.sin(angle)
    x = radii[0] * np.sign(cos) * np.abs(cos) ** (2 / power)
    y = radii[1] * np.sign(sin) * np.abs(sin) ** (2 / power)
    turn = np.cos(tilt), np.sin(tilt)
    return np.stack([centre[0] + x * turn[0] - y * turn[1], centre[1] + x * turn[1] + y * turn[0]], 1)


def soft(mask: Masks, blur: float) -> Image:
    return np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), max(blur, 0.3)), np.float32)


def _lungs(rng: Generator, middle: float, half: float, top: float, height: float) -> tuple[Curve, Curve]:
    if rng.random() < 0.4:
        power, tilt = rng.uniform(1.9, 3.0), rng.uniform(-0.02, 0.16)
        wide = rng.uniform(0.36, 0.44) * half
        rings = []
        for sign in (-1, 1):
            tall = height / 2 * rng.uniform(0.9, 1.05)
            rings.append(ellipse((middle + sign * (half - wide), top + height / 2), (wide, tall), -sign * tilt, power))
        return rings[0], rings[1]
    rings = []
    for sign in (-1, 1):
        ring = LUNG + rng.normal(0, 0.025, LUNG.shape)
        ring[6:9, 1] += rng.uniform(-0.05, 0.08)
        ring[9:, 0] -= rng.uniform(0, 0.1)
        rings.append(smooth(np.stack([middle - sign * ring[:, 0] * half, top + ring[:, 1] * height], 1)))
    return rings[0], rings[1]


def _heart(rng: Generator, middle: float, half: float, top: float, height: float) -> Curve:
    wide = half * rng.uniform(0.34, 0.72)
    tall = height * rng.uniform(0.2, 0.3) * (0.8 + 0.4 * wide / half)
    centre = (middle + half * rng.uniform(-0.02, 0.22), top + height * rng.uniform(0.82, 0.95) - tall * 0.8)
    if rng.random() < 0.5:
        return ellipse(centre, (wide, tall), rng.uniform(-0.1, 0.5))
    egg = ellipse((0, 0), (1, 1), 0.0, rng.uniform(1.9, 2.4))
    egg[:, 0] *= 1 + rng.uniform(-0.1, 0.35) * egg[:, 1]
    egg[:, 1] += rng.uniform(0.0, 0.35) * egg[:, 0]
    return np.stack([centre[0] + egg[:, 0] * wide, centre[1] + egg[:, 1] * tall], 1)


def _ribs(rng: Generator, side: int, middle: float, half: float, span: tuple[float, float]) -> Image:
    ribs = np.zeros((side, side), np.float32)
    top, height = span
    for number in range(int(rng.integers(6, 11))):
        level = top + height * (number + 0.5) / 9
        for sign in (-1, 1):
            t = np.linspace(0.1, 1.02, 24)
            x = middle + sign * half * t
            y = level + height * (0.16 * t**2 - 0.1 * t)
            points = np.round(np.stack([x, y], 1) * side * 16).astype(np.int32)
            cv2.polylines(ribs, [points], False, 1.0, int(rng.integers(2, 6)), cv2.LINE_AA, 4)
    return ribs


def _texture(rng: Generator, side: int) -> Image:
    layers = np.zeros((side, side), np.float32)
    for cells in (6, 16, 48):
        coarse = rng.normal(0, 1, (cells, cells)).astype(np.float32)
        layers += cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC) / 3
    return layers


def _body(rng: Generator, side: int, middle: float, half: float, top: float) -> Image:
    torso = ellipse((middle, 0.75), (half * rng.uniform(1.15, 1.5), 0.75 - max(top, 0) * rng.uniform(0.2, 0.7)), 0.0, 5)
    body = fill_curve(torso, (side, side))
    neck = fill_curve(ellipse((middle, 0.0), (half * rng.uniform(0.3, 0.5), 0.3), 0.0, 4), (side, side))
    if rng.random() < 0.3:
        return np.ones((side, side), np.float32)
    return np.maximum(soft(body, rng.uniform(0.5, 3)), soft(neck, rng.uniform(1, 3)))


def draw_chest(rng: Generator, side: int) -> tuple[Image, Masks]:
    """One drawn frontal radiograph (side, side) in 0..1 and its three masks; lungs run on behind the heart."""
    middle, half = rng.uniform(0.42, 0.58), rng.uniform(0.26, 0.44)
    top, height = rng.uniform(0.03, 0.22), rng.uniform(0.5, 0.72)
    rings = (*_lungs(rng, middle, half, top, height), _heart(rng, middle, half, top, height))
    left, right, heart = (fill_curve(ring, (side, side)) for ring in rings)
    edge = rng.uniform(0.3, 1.8)
    plain = rng.random() < 0.35
    air = np.maximum(soft(left, edge), soft(right, edge))
    density = rng.uniform(0.5, 0.7) * _body(rng, side, middle, half, top)
    density -= air * rng.uniform(0.25, 0.45)
    density += soft(heart, edge) * rng.uniform(0.12, 0.4) * np.maximum(air, rng.uniform(0, 0.6))
    across = np.abs(np.linspace(0, 1, side, dtype=np.float32)[None] - middle)
    if rng.random() < 0.8:
        band = 0.5 - 0.5 * np.tanh((across - half * rng.uniform(0.1, 0.22)) * rng.uniform(30, 100))
        density += (band * rng.uniform(0.03, 0.25)).astype(np.float32)
    if not plain:
        density += _ribs(rng, side, middle, half, (top, height)) * rng.uniform(0.01, 0.1)
        density += _texture(rng, side) * rng.uniform(0.0, 0.06)
    if rng.random() < 0.5:
        below = np.linspace(0, 1, side, dtype=np.float32)[:, None] > top + height * 0.85
        belly = soft(np.asarray(np.broadcast_to(below, (side, side)), np.uint8), 6)
        density += belly * rng.uniform(0, 0.15) * (1 - air)
    return np.clip(density, 0, 1).astype(np.float32), np.stack([left, right, heart])


def draw_nothing(rng: Generator, side: int) -> Image:
    """A picture without a chest: flat, a ramp, noise, blobs, or one single dark field as in a lateral film."""
    kind = int(rng.integers(0, 5))
    if kind == 0:
        return np.full((side, side), rng.random(), np.float32) + rng.normal(0, 0.01, (side, side)).astype(np.float32)
    if kind == 1:
        ramp = np.linspace(0, 1, side, dtype=np.float32)
        return np.asarray(ramp[None] * rng.uniform(-1, 1) + ramp[:, None] * rng.uniform(-1, 1), np.float32)
    if kind == 2:
        return rng.normal(0.5, 0.2, (side, side)).astype(np.float32)
    if kind == 3:
        return _texture(rng, side)
    middle = rng.uniform(0.35, 0.65)
    field = ellipse(
        (middle, rng.uniform(0.35, 0.6)),
        (rng.uniform(0.15, 0.3), rng.uniform(0.25, 0.4)),
        rng.uniform(-0.4, 0.4),
        rng.uniform(1.8, 3),
    )
    image = 0.6 * _body(rng, side, middle, 0.4, 0.1) - rng.uniform(0.2, 0.45) * soft(fill_curve(field, (side, side)), 3)
    return np.asarray(image + _texture(rng, side) * 0.05, np.float32)
