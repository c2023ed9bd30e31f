"""Pictures that are no medical image, made by rule: what the modality head must call unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32] | NDArray[np.uint8]
SIDE = 256


def _noise(rng: np.random.Generator) -> Picture:
    if rng.random() < 0.5:
        return rng.random((SIDE, SIDE)).astype(np.float32)
    return rng.integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)


def cloud(rng: np.random.Generator, slope: float) -> NDArray[np.float32]:
    """Noise whose amplitude falls with frequency to the power `slope`, in 0..1."""
    wave = np.fft.fftfreq(SIDE)
    radius = np.hypot(wave[:, None], wave[None])
    radius[0, 0] = 1
    field = np.fft.ifft2(np.fft.fft2(rng.normal(size=(SIDE, SIDE))) / radius**slope).real
    low, high = np.percentile(field, (1, 99))
    return np.clip((field - low) / (high - low), 0, 1).astype(np.float32)


def _clouds(rng: np.random.Generator) -> Picture:
    if rng.random() < 0.5:
        return cloud(rng, rng.uniform(0.6, 1.8))
    planes = [cloud(rng, rng.uniform(0.8, 1.8)) for _ in range(3)]
    return (255 * np.stack(planes, axis=2)).astype(np.uint8)


def _gradient(rng: np.random.Generator) -> Picture:
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    turn = rng.uniform(0, 2 * np.pi)
    ramp = (np.cos(turn) * x + np.sin(turn) * y) if rng.random() < 0.6 else np.hypot(x - 0.5, y - rng.uniform(0.2, 0.8))
    ramp = (ramp - ramp.min()) / np.ptp(ramp)
    if rng.random() < 0.4:
        return ramp.astype(np.float32)
    one, two = rng.uniform(0, 255, (2, 3))
    return (one + ramp[:, :, None] * (two - one)).astype(np.uint8)


def _page(rng: np.random.Generator) -> Picture:
    dark = rng.random() < 0.3
    paper, ink = (20, 230) if dark else (245, 20)
    page = np.full((SIDE * 2, SIDE * 2), paper, np.uint8)
    size, y = rng.uniform(0.3, 0.9), 30
    while y < 2 * SIDE - 10:
        words = "".join(rng.choice(list("abcdefghiklmnoprstuvw     "), int(rng.uniform(10, 60))))
        cv2.putText(page, words, (int(rng.uniform(5, 40)), y), cv2.FONT_HERSHEY_SIMPLEX, size, ink, 1, cv2.LINE_AA)
        y += int(rng.uniform(18, 40))
    return np.clip(page + rng.normal(0, 3, page.shape), 0, 255).astype(np.float32) / 255


def _shapes(rng: np.random.Generator) -> Picture:
    """Dead leaves: overlapping things of many sizes, shaded and textured, much as a photograph of anything is."""
    out = np.empty((SIDE, SIDE, 3), np.float32)
    base, variety = rng.uniform(20, 235, 3), rng.choice([25.0, 60.0, 300.0])

    def colour() -> list[float]:
        return np.clip(base + rng.uniform(-1, 1) * 80 + rng.uniform(-variety, variety, 3), 0, 255).tolist()

    out[:] = colour()
    for _ in range(int(rng.uniform(8, 160))):
        r = min(120.0, 6 / rng.random() ** 0.7)
        centre = rng.uniform(0, SIDE, 2)
        angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 12))))
        points = centre + r * np.stack([np.cos(angles), np.sin(angles)], axis=1) * rng.uniform(0.6, 1, (len(angles), 1))
        cv2.fillPoly(out, [points.astype(np.int32)], colour(), cv2.LINE_AA)
    out *= 0.6 + 0.6 * cloud(rng, rng.uniform(0.5, 1.4))[:, :, None]
    out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 2.5))
    strength = rng.uniform(0, 1)
    out = strength * out + (1 - strength) * out.mean(axis=2, keepdims=True)
    out = np.clip(out, 0, 255)
    return out.mean(axis=2).astype(np.float32) / 255 if rng.random() < 0.3 else out.astype(np.uint8)


def _screen(rng: np.random.Generator) -> Picture:
    out = np.full((SIDE, SIDE * 3 // 2, 3), rng.choice([250, 235, 30]), np.uint8)
    for _ in range(int(rng.uniform(4, 14))):
        x, y, w, h = rng.uniform(0, 1, 4) * (SIDE * 1.3, SIDE, SIDE * 0.6, SIDE * 0.3)
        cv2.rectangle(out, (int(x), int(y)), (int(x + w), int(y + h)), rng.uniform(0, 255, 3).tolist(), -1)
        cv2.putText(
            out, "Name 12.3 OK", (int(x), int(y) + 12), cv2.FONT_HERSHEY_PLAIN, 0.8, (90, 90, 90), 1, cv2.LINE_AA
        )
    return out


def _chart(rng: np.random.Generator) -> Picture:
    out = np.full((SIDE, SIDE * 3 // 2, 3), 255, np.uint8)
    x = np.linspace(20, SIDE * 1.5 - 10, 60)
    for _ in range(int(rng.integers(1, 5))):
        y = SIDE / 2 + np.cumsum(rng.normal(0, 8, 60))
        cv2.polylines(
            out, [np.stack([x, y], axis=1).astype(np.int32)], False, rng.uniform(0, 200, 3).tolist(), 2, cv2.LINE_AA
        )
    cv2.line(out, (20, 10), (20, SIDE - 15), (0, 0, 0), 1)
    cv2.line(out, (20, SIDE - 15), (SIDE * 3 // 2 - 10, SIDE - 15), (0, 0, 0), 1)
    return out


def _pattern(rng: np.random.Generator) -> Picture:
    y, x = np.mgrid[:SIDE, :SIDE]
    period = int(rng.uniform(4, 60))
    kind = int(rng.integers(0, 3))
    wave = 0.5 + 0.5 * np.sin(2 * np.pi * (x + 0.5 * y) / period)
    plane = ((x // period + y // period) % 2, (x // period) % 2, wave)[kind]
    return np.asarray(plane * rng.uniform(0.4, 1), np.float32)


KINDS: dict[str, tuple[int, Callable[[np.random.Generator], Picture]]] = {
    "noise": (20, _noise),
    "cloud": (40, _clouds),
    "gradient": (30, _gradient),
    "page": (30, _page),
    "photograph": (240, _shapes),
    "screen": (30, _screen),
    "chart": (20, _chart),
    "pattern": (20, _pattern),
}


def negatives(rng: np.random.Generator) -> Iterator[tuple[str, Picture]]:
    """Every kind with its name."""
    for name, (count, make) in KINDS.items():
        for _ in range(count):
            yield name, make(rng)
