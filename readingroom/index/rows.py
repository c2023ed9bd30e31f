"""Rows of vectors in one append-only file, mapped into memory when they are read."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import RecordError

Vectors = NDArray[np.float32]

NUMBER = np.dtype("<f4")


class Rows:
    """Little-endian float32, row after row. What stands behind the rows that the ledger knows is overwritten."""

    def __init__(self, path: Path, dimensions: int, known: int) -> None:
        """Raises RecordError where the file is shorter than the `known` rows."""
        self._path, self._dimensions = path, dimensions
        self._width = dimensions * NUMBER.itemsize
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.count = known
        _settle(path.parent)
        if os.fstat(self._file).st_size < known * self._width:
            os.close(self._file)
            raise RecordError(f"{path.name} holds fewer than its {known} rows", where=str(path.parent),
                              do="Build the index again.")  # fmt: skip
        self._mapped: Vectors | None = None

    def append(self, vectors: Vectors) -> None:
        """On disk when it returns; not counted until `confirm`. Raises RecordError where the disk takes it not."""
        data = memoryview(np.ascontiguousarray(vectors, NUMBER).view(np.uint8).reshape(-1).data)
        place, done = self.count * self._width, 0
        try:
            while done < len(data):
                done += os.pwrite(self._file, data[done : done + (1 << 26)], place + done)
            os.fsync(self._file)
        except OSError as error:
            raise RecordError(f"rows cannot be written ({error.strerror})", where=str(self._path.parent),
                              do="Make room and add them again.") from error  # fmt: skip

    def confirm(self, rows: int) -> None:
        """The ledger knows so many more."""
        self.count += rows
        self._mapped = None

    @property
    def mapped(self) -> Vectors:
        """(rows, dimensions), read only; pages are loaded as they are touched."""
        if self._mapped is None:
            shape = (self.count, self._dimensions)
            mapped = np.memmap(self._path, NUMBER, "r", shape=shape) if self.count else np.zeros(shape, np.float32)
            self._mapped = mapped.view(np.ndarray)  # a plain array, for memmap's own indexing is slower
        return self._mapped

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file, self._mapped = -1, None


def _settle(folder: Path) -> None:
    """The folder's list of files is on disk: a file whose name a power cut took is no file."""
    place = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(place)
    finally:
        os.close(place)
