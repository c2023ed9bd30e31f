"""Arrays of answers read as they say they are, so that a wrong shape can be told as what it is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from readingroom.tools.contracts.base64_text import from_base64
from readingroom.tools.contracts.expect import a_list, a_text, an_object, at, bad, kind_of
from readingroom.tools.contracts.packed_array import DTYPES
from readingroom.tools.contracts.strict_json import parse_nested

MOST = 1e6
"""Numbers beyond it are cut to it: none belongs into an answer, and sums of them stay numbers."""


def rows_of(value: Any) -> list[Any]:
    """An answer's rows, of which there must be one. BadReply for anything else."""
    found = a_list(value, "answer")
    if not found:
        raise bad("answer", "a row", "a list of 0")
    return found


def row_of(value: Any, place: int) -> dict[str, Any]:
    """One row as an object. BadReply where it is none or missing."""
    found = rows_of(value)
    if place >= len(found):
        raise bad(f"answer[{place}]", "a row", f"a list of {len(found)}")
    return an_object(found[place], f"answer[{place}]")


def numbers_of(value: Any, path: str) -> NDArray[np.float32]:
    """A nested list of numbers, each level of one length. BadReply for anything else, and for an empty one."""
    try:
        array = np.array(value, np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise bad(path, "numbers, each level of one length", kind_of(value)) from error
    if not array.size:
        raise bad(path, "numbers", "none")
    return np.clip(np.nan_to_num(array), -MOST, MOST).astype(np.float32)


def packed(value: Any, path: str) -> tuple[NDArray[Any], str]:
    """{"data", "shape", "dtype"}, or JSON of it in a string, of whatever shape, and its dtype's name.

    BadReply where the data do not fill the shape.
    """
    found = an_object(parse_nested(value, path) if isinstance(value, str) else value, path)
    shape = a_list(at(found, "shape", path), f"{path}.shape", most=8)
    if not all(type(size) is int and 0 <= size < 1 << 20 for size in shape):
        raise bad(f"{path}.shape", "sizes", "something else")
    name = a_text(at(found, "dtype", path), f"{path}.dtype", most=100)
    if name not in DTYPES:
        raise bad(f"{path}.dtype", f"one of {', '.join(DTYPES)}", "another")
    try:
        content = from_base64(a_text(at(found, "data", path), f"{path}.data", most=1 << 31))
    except ValueError as error:
        raise bad(f"{path}.data", "base64", "something else") from error
    size = int(np.prod(shape, dtype=object)) * DTYPES[name].itemsize
    if len(content) != size:
        raise bad(f"{path}.data", f"{size} bytes", f"{len(content)} bytes")
    return np.frombuffer(content, DTYPES[name]).reshape(shape), name
