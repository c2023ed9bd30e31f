"""Reading Room: grounded, structured report drafts of medical images. For research; not a medical device.

from readingroom import ReadingRoom

room = ReadingRoom()  # settings from the environment or readingroom.toml; offline by default
reading = room.draft_sync("study/", indication="Cough.")  # `await room.draft(...)` inside async code
reading.report.findings[0].text
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from readingroom.errors import ReadingRoomError
    from readingroom.reading import Reading
    from readingroom.room import ReadingRoom

__version__ = "0.1.0"

__all__ = ["Reading", "ReadingRoom", "ReadingRoomError"]

_HOMES = {
    "Reading": "readingroom.reading",
    "ReadingRoom": "readingroom.room",
    "ReadingRoomError": "readingroom.errors",
}


def __getattr__(name: str) -> Any:
    """Public names are loaded when first used, so that the command line starts at once."""
    if name not in _HOMES:
        raise AttributeError(f"module 'readingroom' has no attribute {name!r}")
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None:  # in a notebook studies, evidence and answers show themselves
        import_module("readingroom.notebook").load_ipython_extension(shell)
    return getattr(import_module(_HOMES[name]), name)
