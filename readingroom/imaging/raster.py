"""PNG, JPEG, BMP and still GIF pictures in: no meaning but their pixels, so every assumption is noted."""

from __future__ import annotations

import hashlib
import struct
import warnings
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from readingroom.domain.image import ImageRef
from readingroom.errors import BadFile
from readingroom.imaging.grey import as_grey, is_grey
from readingroom.imaging.image import Image
from readingroom.imaging.limits import Limits

PICTURE_ERRORS = (
    UnidentifiedImageError, Pillow.DecompressionBombError, OSError, SyntaxError, ValueError, TypeError, EOFError,
    IndexError, KeyError, OverflowError, MemoryError, struct.error, zlib.error, AttributeError,
)  # fmt: skip
"""What Pillow raises on broken pictures."""

_FORMATS = {"png": "PNG", "jpeg": "JPEG", "bmp": "BMP", "gif": "GIF", "tiff": "TIFF"}
_WITH_ALPHA = frozenset(("RGBA", "LA", "PA", "La", "RGBa"))
NO_SPACING = "Pictures carry no trustworthy pixel spacing; say it if you know it."


def read_picture(data: bytes, kind: str, limits: Limits, *, where: str) -> Image:
    """One PNG, JPEG, BMP or still GIF as grey in its own depth or as 8-bit colour."""
    pixels, notes = decode_picture(data, kind, limits, where=where)
    return picture_image(pixels, notes, label=_FORMATS[kind], sha256=hashlib.sha256(data).hexdigest())


def decode_picture(
    data: bytes, kind: str, limits: Limits, *, where: str, page: int = 0
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Pixels (H, W) or (H, W, 3) and notes; the size is judged before a pixel is decoded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pixel counts, which are judged here, and of odd metadata
        try:
            with Pillow.open(BytesIO(data), formats=[_FORMATS[kind]]) as picture:
                picture.seek(page)
                width, height = picture.size
                if width * height > limits.frame_pixels:
                    most = f"the limit of {limits.frame_pixels // 10**6} million"
                    raise BadFile(f"{width} x {height} pixels are above {most}", where=where,
                                  do="Give a smaller picture.")  # fmt: skip
                if kind in ("png", "gif") and getattr(picture, "n_frames", 1) > 1:
                    raise BadFile("this is an animation", where=where, do="Give its frames as single pictures.")
                return _pixels(picture)
        except Pillow.DecompressionBombError as error:  # so many that Pillow will not tell the size
            raise BadFile(f"its pixels are above the limit of {limits.frame_pixels // 10**6} million", where=where,
                          do="Give a smaller picture.") from error  # fmt: skip
        except PICTURE_ERRORS as error:
            raise BadFile(f"this {_FORMATS[kind]} is broken or ends early", where=where,
                          do="Copy or export it again.") from error  # fmt: skip


def picture_image(pixels: NDArray[Any], notes: tuple[str, ...], *, label: str, sha256: str) -> Image:
    """The image of a picture's pixels; three equal channels become one."""
    if pixels.ndim == 3 and is_grey(pixels):
        pixels, notes = as_grey(pixels), (*notes, "A grey picture stored in colour; read as grey.")
    colour = pixels.ndim == 3
    ref = ImageRef(
        id="img-0", sha256=sha256, kind="image", rows=pixels.shape[0], columns=pixels.shape[1], colour=colour,
        units="colour" if colour else "grey", spacing_note=NO_SPACING, notes=notes, name=f"{label} picture",
    )  # fmt: skip
    return Image(ref, pixels)


def _pixels(picture: Pillow.Image) -> tuple[NDArray[Any], tuple[str, ...]]:
    notes: list[str] = []
    if picture.getexif().get(0x0112, 1) not in (0, 1):
        picture = ImageOps.exif_transpose(picture)
        notes.append("Turned upright as its EXIF orientation asks.")
    mode = picture.mode
    if mode in _WITH_ALPHA or (mode in ("P", "L", "RGB") and "transparency" in picture.info):
        notes.append("Its transparency was dropped.")
    if mode == "1":
        return np.asarray(picture.convert("L")), (*notes, "A black and white picture.")
    if mode in ("L", "LA", "La"):
        return np.array(picture if mode == "L" else picture.getchannel(0)), tuple(notes)
    if mode.startswith("I;16"):
        return np.array(picture).astype(np.uint16, copy=False), tuple(notes)
    if mode in ("I", "F"):
        return np.array(picture), tuple(notes)
    if mode in ("RGBA", "RGBa"):
        return np.ascontiguousarray(np.asarray(picture)[..., :3]), tuple(notes)
    return np.array(picture.convert("RGB")), tuple(notes)
