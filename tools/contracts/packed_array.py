"""The endpoints' arrays: {"data": base64 of C-order bytes, "shape", "dtype"}, an object or JSON within a string."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readingroom.tools.contracts.base64_text import from_base64, to_base64
from readingroom.tools.contracts.expect import a_list, a_text, an_object, at, bad, kind_of
from readingroom.tools.contracts.strict_json import parse_nested

DTYPES: dict[str, np.dtype[Any]] = {
    "uint8": np.dtype("u1"), "float32": np.dtype("<f4"), "float16": np.dtype("<f2"), "bool": np.dtype("u1"),
}  # fmt: skip
"""What an answer may name; nothing from outside reaches numpy's own reading of names. bool is read as bytes 0 or 1."""
MOST_BYTES = 1 << 31
"""Of one array; the contract's shape is fixed by what was sent, so this only bounds what was sent."""
ROUNDING = 1e-3
"""How far a probability of half precision may lie outside 0..1."""


def unpack(value: Any, path: str, *, shape: tuple[int, ...]) -> tuple[NDArray[Any], str, str]:
    """The array, its dtype's name, and "string" or "object"; its shape must be `shape`. Raises BadReply."""
    form = "string" if isinstance(value, str) else "object"
    found = an_object(parse_nested(value, path) if isinstance(value, str) else value, path)
    told = a_list(at(found, "shape", path), f"{path}.shape", most=8)
    if any(type(size) is not int for size in told) or tuple(told) != shape:
        sizes = "x".join(str(size) for size in told if type(size) is int and abs(size) < 10**9) or "no sizes"
        raise bad(f"{path}.shape", "x".join(map(str, shape)), sizes)
    name = a_text(at(found, "dtype", path), f"{path}.dtype", most=100)
    if name not in DTYPES:
        raise bad(f"{path}.dtype", f"one of {', '.join(DTYPES)}", "another")
    size = int(np.prod(shape, dtype=object)) * DTYPES[name].itemsize
    data = at(found, "data", path)
    if not isinstance(data, str):
        raise bad(f"{path}.data", "base64", kind_of(data))
    if size > MOST_BYTES or len(data) > size * 3 // 2 + 8:
        raise bad(f"{path}.data", f"base64 of {size} bytes", kind_of(data))
    try:
        content = from_base64(data)
    except ValueError as error:
        raise bad(f"{path}.data", "base64", "something else") from error
    if len(content) != size:
        raise bad(f"{path}.data", f"{size} bytes", f"{len(content)} bytes")
    return np.frombuffer(content, DTYPES[name]).reshape(shape), name, form


def as_bytes(array: NDArray[Any], name: str, path: str) -> NDArray[np.uint8]:
    """Probabilities as 0..255: uint8 as they are, floats from 0..1, bool as 0 or 255. Raises BadReply."""
    if name == "uint8":
        return array
    if name == "bool":
        if array.size and array.max() > 1:
            raise bad(path, "truth values", "bytes above 1")
        return np.asarray(array * np.uint8(255), np.uint8)
    if array.size and not (array.min() >= -ROUNDING and array.max() <= 1 + ROUNDING):
        raise bad(path, "probabilities from 0 to 1", "values outside or none")
    return np.rint(np.clip(array.astype(np.float32, copy=False), 0, 1) * 255).astype(np.uint8)


def pack(array: NDArray[np.uint8]) -> str:
    """JSON in a string, as recorded."""
    told = {"data": to_base64(np.ascontiguousarray(array).tobytes()), "shape": list(array.shape), "dtype": "uint8"}
    return json.dumps(told)
