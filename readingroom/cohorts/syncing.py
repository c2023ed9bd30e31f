"""Group commit: what many items wrote becomes safe from a loss of power by one sync, not by one for each.

SIGKILL loses nothing that was written, synced or not. Only a loss of power does: then what ended after the last sync
is done again (journal.py keeps how far that reached, and on which boot of the machine).
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from readingroom.errors import RecordError

BOOT = Path("/proc/sys/kernel/random/boot_id")
"""Linux: another after each start of the machine."""


def boot_id() -> str:
    """Empty where the system does not tell."""
    try:
        return BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def sync_disk(folder: Path) -> None:
    """All that was written to the file system of `folder` is on its disk when this returns. Raises RecordError."""
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "syncfs"):  # Linux alone has it
        os.sync()
        return
    file = os.open(folder, os.O_RDONLY)
    try:
        if library.syncfs(file):
            what = f"the disk cannot be synced ({os.strerror(ctypes.get_errno())})"
            raise RecordError(what, where=str(folder), do="Free some space and run the same line again.")
    finally:
        os.close(file)
