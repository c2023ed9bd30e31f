"""NRRD files in: header by pynrrd, voxels straight from the bytes; a header that points to another file is refused."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import Any, Literal

import nrrd as pynrrd
import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadFile
from readingroom.imaging.grid import Grid, image_of
from readingroom.imaging.image import Image
from readingroom.imaging.limits import Limits
from readingroom.imaging.nifti import gunzip

HEADER_ERRORS = (
    pynrrd.NRRDError, ValueError, KeyError, IndexError, TypeError, AssertionError, OverflowError, StopIteration,
    AttributeError, MemoryError,
)  # fmt: skip
"""What pynrrd raises on bytes that are no NRRD header."""

_TYPES = {
    "signed char": "i1", "int8": "i1", "int8_t": "i1", "uchar": "u1", "unsigned char": "u1", "uint8": "u1",
    "uint8_t": "u1", "short": "i2", "short int": "i2", "signed short": "i2", "signed short int": "i2", "int16": "i2",
    "int16_t": "i2", "ushort": "u2", "unsigned short": "u2", "unsigned short int": "u2", "uint16": "u2",
    "uint16_t": "u2", "int": "i4", "signed int": "i4", "int32": "i4", "int32_t": "i4", "uint": "u4",
    "unsigned int": "u4", "uint32": "u4", "uint32_t": "u4", "longlong": "i8", "long long": "i8", "int64": "i8",
    "int64_t": "i8", "float": "f4", "double": "f8",
}  # fmt: skip

_TO_LPS = {
    "left-posterior-superior": (1.0, 1.0, 1.0), "lps": (1.0, 1.0, 1.0),
    "right-anterior-superior": (-1.0, -1.0, 1.0), "ras": (-1.0, -1.0, 1.0),
    "left-anterior-superior": (1.0, -1.0, 1.0), "las": (1.0, -1.0, 1.0),
}  # fmt: skip

_MAX_HEADER = 1 << 20


def read_nrrd(data: bytes, limits: Limits, *, where: str) -> Image:
    """The (first) volume of an attached NRRD file with raw or gzip encoding."""
    stream = BytesIO(data)
    end = data.find(b"\n\n"), data.find(b"\r\n\r\n")
    if min((at for at in end if at >= 0), default=_MAX_HEADER) >= _MAX_HEADER:
        raise BadFile("its NRRD header has no end", where=where, do="Copy or export it again.")
    try:
        header: dict[str, Any] = dict(pynrrd.read_header(stream))
        sizes = tuple(int(n) for n in header["sizes"])
        kind = np.dtype(_TYPES[str(header["type"]).lower()])
    except HEADER_ERRORS as error:
        raise BadFile("its NRRD header is broken", where=where, do="Export it again.") from error
    if "data file" in header or "datafile" in header:
        raise BadFile("its voxels lie in another file, which is not followed", where=where,
                      do="Save it as one .nrrd file.")  # fmt: skip
    body = _body(data[stream.tell() :], header, limits, where=where)
    order: Literal["<", ">"] = ">" if str(header.get("endian", "little")).lower() == "big" else "<"
    voxels = _shaped(body, sizes, kind.newbyteorder(order), limits=limits, where=where)
    return image_of(_grid(voxels, header, hashlib.sha256(data).hexdigest(), where=where))


def _body(data: bytes, header: dict[str, Any], limits: Limits, *, where: str) -> bytes:
    encoding = str(header.get("encoding", "")).lower()
    skips = (header.get("line skip", header.get("lineskip", 0)), header.get("byte skip", header.get("byteskip", 0)))
    if any(skip not in (0, None) for skip in skips):
        raise BadFile("its NRRD header skips bytes, which is not served", where=where, do="Save it again without.")
    if encoding in ("gzip", "gz"):
        return gunzip(data, limits, where=where)
    if encoding != "raw":
        raise BadFile("its NRRD encoding is not served", where=where, do="Save it with raw or gzip encoding.")
    return data


def _shaped(body: bytes, sizes: tuple[int, ...], kind: np.dtype[Any], *, limits: Limits, where: str) -> NDArray[Any]:
    if not 2 <= len(sizes) <= 4 or min(sizes) < 1:
        raise BadFile("its size is not that of an image or volume", where=where, do="Export it again.")
    count = 1
    for size in sizes:
        count *= size
    if count * max(kind.itemsize, 4) > limits.decoded_bytes:
        raise BadFile("its volume is too large to be read here", where=where, do="Give a smaller one.")
    if len(body) < count * kind.itemsize:
        raise BadFile("its voxels end early", where=where, do="Copy or export it again.")
    return np.frombuffer(body, kind, count).reshape(sizes[::-1]).astype(kind.newbyteorder("="), copy=False)


def _grid(voxels: NDArray[Any], header: dict[str, Any], digest: str, *, where: str) -> Grid:
    """`voxels` have the file's axes in reverse. A fourth axis of values is cut to its first."""
    notes: tuple[str, ...] = ()
    directions = _directions(header)
    keep = [n for n in range(voxels.ndim) if directions is None or np.isfinite(directions[n]).all()]
    if voxels.ndim == 4:
        drop = next((n for n in range(4) if n not in keep), 3 if voxels.shape[0] <= voxels.shape[-1] else 0)
        notes = (f"Of {voxels.shape[3 - drop]} volumes in the file the first was read.",)
        voxels = np.take(voxels, 0, axis=3 - drop)
        keep = [n for n in range(4) if n != drop]
    affine = _affine(header, directions[keep] if directions is not None else None) if voxels.ndim == 3 else None
    steps = _steps(header, directions, keep)
    if voxels.ndim == 2:
        voxels, steps = voxels[None], (steps[0], steps[1], 1.0) if steps and len(steps) == 2 else None
    three = (steps[0], steps[1], steps[2]) if steps and len(steps) == 3 else None
    source = "NRRD space directions" if affine is not None else "NRRD spacings"
    return Grid(voxels, affine, three, source, digest, where, "NRRD", notes)


def _directions(header: dict[str, Any]) -> NDArray[np.float64] | None:
    """One row of three numbers an axis, NaN for axes that are not in space; None where there is no such table."""
    rows = header.get("space directions")
    if rows is None:
        return None
    try:
        full = np.asarray([[np.nan] * 3 if row is None else row for row in rows], np.float64)
    except (ValueError, TypeError):
        return None
    return full if full.ndim == 2 and full.shape == (len(header["sizes"]), 3) else None


def _affine(header: dict[str, Any], directions: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    signs = _TO_LPS.get(str(header.get("space", "")).lower())
    origin = np.asarray(header.get("space origin", (0.0, 0.0, 0.0)), np.float64)
    if signs is None or directions is None or directions.shape != (3, 3) or origin.shape != (3,):
        return None
    affine = np.eye(4)
    affine[:3, :3] = directions.T
    affine[:3, 3] = origin
    return np.asarray(np.diag([*signs, 1.0]) @ affine)


def _steps(header: dict[str, Any], directions: NDArray[np.float64] | None, keep: list[int]) -> tuple[float, ...] | None:
    spacings = header.get("spacings")
    if directions is not None:
        lengths = [float(np.linalg.norm(directions[n])) for n in keep]
    elif spacings is not None and len(spacings) > max(keep):
        lengths = [abs(float(spacings[n])) for n in keep]
    else:
        return None
    return tuple(lengths) if all(1e-4 <= one <= 1000 for one in lengths) else None
