"""An index in a folder of this machine: safe to kill, exact while small, compressed and ranked again when large."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Sequence
from functools import cached_property
from operator import itemgetter
from pathlib import Path

import numpy as np

from readingroom.domain.value import canonical_json
from readingroom.errors import BadRequest, RecordError
from readingroom.index import scan
from readingroom.index.codes import Codes
from readingroom.index.entry import EVERYTHING, Entry, Filter, Hit, Space
from readingroom.index.ledger import Ledger
from readingroom.index.protocol import MOST_FOUND, Vectors, checked, direction
from readingroom.index.rows import Rows
from readingroom.index.scan import Found, Marks

EXACT_UP_TO = 50_000
"""Rows that are all looked at: 20 ms of one core at 1024 numbers."""
FEW = 5_000
"""Rows that a filter lets through which are all looked at, however many there are: some ms of one core."""
REMEMBERED = 4
"""Filters whose rows are kept until something changes."""


class EmbeddedIndex:
    """One process has it open at a time; its threads take turns.

    An add is: vectors on disk, then one SQLite transaction that names them. A kill between the two leaves bytes that
    nobody knows, which the next add overwrites.
    """

    def __init__(self, folder: Path, space: Space | None = None) -> None:
        """Opens the index of a folder, or begins one of `space`.

        Raises BadRequest where it is of another space, held by another process, or not there without a `space`;
        RecordError where it is damaged.
        """
        self._folder = folder
        self._lock = _locked(folder)
        try:
            self._ledger = Ledger(folder / "index.sqlite", space)
            self._rows = self._opened()
        except BaseException:
            os.close(self._lock)
            raise
        self._codes = Codes(folder, self._ledger)
        self._alive: Marks | None = None
        self._fitting: dict[str, Marks] = {}
        self._turn = threading.RLock()
        self._open = True

    def _opened(self) -> Rows:
        ledger = self._ledger
        name = _file(ledger.generation)
        for old in self._folder.glob("vectors-*.f32"):
            if old.name != name:  # of a compaction that was killed before or after it counted
                old.unlink()
        return Rows(self._folder / name, ledger.space.dimensions, ledger.rows)

    @property
    def space(self) -> Space:
        return self._ledger.space

    def __len__(self) -> int:
        return self._ledger.count

    def add(self, entries: Sequence[Entry], vectors: Vectors) -> None:
        found = checked(entries, vectors, self.space)
        if not entries:
            return
        with self._turn:
            self._rows.append(found)
            left = self._ledger.add(entries, self._rows.count)
            self._rows.confirm(len(entries))
            self._fitting.clear()
            if self._alive is not None:
                self._alive = np.concatenate([self._alive, np.ones(len(entries), bool)])
                self._alive[left] = False

    def delete(self, ids: Sequence[str]) -> int:
        with self._turn:
            left = self._ledger.delete(ids)
            self._fitting.clear()
            if self._alive is not None:
                self._alive[left] = False
            return len(left)

    def search(self, query: Vectors, k: int = 10, where: Filter = EVERYTHING) -> tuple[Hit, ...]:
        if not 0 < k <= MOST_FOUND:
            raise BadRequest(f"{k} rows were asked for", do=f"Ask for 1 to {MOST_FOUND}.")
        ahead = direction(query, self.space)
        with self._turn:
            places, cosines = self._nearest(ahead, k, self._allowed(where))
            far = {row: -cosine for row, cosine in zip(places.tolist(), cosines.tolist(), strict=True)}
            told = self._ledger.of_rows(list(far))
        hits = [(far[row], name, about) for row, name, about in told]
        hits.sort(key=itemgetter(0, 1))
        return tuple([Hit(name, max(-1.0, min(1.0, -far)), about) for far, name, about in hits])

    @cached_property
    def _compresses(self) -> bool:
        return scan.can_compress(self.space.dimensions)

    def _allowed(self, where: Filter) -> Marks | None:
        """A mark a row of the file; None where every row is alive and none is filtered out."""
        if where is EVERYTHING or where.empty:
            if self._ledger.count == self._rows.count:
                return None
            if self._alive is None:
                self._alive = self._marked(where)
            return self._alive
        key = canonical_json(where)
        if key not in self._fitting:
            if len(self._fitting) == REMEMBERED:
                self._fitting.clear()
            self._fitting[key] = self._marked(where)
        return self._fitting[key]

    def _marked(self, where: Filter) -> Marks:
        marks = np.zeros(self._rows.count, bool)
        marks[self._ledger.places(where)] = True
        return marks

    def _nearest(self, query: Vectors, k: int, allowed: Marks | None) -> Found:
        rows = self._rows.mapped
        few = len(rows) <= EXACT_UP_TO or (allowed is not None and np.count_nonzero(allowed) <= FEW)
        if few or not self._compresses:
            return scan.exact(rows, query, k, allowed)
        codes = self._codes.of(rows)
        found, cosines = codes.search(rows, query, k, allowed)
        if codes.count == len(rows):
            return found, cosines
        more, those = scan.exact(rows, query, k, allowed, first=codes.count)
        return scan.best(np.concatenate([found, more]), np.concatenate([cosines, those]), k)

    @property
    def recall(self) -> float:
        """Share of the ten nearest that a search finds, measured on some rows when their codes were made; 1 while
        searches are exact."""
        with self._turn:
            rows = self._rows.mapped
            if len(rows) <= EXACT_UP_TO or not self._compresses:
                return 1.0
            return self._codes.of(rows).made.recall

    def vectors(self, ids: Sequence[str]) -> Vectors:
        with self._turn:
            places = self._ledger.rows_of(ids)
            found: Vectors = np.array(self._rows.mapped[places], np.float32)
        return found

    def entries(self, where: Filter = EVERYTHING) -> tuple[Entry, ...]:
        with self._turn:
            return self._ledger.entries(where)

    def compact(self) -> None:
        """Give the room of replaced and deleted rows back. A kill at any moment leaves the old or the new file."""
        with self._turn:
            places = self._ledger.places(EVERYTHING)
            generation = self._ledger.generation + 1
            fresh = Rows(self._folder / _file(generation), self.space.dimensions, 0)
            for start in range(0, len(places), scan.BLOCK):
                part = np.array(self._rows.mapped[places[start : start + scan.BLOCK]])
                fresh.append(part)
                fresh.confirm(len(part))
            self._ledger.renumbered(places, generation)
            old, self._rows, self._alive = self._rows, fresh, None
            self._fitting.clear()
            old.close()
            (self._folder / _file(generation - 1)).unlink(missing_ok=True)
            self._codes = Codes(self._folder, self._ledger)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._rows.close()
            self._ledger.close()
            os.close(self._lock)


def _file(generation: int) -> str:
    return f"vectors-{generation}.f32"


def _locked(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        what = f"cannot be opened ({error.strerror})"
        raise RecordError(what, where=str(folder), do="Check its permissions, or name another with --index.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise BadRequest("another process has this index open", where=str(folder), do="Wait for it.") from error
    return lock
