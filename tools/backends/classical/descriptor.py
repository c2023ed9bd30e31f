"""An image as 1024 numbers: what a viewer sees at a glance (tone, colour, texture, layout), for neighbours and routing.

It is an honest descriptor, not a foundation model: nothing in it was learned but the weights of its nine blocks.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadStudy
from readingroom.tools.backends.classical.segment import Colour, Gray

PREPROCESSING_ID = "luma-area-squash128-v1"
"""Luma in 0..1, squashed to 128 x 128 by area averaging, no windowing."""

DESCRIPTOR_ID = "rr-descriptor-1024-v1"
"""Changes with any change to the numbers that `describe` returns."""

SIZE = 1024
SIDE = 128
SMALLEST = 16

Vector = NDArray[np.float32]
Numbers = NDArray[np.float64]


class Block(NamedTuple):
    """One part of the descriptor."""

    name: str
    width: int
    weight: float


BLOCKS = (
    Block("frequency", 64, 1.0),
    Block("thumbnail", 144, 0.7),
    Block("gradient", 168, 4.0),
    Block("pattern", 70, 0.5),
    Block("tone", 80, 0.5),
    Block("colour", 64, 2.8),
    Block("spectrum", 48, 1.0),
    Block("frame", 80, 1.0),
    Block("gabor", 306, 2.0),
)
"""What the 1024 numbers are, in order. Weights were chosen on the development images for modality x anatomy."""


def describe(image: Gray | Colour) -> Vector:
    """1024 numbers of unit length for a picture, the same on every machine to about 1e-5.

    `image`: (H, W) floats in 0..1 as displayed, or (H, W, 3) sRGB bytes; 16 pixels a side at least.
    Raises BadStudy for any other shape.
    """
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3) or min(image.shape[:2]) < SMALLEST:
        raise BadStudy(
            f"an image of shape {tuple(image.shape)} has no descriptor",
            do=f"Give one grey or RGB picture of at least {SMALLEST} pixels a side.",
        )
    parts = blocks(image)
    whole = np.concatenate([b.weight * parts[b.name] for b in BLOCKS])
    return np.asarray(whole / np.linalg.norm(whole), np.float32)


def blocks(image: Gray | Colour) -> dict[str, Numbers]:
    """Every block of the descriptor, each of unit length (or zero where the picture is constant)."""
    colour, luma = _squash(image)
    centred = luma - luma.mean()
    even = centred / max(float(centred.std()), 0.02)
    parts = {
        "frequency": _frequency(even),
        "thumbnail": cv2.resize(even, (12, 12), interpolation=cv2.INTER_AREA).ravel(),
        "gradient": _gradient(luma),
        "pattern": _pattern(luma),
        "tone": _tone(luma),
        "colour": _colour(colour),
        "spectrum": _spectrum(even),
        "frame": _frame(luma),
        "gabor": _gabor(even),
    }
    return {name: _unit(part) for name, part in parts.items()}


def _unit(part: Numbers) -> Numbers:
    length = float(np.linalg.norm(part))
    return np.asarray(part / length if length > 1e-9 else np.zeros_like(part), np.float64)


def _squash(image: Gray | Colour) -> tuple[Numbers, Numbers]:
    """(128, 128, 3) and luma (128, 128), both in 0..1."""
    if image.ndim == 2:
        plane = np.clip(np.nan_to_num(np.asarray(image, np.float32)), 0, 1)
        luma = _resized(plane)
        return np.repeat(luma[:, :, None], 3, axis=2), luma
    scale = 255.0 if image.dtype == np.uint8 else 1.0
    colour = np.clip(_resized(np.asarray(image, np.float32)) / scale, 0, 1)
    return colour, np.asarray(colour @ np.array([0.299, 0.587, 0.114]))


def _resized(plane: NDArray[np.float32]) -> Numbers:
    shrink = min(plane.shape[:2]) >= SIDE
    how = cv2.INTER_AREA if shrink else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, (SIDE, SIDE), interpolation=how), np.float64)


def _frequency(even: Numbers) -> Numbers:
    """The 8 x 8 lowest cosine frequencies, weighted against the strongest."""
    low = cv2.dct(cv2.resize(even, (64, 64), interpolation=cv2.INTER_AREA))[:8, :8]
    return cast(Numbers, np.sign(low) * np.sqrt(np.abs(low))).ravel()


def _gradient(luma: Numbers) -> Numbers:
    """Orientation histograms over 1 + 4 + 16 cells, eight unsigned directions."""
    gy, gx = np.gradient(cv2.GaussianBlur(luma, (0, 0), 1.0))
    size = np.sqrt(np.hypot(gx, gy))
    turn = (np.arctan2(gy, gx) % np.pi) * (8 / np.pi)
    low = np.floor(turn).astype(int)
    part = turn - low
    maps = np.zeros((8, *luma.shape))
    rows, cols = np.indices(luma.shape)
    maps[low % 8, rows, cols] = size * (1 - part)
    maps[(low + 1) % 8, rows, cols] += size * part
    cells = [maps.reshape(8, n, SIDE // n, n, SIDE // n).mean(axis=(2, 4)).ravel() / n for n in (1, 2, 4)]
    return np.asarray(np.sqrt(np.concatenate(cells)))


def _pattern(luma: Numbers) -> Numbers:
    """Rotation-invariant uniform local binary patterns at three scales, and in four quarters at the finest."""
    fine = _codes(luma, 1)
    scales = [np.bincount(_codes(luma, r).ravel(), minlength=10) for r in (2, 4)]
    half = SIDE // 2
    quarters = [
        np.bincount(fine[y : y + half, x : x + half].ravel(), minlength=10)
        for y in (0, half - 2)
        for x in (0, half - 2)
    ]
    whole = np.bincount(fine.ravel(), minlength=10)
    return np.sqrt(np.concatenate([2 * whole, *(2 * s for s in scales), *quarters]).astype(np.float64))


def _codes(luma: Numbers, radius: int) -> NDArray[np.intp]:
    """0..8 bright neighbours of eight in one run, 9 for any other pattern; differences under 1/128 do not count."""
    r, n = radius, SIDE
    steps = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
    inner = luma[r : n - r, r : n - r] + 1 / 128
    bits = np.stack([luma[r + dy * r : n - r + dy * r, r + dx * r : n - r + dx * r] > inner for dy, dx in steps])
    changes = (bits != np.roll(bits, 1, axis=0)).sum(axis=0)
    return np.where(changes <= 2, bits.sum(axis=0), 9).astype(np.intp)


def _tone(luma: Numbers) -> Numbers:
    """Histograms of brightness: 32 bins of the whole, 16 in each of three rings."""
    rings = _radius()
    whole = np.histogram(luma, 32, (0, 1))[0] / luma.size
    zones = [(rings < 0.4), (rings >= 0.4) & (rings < 0.8), rings >= 0.8]
    parts = [np.histogram(luma[zone], 16, (0, 1))[0] / zone.sum() for zone in zones]
    return np.asarray(np.sqrt(np.concatenate([1.5 * whole, *parts])))


@lru_cache(maxsize=1)
def _radius() -> Numbers:
    """Distance from the middle, 1 at the middle of a side."""
    axis = (np.arange(SIDE) + 0.5) / (SIDE / 2) - 1
    return np.asarray(np.hypot(axis[:, None], axis[None]))


def _colour(colour: Numbers) -> Numbers:
    """Hue by saturation, saturation, and moments of the opponent channels; grey pictures share one vector."""
    top, low = colour.max(axis=2), colour.min(axis=2)
    chroma = top - low
    red, green, blue = np.moveaxis(colour, 2, 0)
    hue = np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue) % (2 * np.pi)
    joint = np.histogram2d(hue.ravel(), chroma.ravel(), bins=(10, 4), range=((0, 2 * np.pi), (0.04, 1)))[0].ravel()
    spread = np.histogram(chroma, 8, (0, 1))[0]
    warm, cool = red - green, 0.5 * (red + green) - blue
    moments = [f(c) for c in (warm, cool, chroma) for f in (np.mean, np.std)]
    by_ring = [float(chroma[_radius() < r].mean()) for r in (0.4, 0.8, 1.0)]
    rest = [float(np.mean(chroma > t)) for t in (0.04, 0.1, 0.2, 0.4)]
    grey = [1.5 * float(np.mean(chroma <= 0.04)), float(warm.min()), float(cool.max())]
    shares = np.sqrt(np.concatenate([joint, spread]) / chroma.size)
    return np.concatenate([shares, np.array(moments) * 2, by_ring, rest, grey])


def _spectrum(even: Numbers) -> Numbers:
    """Log power by radius (32) and by direction (16), about its own mean."""
    window = np.hanning(SIDE)
    power = np.abs(np.fft.fft2(even * window[:, None] * window[None])) ** 2
    wave = np.fft.fftfreq(SIDE)
    radius = np.hypot(wave[:, None], wave[None])
    turn = np.arctan2(wave[:, None], wave[None]) % np.pi
    ring = np.minimum((radius * 64).astype(int), 31)
    sector = np.minimum((turn * 16 / np.pi).astype(int), 15)
    middle = (radius > 0.03) & (radius < 0.35)
    radial = np.log10(np.bincount(ring.ravel(), power.ravel(), 32) / np.bincount(ring.ravel(), minlength=32) + 1e-3)
    angular = np.bincount(sector[middle], power[middle] * radius[middle] ** 2, 16) / np.bincount(
        sector[middle], minlength=16
    )
    angular = np.log10(angular + 1e-3)
    return np.concatenate([radial - 2, 2 * (angular - angular.mean())])


def _frame(luma: Numbers) -> Numbers:
    """What the picture's frame says: row and column profiles, dark borders and corners, mirror symmetry."""
    rows, cols = (luma.mean(axis=a).reshape(32, 4).mean(axis=1) for a in (1, 0))
    edge, corner = 6, 16
    sides = (luma[:edge], luma[-edge:], luma[:, :edge], luma[:, -edge:])
    corners = [
        luma[y, x] for y in (slice(0, corner), slice(-corner, None)) for x in (slice(0, corner), slice(-corner, None))
    ]
    dark = [float(np.mean(part < 0.04)) for part in (*sides, *corners)]
    centred = luma - luma.mean()
    power = float((centred**2).sum()) + 1e-6
    alike = [
        float((centred * other).sum()) / power
        for other in (centred[:, ::-1], centred[::-1], centred.T, centred[::-1, ::-1])
    ]
    bright = [float(np.mean(luma > t)) for t in (0.04, 0.5, 0.75, 0.96)]
    return np.concatenate([rows, cols, dark, alike, bright])


