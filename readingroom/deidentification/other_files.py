"""NIfTI volumes and pictures written anew: their samples, what places them, and nothing beside."""

from __future__ import annotations

import io
from collections import Counter
from typing import Any, NamedTuple

import nibabel as nib
import numpy as np
from isal import igzip
from numpy.typing import NDArray
from PIL import Image as Pillow

from readingroom.errors import BadFile
from readingroom.imaging.limits import Limits
from readingroom.imaging.nifti import HEADER_ERRORS, gunzip
from readingroom.imaging.raster import decode_picture

_UNUSED = ("extents", "session_error", "glmax", "glmin")
"""Fields that no reader asks (nifti1.h); the second version has none of them."""
_TECHNICAL = frozenset({"magic"})


class Anew(NamedTuple):
    """The bytes of a file, and what was left out of it."""

    content: bytes
    counts: Counter[tuple[str, str]]


def nifti_anew(data: bytes, limits: Limits, *, where: str) -> Anew:
    """The same voxels behind a header without texts and extensions; gzip where it was. Raises BadFile.

    Bytes behind the voxels are left out. Every value, scaling and affine stays.
    """
    packed = data[:2] == b"\x1f\x8b"
    body = gunzip(data, limits, where=where) if packed else data
    second = body[4:7] == b"n+2"
    kind: Any = nib.Nifti2Header if second else nib.Nifti1Header
    size = 540 if second else 348
    counts: Counter[tuple[str, str]] = Counter()
    try:
        header = kind(body[:size], check=False)
        begin = int(header.get_data_offset())
        count = int(np.prod([int(n) for n in header.get_data_shape()], dtype=object))
        voxels = body[begin : begin + (count * int(header["bitpix"]) + 7) // 8]
        fields = header.structarr
        for name in fields.dtype.names:
            if fields.dtype[name].kind == "S" and name not in _TECHNICAL and bytes(fields[name]).strip(b"\0"):
                fields[name] = b""
                counts[f"NIfTI {name}", "emptied"] += 1
            elif name in _UNUSED:
                fields[name] = 0
        header["vox_offset"] = size + 4
        block = header.binaryblock
    except HEADER_ERRORS as error:
        raise BadFile("its NIfTI header is broken", where=where, do="Export it again.") from error
    if any(body[size:begin]):
        counts["NIfTI extensions", "removed"] += 1
    if begin + len(voxels) < len(body):
        counts["bytes behind the voxels", "removed"] += 1
    whole = block + bytes(4) + voxels
    return Anew(igzip.compress(whole, 1, mtime=0) if packed else whole, counts)


def picture_anew(
    data: bytes, kind: str, limits: Limits, *, where: str
) -> tuple[NDArray[Any], Counter[tuple[str, str]]]:
    """The samples of a PNG or JPEG, turned as its metadata said, and how many pieces of metadata were left out."""
    pixels, _ = decode_picture(data, kind, limits, where=where)
    counts: Counter[tuple[str, str]] = Counter()
    with Pillow.open(io.BytesIO(data)) as opened:  # decoded before, so it opens
        for name in opened.info:
            counts[f"{kind.upper()} {name if name in _CHUNKS else 'text'}", "removed"] += 1
    return pixels, counts


_CHUNKS = frozenset({"exif", "icc_profile", "comment", "dpi", "gamma", "jfif", "jfif_version", "jfif_unit", "adobe",
                     "jfif_density", "adobe_transform", "transparency", "xmp", "photoshop", "background"})  # fmt: skip
"""Kinds of metadata that Pillow names; any other name came with the file."""


def png_of(pixels: NDArray[Any]) -> bytes:
    """A PNG of (H, W) of 8 or 16 bits or (H, W, 3) of 8 bits, with nothing beside the samples."""
    out = io.BytesIO()
    Pillow.fromarray(pixels).save(out, "PNG", compress_level=1)
    return out.getvalue()
