"""What a value in an answer must be: each function returns it typed, or raises BadReply with path, expected and actual.

An error names the kind and size of what came, never its content.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadReply


def bad(path: str, expected: str, actual: str) -> BadReply:
    """The error that says so, to be raised."""
    return BadReply(f"expected {expected}, but {actual} came", where=path)


def kind_of(value: object) -> str:
    """What a JSON value is, in words, without what is in it."""
    sized = {str: "a text of {} characters", list: "a list of {}", dict: "an object of {} keys"}
    if isinstance(value, str | list | dict):
        return sized[type(value)].format(len(value))
    plain = {type(None): "null", bool: "a truth value", int: "a number", float: "a number"}
    return plain.get(type(value), "something that is not JSON")


def a_list(value: object, path: str, *, length: int | None = None, most: int | None = None) -> list[Any]:
    """A JSON list, of exactly `length` or at most `most` entries where they are given."""
    size = f" of {length}" if length is not None else f" of at most {most}" if most is not None else ""
    if not isinstance(value, list):
        raise bad(path, f"a list{size}", kind_of(value))
    if (length is not None and len(value) != length) or (most is not None and len(value) > most):
        raise bad(path, f"a list{size}", kind_of(value))
    return value


def an_object(value: object, path: str) -> dict[str, Any]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise bad(path, "an object", kind_of(value))
    return value


def at(found: Mapping[str, Any], key: str, path: str) -> Any:
    """What an object has under `key`."""
    if key not in found:
        raise bad(f"{path}.{key}", "this key", f"an object of {len(found)} keys without it")
    return found[key]


def a_text(value: object, path: str, *, most: int) -> str:
    """A text of at most `most` characters that can be written as UTF-8 (no half of a surrogate pair)."""
    if not isinstance(value, str):
        raise bad(path, "a text", kind_of(value))
    if len(value) > most:
        raise bad(path, f"a text of at most {most} characters", kind_of(value))
    if not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value):
        raise bad(path, "a text", "half of a surrogate pair")
    return value


def a_number(value: object, path: str, *, least: float, most: float) -> float:
    """A finite number within bounds; a text that looks like one is refused, and so is true."""
    if type(value) is not float and type(value) is not int:
        raise bad(path, "a number", kind_of(value))
    if not least <= value <= most:
        raise bad(path, f"a number from {least:g} to {most:g}", "one outside")
    return float(value)


def numbers(value: object, path: str, *, length: int) -> NDArray[np.float64]:
    """A flat list of `length` finite numbers."""
    found = a_list(value, path, length=length)
    if not set(map(type, found)) <= {int, float}:
        odd = next(place for place, entry in enumerate(found) if type(entry) not in (int, float))
        raise bad(f"{path}[{odd}]", "a number", kind_of(found[odd]))
    try:
        array = np.array(found, np.float64)
    except OverflowError as error:
        raise bad(path, "finite numbers", "one beyond all range") from error
    if not np.isfinite(array).all():
        raise bad(path, "finite numbers", "one beyond all range")
    return array
