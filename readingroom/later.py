"""A module that is loaded at the first look at one of its names, so that what is not used costs nothing."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Later:
    """Stands for a module until then.

    importlib's own LazyLoader puts half-made modules where `inspect` walks into them.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)
