"""Content-addressed files: written once under their own digest, checked when read."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from readingroom.errors import RecordError
from readingroom.runs.event import is_digest


class Blobs:
    """A folder of files named by the SHA-256 of their bytes."""

    def __init__(self, folder: Path, *, synced: bool = True) -> None:
        self.folder = folder
        self._synced = synced
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise RecordError(
                f"cannot make the folder for stored files ({error.strerror})",
                where=str(folder),
                do="Choose another place with READINGROOM_HOME.",
            ) from error

    def path(self, digest: str) -> Path:
        if not is_digest(digest):
            raise RecordError(f"{digest[:80]!r} is not a SHA-256 digest", do="Name a digest that `show` prints.")
        return self.folder / digest[:2] / digest

    def put(self, content: bytes) -> str:
        """A temporary file, synced, renamed, and its folder synced: durable when it returns, where the store is synced.

        A changed file is mended.

        Raises RecordError, and leaves no half file, where the disk is full or may not be written.
        """
        digest = hashlib.sha256(content).hexdigest()
        path = self.path(digest)
        try:
            if path.exists() and path.read_bytes() == content:
                return digest
            path.parent.mkdir(exist_ok=True, mode=0o700)
            _write(path, content, synced=self._synced)
        except OSError as error:
            raise RecordError(
                f"cannot store a result ({error.strerror})", where=str(self.folder), do="Free some space and run again."
            ) from error
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes of that digest. Raises RecordError where they are gone or were changed."""
        path = self.path(digest)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise RecordError(
                f"stored file {digest[:12]} cannot be read ({error.strerror})", do="Run the reading again."
            ) from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise RecordError(
                f"stored file {digest[:12]} was changed after it was written", do="Run the reading again."
            )
        return content


def _write(path: Path, content: bytes, *, synced: bool) -> None:
    """All of it under its name, or nothing."""
    file = tempfile.NamedTemporaryFile(dir=path.parent, delete=False)  # noqa: SIM115 - closed below, renamed between
    try:
        with file:
            file.write(content)
            file.flush()
            if synced:
                os.fsync(file.fileno())
        os.replace(file.name, path)
    except BaseException:
        Path(file.name).unlink(missing_ok=True)
        raise
    if not synced:
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
