"""What happens to films between two hospitals: moved, cropped, windowed, blurred, written on; and whitened lungs."""

from __future__ import annotations

import cv2
import numpy as np
from chest_images import Image, Masks
from numpy.random import Generator

NARROWER, WIDER = 0.75, 1.35
"""How far a film's heart is narrowed and widened at most."""
LEAST_SHARE, MOST_SHARE = 0.34, 0.68
"""Shares of the thorax between which it is kept."""


def normalise(image: Image) -> Image:
    """First to 99th percentile onto 0..1: the same as the reader does before the network."""
    low, high = np.percentile(image, (1, 99))
    return np.asarray(np.clip((image - low) / max(float(high - low), 1e-3), 0, 1), np.float32)


def move(rng: Generator, image: Image, masks: Masks, side: int, *, strength: float = 1.0) -> tuple[Image, Masks]:
    """Random affine and elastic warp from the stored square to `side`; masks follow."""
    stored = image.shape[0]
    turn = np.deg2rad(rng.normal(0, 6) * strength)
    zoom = np.exp(rng.normal(0.0, 0.14) * strength)
    aspect = np.exp(rng.normal(0, 0.1) * strength)
    shear = rng.normal(0, 0.05) * strength
    shift = rng.normal(0, 0.06, 2) * strength
    grid = (np.arange(side, dtype=np.float32) + 0.5) / side - 0.5
    x, y = np.meshgrid(grid, grid)
    bend = [
        cv2.resize(
            rng.normal(0, 0.012 * strength, (k, k)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC
        )
        for k in (4, 4, 7, 7)
    ]
    x, y = x + bend[0] + bend[2] * 0.6, y + bend[1] + bend[3] * 0.6
    cos, sin = np.cos(turn) * zoom, np.sin(turn) * zoom
    u = ((cos * x - (sin + shear) * y) * aspect + 0.5 + shift[0]) * stored - 0.5
    v = ((sin * x + cos * y) / aspect + 0.5 + shift[1]) * stored - 0.5
    edge = cv2.BORDER_CONSTANT if rng.random() < 0.7 else cv2.BORDER_REPLICATE
    fill = float(image.min() if rng.random() < 0.8 else image.max())
    u, v = u.astype(np.float32), v.astype(np.float32)
    soft = cv2.GaussianBlur(image, (0, 0), 0.6 * stored / side) if stored > side else image
    warped = cv2.remap(soft, u, v, cv2.INTER_LINEAR, borderMode=edge, borderValue=fill)
    moved = [cv2.remap(mask, u, v, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT) for mask in masks]
    return np.asarray(warped, np.float32), np.stack(moved)


def widen_heart(rng: Generator, image: Image, masks: Masks) -> tuple[Image, Masks]:
    """The heart drawn wider or narrower while the chest walls stay, so that its share of the thorax varies.

    Columns are moved piecewise linearly between the walls and the heart's borders, fully on the heart's rows and less
    and less above and below; the masks follow.
    """
    columns = [np.flatnonzero(part.any(0)) for part in (np.maximum(masks[0], masks[1]), masks[2])]
    rows = np.flatnonzero(masks[2].any(1))
    (wall, end), (left, right) = ((int(c[0]), int(c[-1]) + 1) for c in columns)
    share = (right - left) / (end - wall)
    goal = rng.uniform(max(share * NARROWER, LEAST_SHARE), min(share * WIDER, MOST_SHARE))
    if not wall < left < right < end:
        return image, masks
    centre, half = (left + right) / 2 + rng.normal(0, 0.01) * (end - wall), goal * (end - wall) / 2
    room = 0.03 * (end - wall)
    new = max(centre - half, wall + room), min(centre + half, end - room)
    side = image.shape[0]
    x = np.arange(side, dtype=np.float64) + 0.5
    moved = np.interp(x, (0, wall, *new, end, side), (0, wall, left, right, end, side)) - x
    fade = rng.uniform(0.15, 0.5) * (rows[-1] - rows[0])
    outside = np.maximum(np.maximum(rows[0] - x, x - rows[-1]), 0) / fade
    weight = 0.5 + 0.5 * np.cos(np.pi * np.minimum(outside, 1))
    u = (x[None] - 0.5 + weight[:, None] * moved[None]).astype(np.float32)
    v = np.repeat((x - 0.5).astype(np.float32)[:, None], side, 1)
    drawn = cv2.remap(image, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    parts = [cv2.remap(mask, u, v, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT) for mask in masks]
    return np.asarray(drawn, np.float32), np.stack(parts)


def mirror(image: Image, masks: Masks) -> tuple[Image, Masks]:
    """Left for right; the lung channels change places because they are named by image side."""
    return np.ascontiguousarray(image[:, ::-1]), np.ascontiguousarray(masks[[1, 0, 2]][:, :, ::-1])


def whiten(rng: Generator, image: Image, masks: Masks) -> Image:
    """Consolidations, ground glass or an effusion drawn over the lungs; the masks stay."""
    side = image.shape[0]
    lungs = np.maximum(masks[0], masks[1]).astype(np.float32)
    if not lungs.any():
        return image
    white = float(np.percentile(image, rng.uniform(70, 92)))
    veil = np.zeros_like(image)
    ys, xs = np.nonzero(lungs)
    for _ in range(int(rng.integers(1, 5))):
        at = int(rng.integers(len(ys)))
        radii = (int(side * rng.uniform(0.03, 0.16)), int(side * rng.uniform(0.03, 0.16)))
        cv2.ellipse(
            veil,
            (int(xs[at]), int(ys[at])),
            radii,
            float(rng.uniform(0, 180)),
            0,
            360,
            float(rng.uniform(0.2, 0.9)),
            -1,
        )
    if rng.random() < 0.35:
        one = masks[int(rng.integers(2))]
        rows = np.nonzero(one.any(1))[0]
        if len(rows):
            level = int(rows[0] + (rows[-1] - rows[0]) * rng.uniform(0.4, 0.95))
            veil[level:] = np.maximum(veil[level:], one[level:] * float(rng.uniform(0.5, 1.0)))
    veil = cv2.GaussianBlur(veil, (0, 0), side * rng.uniform(0.008, 0.05))
    if rng.random() < 0.5:
        noise = cv2.resize(rng.random((24, 24)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
        veil *= np.clip(noise * 1.6, 0, 1)
    veil *= cv2.GaussianBlur(lungs, (0, 0), side * 0.01)
    return np.asarray(image + veil * np.maximum(white - image, 0), np.float32)


def write_over(rng: Generator, image: Image) -> Image:
    """Letters, tubes and electrodes, pacemaker-like boxes, borders."""
    side, image = image.shape[0], image.copy()
    high = float(image.max())
    if rng.random() < 0.4:
        letters = np.zeros((side, side), np.uint8)
        for _ in range(int(rng.integers(1, 4))):
            text = "".join(rng.choice(list("RLPA0123456789MD "), int(rng.integers(1, 7))))
            at = (int(rng.uniform(0, 0.9) * side), int(rng.uniform(0.03, 1.0) * side))
            cv2.putText(letters, text, at, cv2.FONT_HERSHEY_SIMPLEX, rng.uniform(0.2, 0.8), 255, 1)
        image = np.where(letters > 0, high * rng.uniform(0.7, 1), image).astype(np.float32)
    for _ in range(int(rng.integers(0, 4)) if rng.random() < 0.35 else 0):
        path = np.cumsum(rng.normal(0, side * 0.12, (5, 2)), 0) + rng.uniform(0.1, 0.9, 2) * side
        fine = cv2.resize(path.astype(np.float32), (2, 40), interpolation=cv2.INTER_CUBIC).astype(np.int32)
        line = np.zeros_like(image)
        cv2.polylines(line, [fine], False, float(rng.uniform(0.1, 0.5)), int(rng.integers(1, 4)), cv2.LINE_AA)
        image = image + line * high
    if rng.random() < 0.12:
        corner = (rng.uniform(0.1, 0.85, 2) * side).astype(int)
        size = (rng.uniform(0.03, 0.12, 2) * side).astype(int)
        image[corner[1] : corner[1] + size[1], corner[0] : corner[0] + size[0]] = high * rng.uniform(0.7, 1)
    if rng.random() < 0.25:
        value = float(image.min()) if rng.random() < 0.75 else high
        for axis in (0, 1):
            for end in (0, 1):
                wide = int(side * max(rng.normal(0.0, 0.06), 0))
                if wide:
                    strip = [slice(None), slice(None)]
                    strip[axis] = slice(0, wide) if end == 0 else slice(side - wide, side)
                    image[tuple(strip)] = value
    return np.asarray(image, np.float32)


def expose(rng: Generator, image: Image) -> Image:
    """Gamma, contrast curves, CLAHE, shading, blur, noise and coarse JPEG; what comes out is normalised again."""
    image, side = normalise(image), image.shape[0]
    if rng.random() < 0.25:
        tiles = int(rng.integers(2, 10))
        clahe = cv2.createCLAHE(float(rng.uniform(1, 5)), (tiles, tiles))
        image = clahe.apply((image * 255).astype(np.uint8)).astype(np.float32) / 255
    image = image ** float(np.exp(rng.normal(0, 0.4)))
    if rng.random() < 0.3:
        steep, at = rng.uniform(3, 9), rng.uniform(0.35, 0.65)
        image = 1 / (1 + np.exp(-steep * (image - at)))
    if rng.random() < 0.4:
        shade = cv2.resize(rng.normal(0, 0.12, (3, 3)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
        image = image + shade
    if rng.random() < 0.25:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 2.0))
    if rng.random() < 0.4:
        image = image + rng.normal(0, rng.uniform(0.005, 0.08), image.shape).astype(np.float32)
    if rng.random() < 0.2:
        coded = cv2.imencode(
            ".jpg",
            (normalise(np.asarray(image, np.float32)) * 255).astype(np.uint8),
            [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 70))],
        )[1]
        image = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
    return normalise(np.asarray(image, np.float32))
