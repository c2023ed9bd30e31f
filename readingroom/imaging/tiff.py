"""TIFF files in: 8, 16 and 32-bit and float pages; several pages of one size become frames."""

from __future__ import annotations

import hashlib
import logging
import struct
from io import BytesIO
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from readingroom.errors import BadFile
from readingroom.imaging.image import Image
from readingroom.imaging.limits import Limits
from readingroom.imaging.raster import decode_picture, picture_image

TIFF_ERRORS = (
    tifffile.TiffFileError, ValueError, TypeError, KeyError, IndexError, AttributeError, OSError, EOFError,
    OverflowError, MemoryError, RecursionError, NotImplementedError, RuntimeError, AssertionError,
    struct.error, ZeroDivisionError,
)  # fmt: skip
"""What tifffile raises on broken files."""

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # its complaints about files are ours to word

_UNCOMPRESSED = 1
_MIN_IS_WHITE, _PALETTE = 0, 3


def read_tiff(data: bytes, limits: Limits, *, where: str) -> Image:
    """The pages of a TIFF; its resolution tags are not believed, since scanners write printing sizes there."""
    try:
        with tifffile.TiffFile(BytesIO(data)) as file:
            pages, notes = _alike(file, limits, where)
            frames = [_page(page, data, n, limits=limits, where=where) for n, page in enumerate(pages)]
    except TIFF_ERRORS as error:
        raise BadFile("this TIFF is broken or ends early", where=where, do="Copy or export it again.") from error
    digest = hashlib.sha256(data).hexdigest()
    if len(frames) == 1:
        pixels, more = _whole(frames[0], where)
        return picture_image(pixels, (*notes, *more), label="TIFF", sha256=digest)
    pixels, more = _whole(np.stack(frames), where)
    image = picture_image(pixels[0], (*notes, *more), label="TIFF", sha256=digest)
    if image.pixels.ndim < pixels[0].ndim:
        pixels = np.ascontiguousarray(pixels[..., 1])
    name = f"TIFF picture, {len(frames)} frames"
    return Image(image.ref.model_copy(update={"kind": "frames", "depth": len(frames), "name": name}), pixels)


def _alike(file: tifffile.TiffFile, limits: Limits, where: str) -> tuple[list[tifffile.TiffPage], tuple[str, ...]]:
    """The pages of the first page's shape and kind; smaller ones are overviews."""
    pages = [page for page in file.pages[: limits.frames + 1] if isinstance(page, tifffile.TiffPage)]
    if not pages:
        raise BadFile("this TIFF has no pages", where=where, do="Export it again.")
    first = pages[0]
    if len(pages) > limits.frames:
        raise BadFile(f"it has more than {limits.frames} pages", where=where, do="Give fewer.")
    if first.imagelength * first.imagewidth > limits.frame_pixels:
        most = f"the limit of {limits.frame_pixels // 10**6} million"
        raise BadFile(f"{first.imagewidth} x {first.imagelength} pixels are above {most}", where=where,
                      do="Give a smaller picture.")  # fmt: skip
    alike = [page for page in pages if page.shape == first.shape and page.dtype == first.dtype]
    size = int(np.prod(first.shape, dtype=object)) * max(1, (first.bitspersample + 7) // 8) * len(alike)
    if size > limits.decoded_bytes:
        raise BadFile("its pages are too large to be read here", where=where, do="Give fewer.")
    left = len(pages) - len(alike)
    return alike, (f"{left} pages of another size were left out.",) if left else ()


def _page(page: tifffile.TiffPage, data: bytes, index: int, *, limits: Limits, where: str) -> NDArray[Any]:
    """tifffile reads plain pages; compressed ones go through libtiff, whose buffers are bounded."""
    if page.compression != _UNCOMPRESSED or page.photometric == _PALETTE:
        return decode_picture(data, "tiff", limits, where=where, page=index)[0]
    if any(at + size > len(data) for at, size in zip(page.dataoffsets, page.databytecounts, strict=False)):
        raise BadFile("this TIFF ends early", where=where, do="Copy or export it again.")
    pixels = page.asarray()
    if pixels.ndim == 3 and pixels.shape[0] in (3, 4) and pixels.shape[-1] not in (3, 4):
        pixels = np.moveaxis(pixels, 0, -1)
    if pixels.ndim == 3 and pixels.shape[-1] in (2, 4):
        pixels = pixels[..., :3] if pixels.shape[-1] == 4 else pixels[..., 0]
    if page.photometric == _MIN_IS_WHITE and pixels.dtype.kind == "u":
        pixels = np.iinfo(pixels.dtype).max - pixels
    return pixels


def _whole(pixels: NDArray[Any], where: str) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Colour as 8 bits, floats as finite float32, and what had to be done for it."""
    if pixels.dtype.kind not in "biuf" or pixels.ndim not in (2, 3, 4):
        raise BadFile("its values are no grey or colour picture", where=where, do="Export it as 8 or 16-bit grey.")
    if pixels.dtype.kind == "b":
        return pixels.astype(np.uint8) * 255, ()
    if pixels.shape[-1] == 3 and pixels.ndim >= 3 and pixels.dtype == np.uint16:
        return (pixels >> 8).astype(np.uint8), ("Colour of 16 bits; read as 8.",)
    if pixels.shape[-1] == 3 and pixels.ndim >= 3 and pixels.dtype != np.uint8:
        raise BadFile("its colours are not of 8 or 16 bits", where=where, do="Export it as 8-bit colour.")
    if pixels.dtype.kind != "f":
        return np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("=")), ()
    pixels = pixels.astype(np.float32)
    good = np.isfinite(pixels)
    if not good.any():
        raise BadFile("none of its values is a number", where=where, do="Export it again.")
    if good.all():
        return pixels, ()
    return np.where(good, pixels, pixels[good].min()), ("Values that were no number were set to the lowest.",)
