"""The room's index of embedded studies: a folder that is open while anything of this room reads it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from readingroom.errors import BadRequest
from readingroom.index.embedded import EmbeddedIndex
from readingroom.index.entry import Filter, Space
from readingroom.index.protocol import Collection, VectorIndex, collection
from readingroom.settings import Settings

LEDGER = "index.sqlite"


class Archive:
    """One process holds the index while it is open; calls of this room that read at the same time share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._counting = threading.Lock()
        self._readers = 0
        self._held: EmbeddedIndex | None = None

    @property
    def begun(self) -> bool:
        """Whether the folder holds an index; nothing is made there."""
        path = self.folder / LEDGER
        if not path.is_file():
            return False
        try:
            base = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
            try:
                return base.execute("select 1 from about where name = 'space'").fetchone() is not None
            finally:
                base.close()
        except sqlite3.Error:
            return False  # opening it says what is wrong

    @contextmanager
    def opened(self) -> Iterator[VectorIndex]:
        """Raises BadRequest where there is no index, or another process has it open."""
        if not self.begun:
            raise BadRequest("there is no index yet", where=str(self.folder), do="Make one: readingroom index add.")
        with self._counting:
            self._held = self._held or EmbeddedIndex(self.folder)
            index, self._readers = self._held, self._readers + 1
        try:
            yield index
        finally:
            with self._counting:
                self._readers -= 1
                if not self._readers:
                    self._held = None
                    index.close()

    def open(self) -> VectorIndex | None:
        """For adding: None where it is not begun. The caller closes it."""
        return EmbeddedIndex(self.folder) if self.begun else None

    def begin(self, space: Space) -> VectorIndex:
        """A new index of this space. The caller closes it."""
        return EmbeddedIndex(self.folder, space)


def archive_of(settings: Settings, folder: Path | None = None) -> Archive:
    """The one that is named, else that of the settings, else the home folder's."""
    return Archive(folder or settings.index or settings.home / "index")


def rows_of(archive: Archive, where: Filter) -> Collection:
    """Pictures and volumes of an index, not single slices. Raises BadRequest where there are none."""
    excludes = {**where.excludes, "level": (*where.excludes.get("level", ()), "slice")}
    with archive.opened() as opened:
        found = collection(opened, where.model_copy(update={"excludes": excludes}))
    if not found.entries:
        raise BadRequest("no row of the index is left", where=str(archive.folder), do="Loosen the filter.")
    return found
