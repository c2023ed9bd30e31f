"""Our own code by digest, so that what was made or counted by other code is never taken for what this code would do."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from readingroom.domain.value import digest_of


@cache
def digest_of_sources(*names: str) -> str:
    """SHA-256 over packages ("agents": every Python file of it) and single files ("experiments/slips.py")."""
    room = files("readingroom")
    return digest_of([line for name in names for line in _lines(room.joinpath(name), name)])


def _lines(entry: Traversable, name: str) -> list[str]:
    if entry.is_file():
        return [f"{name} {hashlib.sha256(entry.read_bytes()).hexdigest()}"]
    inside = sorted((one for one in entry.iterdir() if one.name.endswith(".py")), key=lambda one: one.name)
    return [line for one in inside for line in _lines(one, f"{name}/{one.name}")]
