"""Where two pieces of JSON data differ first, in the order of the first of them."""

from __future__ import annotations

import itertools
import json
from typing import Any

from readingroom.domain.value import Value

SHOWN = 80
"""Characters of a value that a line shows."""


class Differing(Value):
    """One place with the two values it has."""

    pointer: str
    """RFC 6901: "/evidence/0/presence"."""
    first: Any
    second: Any

    def line(self, first: str, second: str) -> str:
        """One line; `first` and `second` name where each value is."""
        return f"{self.pointer or 'all of it'} is {_short(self.first)} {first}, {_short(self.second)} {second}"


class _Nothing:
    """Where the other has something."""


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def first_difference(first: Any, second: Any, pointer: str = "") -> Differing | None:
    """None where they are the same. A value that one of them lacks is null there."""
    if isinstance(first, dict) and isinstance(second, dict):
        keys = [*first, *(key for key in second if key not in first)]
        pairs = [(key, first.get(key, _Nothing), second.get(key, _Nothing)) for key in keys]
    elif isinstance(first, list) and isinstance(second, list):
        both = itertools.zip_longest(first, second, fillvalue=_Nothing)
        pairs = [(index, one, other) for index, (one, other) in enumerate(both)]
    else:
        same = first == second and isinstance(first, bool) == isinstance(second, bool)
        return None if same else Differing(pointer=pointer, first=_told(first), second=_told(second))
    for key, one, other in pairs:
        step = str(key).replace("~", "~0").replace("/", "~1")
        if found := first_difference(one, other, f"{pointer}/{step}"):
            return found
    return None


def _told(value: Any) -> Any:
    return None if value is _Nothing else value
