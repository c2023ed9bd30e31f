"""One process at a time works on a cohort: a lock that the kernel lets go of when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from readingroom.errors import BadRequest, RecordError

LOCK = "cohort.lock"


def busy(folder: Path) -> bool:
    """Whether a process is at this cohort; also of a folder that is only to be read."""
    try:
        file = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(file)


@contextmanager
def leased(folder: Path) -> Iterator[None]:
    """Raises BadRequest where another process is at this cohort, RecordError where the folder cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        what = f"the cohort's folder cannot be written ({error.strerror})"
        raise RecordError(what, where=str(folder), do="Choose another with --out.") from error
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BadRequest(
                "another process is at this cohort", where=str(folder), do="Wait until it is done, or stop it."
            ) from error
        yield
    finally:
        os.close(file)
