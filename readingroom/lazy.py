"""Modules that a command loads only when it uses them, so that `readingroom --help` answers at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from readingroom.later import Later

__all__ = [
    "borrowing",
    "categories",
    "demonstration",
    "masks",
    "mcp_serving",
    "model_server",
    "mrrt",
    "readers",
    "room",
    "show",
    "suite",
]

if TYPE_CHECKING:
    from readingroom import demonstration, masks, model_server, room, show
    from readingroom.agents import mrrt
    from readingroom.conformance import suite
    from readingroom.mcp_server import serving as mcp_serving
    from readingroom.rads import telling as categories
    from readingroom.readers import reading_in as readers
    from readingroom.tools.borrowed import pinning as borrowing
else:
    room = Later("readingroom.room")
    show = Later("readingroom.show")
    masks = Later("readingroom.masks")
    demonstration = Later("readingroom.demonstration")
    suite = Later("readingroom.conformance.suite")
    model_server = Later("readingroom.model_server")
    mcp_serving = Later("readingroom.mcp_server.serving")
    categories = Later("readingroom.rads.telling")
    mrrt = Later("readingroom.agents.mrrt")
    readers = Later("readingroom.readers.reading_in")
    borrowing = Later("readingroom.tools.borrowed.pinning")
