"""Modules that a command loads only when it uses them, so that `readingroom --help` answers at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from readingroom.later import Later

__all__ = ["demonstration", "masks", "model_server", "room", "show", "suite"]

if TYPE_CHECKING:
    from readingroom import demonstration, masks, model_server, room, show
    from readingroom.conformance import suite
else:
    room = Later("readingroom.room")
    show = Later("readingroom.show")
    masks = Later("readingroom.masks")
    demonstration = Later("readingroom.demonstration")
    suite = Later("readingroom.conformance.suite")
    model_server = Later("readingroom.model_server")
