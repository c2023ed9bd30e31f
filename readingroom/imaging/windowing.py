"""Pixels as they are looked at: windows, presets, and planes with the patient's front up and right at image left."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadRequest
from readingroom.imaging.image import Image, Window

CT_PRESETS: dict[str, Window] = {
    "abdomen": Window(-150, 250, "preset abdomen"),
    "lung": Window(-1000, 1000, "preset lung"),
    "pelvis": Window(-55, 200, "preset pelvis"),
    "liver": Window(-25, 230, "preset liver"),
    "colon": Window(-68, 187, "preset colon"),
    "pancreas": Window(-100, 200, "preset pancreas"),
    "mediastinum": Window(-125, 225, "preset mediastinum"),
    "bone": Window(-500, 1300, "preset bone"),
    "brain": Window(0, 80, "preset brain"),
}
"""HU. The first six are those that MedImageParse publishes for its CT input; mediastinum (level 50, width 350), bone
(400, 1800) and brain (40, 80) are those of Radiopaedia's article on CT windowing."""

_BY_ANATOMY = {"chest": "mediastinum", "brain": "brain", "head": "brain", "pelvis": "pelvis"}
PERCENTILES = (0.5, 99.5)
"""Of the pixels, for grey images without a window of their own."""
_SAMPLES = 1_000_000


def preset(name: str) -> Window:
    """A CT window by name; BadRequest lists the names there are."""
    if name not in CT_PRESETS:
        raise BadRequest(f"there is no CT window {name!r}", do=f"Choose one of {', '.join(CT_PRESETS)}.")
    return CT_PRESETS[name]


def plane_of(image: Image, plane: int | None) -> NDArray[Any]:
    """One (H, W[, 3]) picture: the image itself, or slice or frame `plane` (the middle one where none is named).

    A volume's planes are axial and stand as stored: the patient's front up, the patient's right at image left.
    """
    if image.ref.kind == "image":
        return image.pixels
    index = len(image.pixels) // 2 if plane is None else plane
    if not 0 <= index < len(image.pixels):
        raise BadRequest(f"there is no plane {plane}", do=f"Choose 0 to {len(image.pixels) - 1}.")
    picture: NDArray[Any] = image.pixels[index]
    return picture


def default_window(image: Image) -> Window:
    """The window to show an image in: its own, for HU a preset by anatomy, for 8 bits all of it, else percentiles."""
    if image.window is not None:
        return image.window
    if image.ref.units == "HU":
        return CT_PRESETS[_BY_ANATOMY.get(image.ref.anatomy, "abdomen")]
    if image.pixels.dtype == np.uint8:
        return Window(0, 255, "all 8 bits")
    step = max(1, image.pixels.size // _SAMPLES)
    low, high = np.percentile(image.pixels.reshape(-1)[::step], PERCENTILES)
    name = f"percentiles {PERCENTILES[0]}-{PERCENTILES[1]}"
    return Window(float(low), float(high), name) if high > low else Window(float(low), float(low) + 1, name)


def display_gray(image: Image, *, plane: int | None = None, window: Window | None = None) -> NDArray[np.float32]:
    """(H, W) in 0..1 through `window` (default: `default_window`); colour becomes luminance (ITU-R BT.601)."""
    picture = plane_of(image, plane)
    if image.ref.colour:
        weights = np.array([0.299, 0.587, 0.114], np.float32) / np.float32(255)
        return np.asarray(picture @ weights, np.float32)
    return _through(picture, window or default_window(image))


def display_rgb(image: Image, *, plane: int | None = None, window: Window | None = None) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 as it is shown; grey through its window."""
    if image.ref.colour:
        return np.ascontiguousarray(plane_of(image, plane), np.uint8)
    grey = display_gray(image, plane=plane, window=window)
    grey *= 255
    grey += 0.5
    return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)


def _through(picture: NDArray[Any], window: Window) -> NDArray[np.float32]:
    """(value - low) / (high - low), clipped; in place on one float32 copy."""
    scale = np.float32(1.0 / max(window.high - window.low, 1e-6))
    out = np.multiply(picture, scale, dtype=np.float32, casting="unsafe")
    out -= np.float32(window.low) * scale
    np.clip(out, 0, 1, out=out)
    return np.asarray(out, np.float32)
