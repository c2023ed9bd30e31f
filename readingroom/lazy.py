"""Modules that a command loads only when it uses them, so that `readingroom --help` answers at once."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["demonstration", "masks", "room", "show"]


class Later:
    """Stands for a module until the first look at one of its names.

    importlib's own LazyLoader puts half-made modules where `inspect` walks into them.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)


if TYPE_CHECKING:
    from readingroom import demonstration, masks, room, show
else:
    room = Later("readingroom.room")
    show = Later("readingroom.show")
    masks = Later("readingroom.masks")
    demonstration = Later("readingroom.demonstration")
