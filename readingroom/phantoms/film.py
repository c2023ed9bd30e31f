"""From what each ray passed to the grey levels of a finished film."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from readingroom.phantoms.canvas import Canvas, Map

WATER = 0.0185
"""Attenuation of water per millimetre at about 60 keV effective, less what the beam hardens (NIST: 0.0206)."""

SCATTER = 0.12
"""Scattered to primary radiation behind a good grid."""

FULL = 4095
"""Twelve bits stored."""


def exposed(canvas: Canvas, water: Map) -> Map:
    """What the detector thinks it saw: millimetres of water with scatter and the detector's blur in it."""
    primary = np.exp(-WATER * water)
    stray = canvas.blurred(np.minimum(primary, np.float32(np.exp(-WATER * 60))), 45)
    signal = canvas.blurred(primary + SCATTER * stray, 0.35)
    return np.asarray(-np.log(np.maximum(signal, 1e-5)) / WATER, np.float32)


def noisy(seen: Map, spacing_mm: float, amount: float, rng: np.random.Generator) -> Map:
    """Photons counted per pixel: noise grows where little gets through and where pixels are small."""
    photons = 9.0e4 * spacing_mm**2 * np.exp(-WATER * np.clip(seen, 0, 260))
    grain = rng.normal(0, 1, seen.shape).astype(np.float32)
    soft = np.asarray(cv2.GaussianBlur(grain, (0, 0), 0.6)) * 2.0
    return np.asarray(seen + amount * soft / np.sqrt(photons) / WATER, np.float32)


def developed(canvas: Canvas, seen: Map, inside: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.uint16]:
    """Stored values, dense is bright: local contrast lifted a little, then a toe and a shoulder as films have them."""
    flat = canvas.blurred(np.clip(seen, 40, 300), 28)
    lifted = seen - rng.uniform(0.2, 0.45) * (flat - float(flat[inside].mean())) * (seen > 25)
    low, high = (float(v) for v in np.percentile(lifted[inside], [1.0, 99.0]))
    share = (lifted - low) / max(high - low, 1.0)
    grey = rng.uniform(0.12, 0.22) + rng.uniform(0.62, 0.72) * share
    toe = np.where(grey < 0.12, 0.12 * np.exp(np.clip(grey - 0.12, -9, 0) / 0.12), grey)
    shoulder = np.where(toe > 0.8, 1 - 0.2 * np.exp(-(np.clip(toe, 0.8, 4) - 0.8) / 0.2), toe)
    return np.asarray(np.clip(np.round(shoulder * FULL), 0, FULL), np.uint16)