def _gabor(even: Numbers) -> Numbers:
    """Energy of 18 oriented band-pass filters over the whole and over 4 x 4 cells (Oliva and Torralba's gist)."""
    spectrum = np.fft.fft2(even)
    maps = np.abs(np.fft.ifft2(spectrum[None] * _filters()))
    cells = maps.reshape(18, 4, SIDE // 4, 4, SIDE // 4).mean(axis=(2, 4)).reshape(18, 16)
    return np.asarray(np.sqrt(np.concatenate([4 * maps.mean(axis=(1, 2)), cells.ravel()])))


@lru_cache(maxsize=1)
def _filters() -> Numbers:
    """Log-Gabor filters at 0.05, 0.12 and 0.27 cycles a pixel in six directions, in the frequency plane."""
    wave = np.fft.fftfreq(SIDE)
    radius = np.hypot(wave[:, None], wave[None])
    radius[0, 0] = 1
    turn = np.arctan2(wave[:, None], wave[None])
    out = []
    for centre in (0.05, 0.12, 0.27):
        band = np.exp(-(np.log(radius / centre) ** 2) / (2 * np.log(0.6) ** 2))
        band[0, 0] = 0
        for k in range(6):
            off = np.angle(np.exp(1j * (turn - k * np.pi / 6)))
            out.append(band * np.exp(-(off**2) / (2 * (np.pi / 9) ** 2)))
    return np.stack(out)
