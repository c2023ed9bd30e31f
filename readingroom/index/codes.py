"""The compressed codes of an index's rows: made when they are first needed, kept on disk, made anew when outgrown."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from readingroom.errors import RecordError
from readingroom.index import scan
from readingroom.index.ledger import Coded, Ledger
from readingroom.index.rows import Vectors

TAIL = 4096
"""Rows without codes that a search looks at one by one; more get codes first. 2 ms of one core at 1024 numbers."""
GROWN = 2
"""Times as many rows as the codes were fitted to at which they are fitted again."""
WRITTEN_AFTER = 0.1
"""Share of rows with codes that are not yet on disk at which the file is written again."""


class Codes:
    """They say nothing that the vectors do not: a file that is missing, older or damaged is made again."""

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self._path = folder / f"codes-{ledger.generation}.faiss"
        self._ledger = ledger
        self._codes: scan.Compressed | None = None
        self._on_disk = 0
        for old in folder.glob("codes-*"):
            if old != self._path:
                old.unlink()

    def of(self, rows: Vectors) -> scan.Compressed:
        """Codes of all rows but the last few. Raises RecordError where the disk takes them not."""
        codes = self._codes or self._read(len(rows))
        if codes is None or len(rows) > GROWN * codes.made.fitted_to:
            codes, self._on_disk = scan.compressed(rows), 0
        elif len(rows) - codes.count > TAIL:
            codes.extend(rows)
        self._codes = codes
        if codes.count - self._on_disk > WRITTEN_AFTER * codes.count:
            self._write(codes)
        return codes

    def _read(self, rows: int) -> scan.Compressed | None:
        told = self._ledger.codes
        if told is None or told.rows > rows or not self._path.is_file():
            return None
        data = self._path.read_bytes()
        if hashlib.sha256(data).hexdigest() != told.sha256:
            return None
        self._on_disk = told.rows
        return scan.read(data, scan.Made(told.fitted_to, told.again, told.recall))

    def _write(self, codes: scan.Compressed) -> None:
        data = scan.written(codes)
        fresh = self._path.with_suffix(".new")
        try:
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
        except OSError as error:
            raise RecordError(f"the codes cannot be written ({error.strerror})", where=str(self._path.parent),
                              do="Make room and search again.") from error  # fmt: skip
        digest = hashlib.sha256(data).hexdigest()
        self._ledger.coded(Coded(rows=codes.count, sha256=digest, **codes.made._asdict()))
        self._on_disk = codes.count
