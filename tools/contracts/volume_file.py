"""Label maps as .nii.gz, out of an untrusted answer and into one; how large it may grow is known beforehand."""

from __future__ import annotations

import zlib
from typing import Any

import nibabel as nib
import numpy as np
from isal import igzip
from numpy.typing import NDArray

from readingroom.errors import BadFile, BadReply
from readingroom.imaging.limits import Limits
from readingroom.imaging.nifti import HEADER_ERRORS, gunzip
from readingroom.tools.contracts.expect import bad

HEADER = 348
_SLACK = 1 << 20
"""Bytes of header and extensions beside the voxels."""
_WIDEST = 8
"""Bytes of the widest voxel."""
SAME_AFFINE = 1e-2
"""Millimetres (or directions) by which two affines may differ through single precision."""


def read_labels(data: bytes, path: str, *, shape: tuple[int, int, int], like: bytes) -> NDArray[np.int32]:
    """Whole numbers (D, H, W) of a .nii or .nii.gz of `shape`, in the axis order of the submitted volume `like`.

    Raises BadReply for another shape, for values that are no whole numbers from 0, and for a volume that says it lies
    otherwise in the patient than the submitted one; an identity affine, or none, says nothing and is accepted.
    """
    cap = shape[0] * shape[1] * shape[2] * _WIDEST + _SLACK
    try:
        body = gunzip(data, Limits(inflated_bytes=cap, inflated_floor=cap), where=path) if is_gzip(data) else data
    except BadFile as error:
        raise BadReply(f"its volume cannot be unpacked: {error.what}", where=path) from error
    header = _header(body, path)
    voxels = _voxels(header, body, path, shape)
    _same_place(header, like, path)
    whole = voxels.astype(np.int32) if np.abs(voxels).max() < 1 << 30 else None
    if whole is None or whole.min() < 0 or not np.array_equal(whole, voxels):
        raise bad(path, "labels that are whole numbers from 0", "other values")
    return whole


def write_labels(labels: NDArray[np.uint16]) -> bytes:
    """A .nii.gz of (D, H, W) labels, identity affine."""
    narrow = labels.astype(np.uint8) if labels.max(initial=0) < 256 else labels
    image = nib.Nifti1Image(narrow.transpose(2, 1, 0), np.eye(4))
    return bytes(igzip.compress(image.to_bytes(), 1))


def is_gzip(data: bytes) -> bool:
    """Whether it starts like a gzip stream."""
    return data[:2] == b"\x1f\x8b"


def _header(body: bytes, path: str) -> Any:
    if len(body) < HEADER or body[344:348] != b"n+1\0":
        raise bad(path, "a NIfTI-1 file", f"{len(body)} bytes of something else")
    try:
        return nib.Nifti1Header(body[:HEADER], check=False)
    except HEADER_ERRORS as error:
        raise bad(path, "a NIfTI-1 header", "a broken one") from error


def _voxels(header: Any, body: bytes, path: str, shape: tuple[int, int, int]) -> NDArray[Any]:
    try:
        told = tuple(int(size) for size in header.get_data_shape())
        kind, offset = header.get_data_dtype(), int(header.get_data_offset())
        slope, intercept = header.get_slope_inter()
    except HEADER_ERRORS as error:
        raise bad(path, "a NIfTI-1 header", "a broken one") from error
    if (*told, 1, 1)[:3] != shape[::-1] or any(size != 1 for size in told[3:]):
        raise bad(path, "x".join(map(str, shape[::-1])) + " voxels", "x".join(map(str, told)))
    count = shape[0] * shape[1] * shape[2]
    if kind.names or kind.kind not in "iuf" or kind.itemsize > _WIDEST:
        raise bad(path, "whole numbers or floats", "voxels of another kind")
    if slope not in (None, 1.0) or intercept not in (None, 0.0):
        raise bad(path, "labels without scaling", "scaled ones")
    if offset < HEADER or offset + count * kind.itemsize > len(body):
        raise bad(path, f"{count * kind.itemsize} bytes of voxels", f"{len(body)} bytes with them at {offset}")
    voxels = np.frombuffer(body, kind, count, offset).reshape(shape)
    if kind.kind == "f" and not np.isfinite(voxels).all():
        raise bad(path, "whole numbers", "voxels that are no numbers")
    return voxels


def _same_place(header: Any, like: bytes, path: str) -> None:
    try:
        told, sent = _affine(header), _affine(nib.Nifti1Header(_start(like), check=False))
    except (*HEADER_ERRORS, zlib.error) as error:
        raise bad(path, "a NIfTI-1 affine", "a broken one") from error
    if told is None or sent is None or np.array_equal(told, np.eye(4)):
        return
    if not np.allclose(told, sent, rtol=0, atol=SAME_AFFINE):
        raise bad(path, "a volume that lies as the one sent", "one of another affine")


def _affine(header: Any) -> NDArray[np.float64] | None:
    placed = int(header["sform_code"]) > 0 or int(header["qform_code"]) > 0
    return np.asarray(header.get_best_affine(), np.float64) if placed else None


def _start(data: bytes) -> bytes:
    if not is_gzip(data):
        return data[:HEADER]
    return zlib.decompressobj(31).decompress(data, HEADER)
