"""Content-addressed files: written once under their own digest, checked when read."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from readingroom.errors import RecordError


class Blobs:
    """A folder of files named by the SHA-256 of their bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise RecordError(
                f"cannot make the folder for stored files ({error.strerror})",
                where=str(folder),
                do="Choose another place with READINGROOM_HOME.",
            ) from error

    def path(self, digest: str) -> Path:
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise RecordError(f"{digest[:80]!r} is not a SHA-256 digest", do="Name a digest that `show` prints.")
        return self.folder / digest[:2] / digest

    def put(self, content: bytes) -> str:
        """Durable when it returns: a temporary file, synced, renamed, and its folder synced."""
        digest = hashlib.sha256(content).hexdigest()
        path = self.path(digest)
        if path.exists():
            return digest
        try:
            path.parent.mkdir(exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(file.name, path)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
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
