"""Masks as bytes: PNG for an image, a packed array for a volume; the same mask always gives the same bytes."""

from __future__ import annotations

import io
import zipfile

import cv2
import numpy as np
from numpy.typing import NDArray

from readingroom.errors import RecordError

Mask = NDArray[np.bool_]


def encode_mask(mask: Mask) -> bytes:
    """(H, W): a 1-bit PNG. (D, H, W): an .npz of packed bits and the shape, without pickle."""
    if mask.ndim == 2:
        fine, png = cv2.imencode(".png", mask.astype(np.uint8) * 255, [cv2.IMWRITE_PNG_BILEVEL, 1])
        if not fine:
            raise RecordError("a mask could not be written as PNG")
        return bytes(png.tobytes())
    file = io.BytesIO()
    np.savez_compressed(file, bits=np.packbits(mask), shape=np.array(mask.shape, dtype=np.int64))
    return file.getvalue()


def decode_mask(content: bytes) -> Mask:
    """The mask that `encode_mask` wrote. Raises RecordError for anything else."""
    if content.startswith(b"\x89PNG"):
        image = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
        if image is None:
            raise RecordError("a stored mask is not a readable PNG")
        return np.asarray(image > 0)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as held:
            shape = tuple(int(size) for size in held["shape"])
            bits = np.unpackbits(held["bits"], count=int(np.prod(shape)))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise RecordError("a stored mask is not readable") from error
    return np.asarray(bits.reshape(shape).astype(bool))
