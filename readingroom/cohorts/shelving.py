"""Vectors of a cohort into an index, in batches: what the journal holds and the index does not is added."""

from __future__ import annotations

from readingroom.archive import Archive
from readingroom.cohorts.item import Outcome, Vector
from readingroom.cohorts.journal import Journal
from readingroom.cohorts.tables import numbers_of
from readingroom.errors import BadStudy
from readingroom.index.entry import Entry, Space
from readingroom.workflows.collecting import FLUSH_ROWS, Shelf


class Shelving:
    """An index that is open for as long as a session lasts."""

    def __init__(self, archive: Archive) -> None:
        """Raises BadRequest where another process has the index open."""
        self._shelf = Shelf(archive.open(), archive.begin)
        self._waiting: dict[str, Vector] = {}
        self.left_out = 0
        """Vectors that the index cannot hold beside the others."""

    def fill(self, journal: Journal) -> None:
        """What earlier sessions ended and a kill kept from the index."""
        for _, found in journal.results():
            if found is not None:
                self.add(found)
        self.flush()

    def add(self, outcome: Outcome) -> None:
        """Raises OtherModel where the index is of another model, RecordError where it cannot be written."""
        for vector in outcome.vectors:
            if self._shelf.metadata(vector.id) != vector.metadata:
                self._waiting[vector.id] = vector
        if len(self._waiting) >= FLUSH_ROWS:
            self.flush()

    def flush(self) -> None:
        rows = [(vector, numbers_of(vector.numbers)) for vector in self._waiting.values()]
        self._waiting = {}
        fit = [(Entry(id=vector.id, metadata=vector.metadata), numbers) for vector, numbers in rows
               if self._fits(vector, len(numbers))]  # fmt: skip
        if fit:
            self._shelf.add(fit)

    def _fits(self, vector: Vector, dimensions: int) -> bool:
        """Not where this image alone was prepared otherwise than the rest: colour among grey ones."""
        space = Space(model=vector.model, version=vector.version, preprocessing_id=vector.preprocessing_id,
                      dimensions=dimensions)  # fmt: skip
        try:
            self._shelf.of(space)
        except BadStudy:
            self.left_out += 1
            return False
        return True

    def close(self) -> None:
        if self._shelf.index:
            self._shelf.index.close()
