"""Answers kept on disk by content: what was asked, of which deployment. A changed entry is thrown away, never used."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from readingroom.errors import RecordError

CACHE_BYTES = 2 << 30
_KEEP = 0.9
"""Of the cap, once it was reached: so that not every new entry clears space."""


class ResponseCache:
    """Raw answers in a folder of their own, one file each, readable by the owner alone.

    A file is named by the digest of its key, and starts with the digest of key and answer, so neither a flipped byte
    nor a file put in another's place passes.
    """

    def __init__(self, folder: Path, most: int = CACHE_BYTES) -> None:
        self._folder, self._most = folder, most
        self._held: int | None = None

    def get(self, key: str) -> bytes | None:
        """The answer, or None where there is none that holds; one that does not is removed."""
        path = self._path(key)
        try:
            stored = path.read_bytes()
        except OSError:
            return None
        digest, answer = stored[:64], stored[65:]
        if digest != _digest(key, answer):
            self.evict(key)
            return None
        try:
            os.utime(path)
        except OSError:
            return answer
        return answer

    def put(self, key: str, answer: bytes) -> None:
        """Atomic: whoever reads sees all of it or nothing. Raises RecordError where it cannot be written."""
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
                try:
                    file.write(_digest(key, answer) + b"\n" + answer)
                    file.close()
                    os.replace(file.name, path)
                except BaseException:
                    os.unlink(file.name)
                    raise
            self._count(len(answer) + 65)
        except OSError as error:
            raise RecordError(
                f"cannot keep an answer ({error.strerror})", where=str(self._folder), do="Free space, or switch it off."
            ) from error

    def evict(self, key: str) -> None:
        """Forget one answer."""
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        name = hashlib.sha256(key.encode()).hexdigest()
        return self._folder / name[:2] / name

    def _count(self, size: int) -> None:
        """Clears the entries that were not used for longest once all are above the cap."""
        self._held = size + self._held if self._held is not None else sum(file.st_size for _, file in self._files())
        if self._held <= self._most:
            return
        files = sorted(self._files(), key=lambda found: found[1].st_mtime_ns)
        self._held = sum(stat.st_size for _, stat in files)
        for path, stat in files:
            if self._held <= _KEEP * self._most:
                break
            path.unlink(missing_ok=True)
            self._held -= stat.st_size

    def _files(self) -> list[tuple[Path, os.stat_result]]:
        found = []
        for path in self._folder.glob("??/*"):
            try:
                found.append((path, path.stat()))
            except FileNotFoundError:
                continue
        return found


def _digest(key: str, answer: bytes) -> bytes:
    return hashlib.sha256(key.encode() + b"\n" + answer).hexdigest().encode()
