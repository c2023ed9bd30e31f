"""Modules that a command loads only when it uses them, so that `readingroom --help` answers at once."""

from __future__ import annotations

import sys
from importlib.util import LazyLoader, find_spec, module_from_spec
from types import ModuleType
from typing import TYPE_CHECKING

__all__ = ["demonstration", "masks", "room", "show"]


def _later(name: str) -> ModuleType:
    """The module, executed at the first look at one of its attributes."""
    if name in sys.modules:
        return sys.modules[name]
    spec = find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(name)
    spec.loader = LazyLoader(spec.loader)
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


if TYPE_CHECKING:
    from readingroom import demonstration, masks, room, show
else:
    room = _later("readingroom.room")
    show = _later("readingroom.show")
    masks = _later("readingroom.masks")
    demonstration = _later("readingroom.demonstration")
