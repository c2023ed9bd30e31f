"""NIfTI files in: header by nibabel, voxels straight from the bytes, RAS turned to LPS."""

from __future__ import annotations

import hashlib
import struct
import zlib
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from readingroom.errors import BadFile
from readingroom.imaging.grid import Grid, image_of
from readingroom.imaging.image import Image
from readingroom.imaging.limits import Limits

HEADER_ERRORS = (
    HeaderDataError, ImageFileError, ValueError, KeyError, TypeError, OSError, EOFError, OverflowError, IndexError,
    AttributeError, struct.error, MemoryError, np.linalg.LinAlgError,
)  # fmt: skip
"""What nibabel raises on bytes that are no NIfTI header."""

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def read_nifti(data: bytes, limits: Limits, *, where: str) -> Image:
    """The (first) volume of a .nii or .nii.gz file."""
    return image_of(nifti_grid(data, limits, where=where))


def nifti_grid(data: bytes, limits: Limits, *, where: str) -> Grid:
    """The same volume with its voxels as the file holds them."""
    digest = hashlib.sha256(data).hexdigest()
    body = gunzip(data, limits, where=where) if data[:2] == b"\x1f\x8b" else data
    header, affine, steps = _header(body, where)
    voxels, notes = _voxels(body, header, limits, where=where)
    source = "NIfTI affine" if affine is not None else "NIfTI pixdim"
    return Grid(voxels, affine, steps, source, digest, where, "NIfTI", notes)


def gunzip(data: bytes, limits: Limits, *, where: str) -> bytes:
    """All members of a gzip stream, within the caps on size and ratio; BadFile beyond them or where it is broken."""
    cap = max(limits.inflated_floor, min(limits.inflated_bytes, len(data) * limits.inflated_ratio))
    parts: list[bytes] = []
    rest, size = data, 0
    try:
        while rest[:2] == b"\x1f\x8b":
            inflater = zlib.decompressobj(31)
            parts.append(inflater.decompress(rest, cap - size + 1))
            size += len(parts[-1])
            if size > cap:
                raise BadFile(f"it grows beyond {cap >> 20} MiB when unpacked, like a decompression bomb", where=where,
                              do="Give it unpacked, from a source you trust.")  # fmt: skip
            if not inflater.eof:
                raise BadFile("its gzip stream ends early", where=where, do="Copy or download it again.")
            rest = inflater.unused_data
    except zlib.error as error:
        raise BadFile("its gzip stream is broken", where=where, do="Copy or download it again.") from error
    return b"".join(parts) if len(parts) != 1 else parts[0]


def _header(body: bytes, where: str) -> tuple[Any, NDArray[np.float64] | None, tuple[float, float, float] | None]:
    if body[344:348] == b"ni1\0":
        raise BadFile("this is one half of a NIfTI pair (.hdr and .img)", where=where, do="Make it one .nii.")
    second = body[4:7] == b"n+2"
    kind: Any = nib.Nifti2Header if second else nib.Nifti1Header
    size = 540 if second else 348
    try:
        header = kind(body[:size], check=False)
        zooms = tuple(float(value) for value in header.get_zooms()[:3])
        placed = int(header["sform_code"]) > 0 or int(header["qform_code"]) > 0
        affine = RAS_TO_LPS @ np.asarray(header.get_best_affine(), np.float64) if placed else None
        unit = header.get_xyzt_units()[0]
    except HEADER_ERRORS as error:
        raise BadFile("its NIfTI header is broken", where=where, do="Export it again.") from error
    scale = {"meter": 1000.0, "micron": 0.001}.get(unit, 1.0)
    if affine is not None:
        affine[:3] *= scale
    good = len(zooms) == 3 and all(1e-4 <= value * scale <= 1000 for value in zooms)
    return header, affine, ((zooms[0] * scale, zooms[1] * scale, zooms[2] * scale) if good else None)


def _voxels(body: bytes, header: Any, limits: Limits, *, where: str) -> tuple[NDArray[np.generic], tuple[str, ...]]:
    try:
        shape = tuple(int(n) for n in header.get_data_shape())
        kind = header.get_data_dtype()
        offset = int(header.get_data_offset())
        slope, intercept = header.get_slope_inter()
    except HEADER_ERRORS as error:
        raise BadFile("its NIfTI header is broken", where=where, do="Export it again.") from error
    notes: tuple[str, ...] = ()
    if not 2 <= len(shape) <= 7 or min(shape) < 1:
        raise BadFile("its size is not that of an image", where=where, do="Export it again.")
    if kind.names or kind.kind not in "iuf":
        raise BadFile("its values are colours or complex numbers", where=where, do="Export it as one grey volume.")
    if any(n > 1 for n in shape[3:]):
        notes = (f"Of {int(np.prod(shape[3:], dtype=object))} volumes in the file the first was read.",)
    shape = (*shape[:3], 1)[:3] if len(shape) < 3 else shape[:3]
    count = shape[0] * shape[1] * shape[2]
    if count * max(kind.itemsize, 4) > limits.decoded_bytes or shape[2] > limits.frames:
        raise BadFile("its volume is too large to be read here", where=where, do="Give a smaller one.")
    if offset < 0 or offset + count * kind.itemsize > len(body):
        raise BadFile("its voxels end early", where=where, do="Copy or export it again.")
    raw = np.frombuffer(body, kind, count, offset).reshape(shape[::-1])
    raw = raw.astype(kind.newbyteorder("="), copy=False)
    if slope in (None, 1.0) and intercept in (None, 0.0):
        return raw, notes
    if not np.isfinite([slope, intercept or 0.0]).all():
        return raw, (*notes, "Its scaling is not a number and was not applied.")
    return raw.astype(np.float32) * np.float32(slope) + np.float32(intercept or 0.0), notes
