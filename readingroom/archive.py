"""The room's index of embedded studies: a folder of this machine, or a server that the settings name."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from readingroom.errors import BadRequest
from readingroom.index.embedded import EmbeddedIndex
from readingroom.index.entry import Filter, Space
from readingroom.index.protocol import Collection, NotBegun, VectorIndex, collection, is_server
from readingroom.later import Later
from readingroom.settings import Settings

if TYPE_CHECKING:
    from readingroom.index import opening
else:  # for a server's index loads an HTTP client
    opening = Later("readingroom.index.opening")

LEDGER = "index.sqlite"
ADDRESS_AS_FOLDER = re.compile(r"(qdrant\+https?|postgres(ql)?):/")
"""An address that was taken for a folder has one slash left."""


class Archive:
    """One process holds a folder while it is open; calls of this room that read at the same time share it. A server is
    opened by each call for itself."""

    def __init__(self, address: Path | str, key: SecretStr | None = None, beside: Path | None = None) -> None:
        """`beside`: where small pictures are kept of what stands in a server; a folder keeps them within."""
        served = is_server(address)
        if not served and ADDRESS_AS_FOLDER.match(str(address)):
            raise BadRequest("this is a server, not a folder", where="the index",
                             do="Name servers in the settings: READINGROOM_INDEX.")  # fmt: skip
        self.address, self._key, self.served = address, key, served
        self.folder = beside or Path("index") if served else Path(address)
        """Where files beside the rows are kept."""
        self._counting = threading.Lock()
        self._readers = 0
        self._held: EmbeddedIndex | None = None

    @property
    def where(self) -> str:
        """For people."""
        return str(self.address)

    @property
    def begun(self) -> bool:
        """Whether there is something to search. A server is not asked: opening it says what is wrong."""
        if self.served:
            return True
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
            return False

    @contextmanager
    def opened(self) -> Iterator[VectorIndex]:
        """Raises BadRequest where there is no index, or another process has its folder open; what the server's index
        raises where it cannot be used."""
        if self.served:
            server = opening.open_index(self.address, key=self._key)
            try:
                yield server
            finally:
                server.close()
            return
        if not self.begun and not (self.folder / LEDGER).is_file():  # else opening it says what is wrong
            raise NotBegun(str(self.folder))
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
        if not self.begun:
            return None
        try:
            return opening.open_index(self.address, key=self._key)
        except NotBegun:
            return None

    def begin(self, space: Space) -> VectorIndex:
        """A new index of this space. The caller closes it."""
        return opening.open_index(self.address, space, self._key)


def archive_of(settings: Settings, folder: Path | None = None) -> Archive:
    """The folder that is named, else what the settings name, else the home folder's."""
    if folder is not None:
        return Archive(folder)
    if settings.index is not None and is_server(settings.index):
        return Archive(settings.index, settings.index_key, settings.home / "index")
    return Archive(Path(settings.index or settings.home / "index"))


def rows_of(archive: Archive, where: Filter) -> Collection:
    """Pictures and volumes of an index, not single slices. Raises BadRequest where there are none."""
    excludes = {**where.excludes, "level": (*where.excludes.get("level", ()), "slice")}
    with archive.opened() as opened:
        found = collection(opened, where.model_copy(update={"excludes": excludes}))
    if not found.entries:
        raise BadRequest("no row of the index is left", where=archive.where, do="Loosen the filter.")
    return found
