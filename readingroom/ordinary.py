"""Files that a user names: ordinary ones alone, for a pipe or a device may never end."""

from __future__ import annotations

import stat
from pathlib import Path

from readingroom.errors import BadFile


def ordinary(path: Path, where: str = "") -> Path:
    """The path again, or the error in one line; what is not there, its reader tells. Raises BadFile."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return path
    if stat.S_ISDIR(mode):
        raise BadFile("this is a folder", where=where or path.name, do="Name a file.")
    if not stat.S_ISREG(mode):
        raise BadFile("this is not an ordinary file", where=where or path.name, do="Save it as one and name that.")
    return path
