"""Stored values to meant values: bits, rescale, look-up tables, polarity, padding and colour, each applied once."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadFile
from readingroom.imaging.codec import NATIVE, Frames, Layout
from readingroom.imaging.dicom import DECODE_ERRORS, Header
from readingroom.imaging.image import Window
from readingroom.imaging.multiframe import frame_header
from readingroom.imaging.voi import voi_window

Pixels = NDArray[Any]


class Tones(NamedTuple):
    """Frames as they are meant: (N, H, W) grey or (N, H, W, 3) uint8 sRGB."""

    pixels: Pixels
    units: Literal["grey", "HU", "colour"]
    window: Window | None
    notes: tuple[str, ...]


class _Scale(NamedTuple):
    slope: float
    intercept: float
    told: bool


def tones_of(header: Header, layout: Layout, frames: Frames) -> Tones:
    """Frames of one file through everything the header asks for; BadFile where its tables are broken."""
    pixels = frames.pixels
    if frames.photometric == "PALETTE COLOR":
        try:
            pixels = header.paint(pixels)
        except DECODE_ERRORS as error:
            raise BadFile("its colour palette is broken", where=header.where, do="Export it again.") from error
        return Tones(_eight_bits(pixels, 16 if pixels.dtype.itemsize > 1 else 8), "colour", None, ())
    if pixels.ndim == 4:
        return Tones(_eight_bits(pixels, layout.stored), "colour", None, ())
    return _grey(header, layout, frames)


def is_localizer(header: Header) -> bool:
    """Whether the image is a scout: a projection that only plans the slices."""
    return "LOCALIZER" in (text.upper() for text in header.texts("ImageType"))


def _eight_bits(pixels: Pixels, stored: int) -> Pixels:
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels)
    return np.right_shift(pixels, max(stored - 8, 0)).astype(np.uint8)


def _grey(header: Header, layout: Layout, frames: Frames) -> Tones:
    notes: list[str] = []
    stored = frames.pixels
    if header.syntax in NATIVE and stored.dtype.kind in "iu" and layout.allocated > 1:
        stored = _only_stored_bits(stored, layout)
    padding = _padding(header, stored)
    pixels, is_hu, ends = _rescaled(header, layout, stored)
    if stored.dtype.kind == "f" and not np.isfinite(pixels).all():
        pixels = np.nan_to_num(pixels, nan=float(np.nanmin(pixels, initial=0.0, where=np.isfinite(pixels))))
        notes.append("Pixels that were no number were set to the darkest value.")
    inverted = layout.photometric == "MONOCHROME1"
    if inverted:
        pixels = _mirrored(pixels, ends)
        notes.append("Stored with bright as low (MONOCHROME1); inverted, so that dense is bright.")
    if padding is not None and 0 < padding.mean() < 1:
        pixels = np.where(padding, pixels[~padding].min(), pixels)
        notes.append(f"{_percent(float(padding.mean()))} of the pixels are padding; set to the darkest value.")
    window, said = voi_window(header, ends if inverted else None)
    if window is not None and not (window.low < pixels.max() and window.high > pixels.min()):
        window, said = None, (*said, "The header's display window lies outside the pixels' values; not used.")
    return Tones(pixels, "HU" if is_hu else "grey", window, (*notes, *said))


def _percent(share: float) -> str:
    return "under 1 %" if share < 0.01 else f"{100 * share:.0f} %"


def _only_stored_bits(pixels: Pixels, layout: Layout) -> Pixels:
    """Bits above the high bit (overlays of old scanners) and below the low one cut away (PS3.5 8.1.1)."""
    above = layout.allocated - 1 - layout.high_bit
    below = layout.high_bit + 1 - layout.stored
    native = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    if not below and (not above or _within(native, layout)):
        return native
    return np.asarray(np.right_shift(np.left_shift(native, above), above + below))


def _within(pixels: Pixels, layout: Layout) -> bool:
    """Whether all values fit the bits stored, so that nothing lies above them."""
    low, high = (-(2 ** (layout.stored - 1)), 2 ** (layout.stored - 1)) if layout.signed else (0, 2**layout.stored)
    return bool(pixels.max() < high) and (not layout.signed or bool(pixels.min() >= low))


def _padding(header: Header, stored: Pixels) -> NDArray[np.bool_] | None:
    first, last = header.number("PixelPaddingValue"), header.number("PixelPaddingRangeLimit")
    if first is None or stored.dtype.kind not in "iu":
        return None
    low, high = sorted((first, first if last is None else last))
    mask: NDArray[np.bool_] = (stored >= low) & (stored <= high)
    return mask


def _rescaled(header: Header, layout: Layout, stored: Pixels) -> tuple[Pixels, bool, tuple[float, float]]:
    """Values after the modality transform, whether they are HU, and both ends of their possible range."""
    is_ct = header.text("Modality") == "CT" and not is_localizer(header)
    table = header.items("ModalityLUTSequence")
    if table:
        try:
            pixels = header.through_modality_lut(stored)
        except DECODE_ERRORS as error:
            raise BadFile("its modality look-up table is broken", where=header.where, do="Export it again.") from error
        is_hu = is_ct and table[0].text("ModalityLUTType") == "HU"
        return pixels.astype(np.float32), is_hu, (float(pixels.min()), float(pixels.max()))
    scales = [_scale(header, index) for index in range(len(stored))]
    low, high = _stored_range(layout, stored)
    first = scales[0]
    ends = (low * first.slope + first.intercept, high * first.slope + first.intercept)
    kind = frame_header(header, "PixelValueTransformationSequence").text("RescaleType").upper()
    is_hu = is_ct and first.told and kind in ("", "HU", "US")
    if not is_ct and all(scale.slope == 1 and scale.intercept == 0 for scale in scales):
        return stored, False, ends
    out = np.empty(stored.shape, np.float32)
    for index, scale in enumerate(scales):
        np.multiply(stored[index], np.float32(scale.slope), out=out[index], dtype=np.float32, casting="unsafe")
        out[index] += np.float32(scale.intercept)
    return out, is_hu, ends


def _scale(header: Header, index: int) -> _Scale:
    holder = frame_header(header, "PixelValueTransformationSequence", index)
    slope, intercept = holder.number("RescaleSlope"), holder.number("RescaleIntercept")
    if slope == 0:
        raise BadFile("its rescale slope is zero", where=header.where, do="Export it again.")
    return _Scale(1.0 if slope is None else slope, intercept or 0.0, slope is not None or intercept is not None)


def _stored_range(layout: Layout, stored: Pixels) -> tuple[float, float]:
    if stored.dtype.kind == "f":
        return float(np.nanmin(stored)), float(np.nanmax(stored))
    if layout.signed:
        return -float(2 ** (layout.stored - 1)), float(2 ** (layout.stored - 1) - 1)
    return 0.0, float(2**layout.stored - 1)


def _mirrored(pixels: Pixels, ends: tuple[float, float]) -> Pixels:
    """low + high - value: in integers as long as both ends fit the type."""
    both = ends[0] + ends[1]
    if pixels.dtype.kind == "f":
        return np.asarray(np.float32(both) - pixels, np.float32)
    return np.asarray(np.subtract(pixels.dtype.type(int(both)), pixels))
