"""Files of an experiment: each is there whole or not at all, whenever the process is killed."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from readingroom.domain.value import Value
from readingroom.errors import RecordError


def put_bytes(path: Path, content: bytes) -> None:
    """Written aside, synced, and given its name in one step. Raises RecordError where it cannot be written."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise RecordError(
            f"cannot be written ({error.strerror})", where=str(path), do="Free some space, or choose another --out."
        ) from error


def put_value(path: Path, value: Value) -> None:
    """A value as readable JSON. Raises RecordError."""
    put_bytes(path, value.model_dump_json(indent=1).encode() + b"\n")
