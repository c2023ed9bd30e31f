"""What an unfinished run needs to go on, paths among it: one private file a run, gone when the run has ended.

The file is also the run's lease. Its holder keeps it locked (flock), and the kernel lets go of the lock the moment the
holder dies, however it dies: no clock, no heartbeat, and nothing stale to wait for.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import ValidationError

from readingroom.domain.value import Value
from readingroom.errors import BadRequest, RecordError

LARGEST = 10_000_000
"""Bytes of such a file; a hundred thousand paths fit."""

MINUTE = 60.0


class Way(Value):
    """Where the run's sources are, as absolute paths. They may hold names: kept nowhere else, told to nobody."""

    paths: tuple[str, ...]
    prior: tuple[str, ...] = ()
    lateral: tuple[str, ...] = ()


class Held:
    """The lease of one run."""

    def __init__(self, path: Path, file: int) -> None:
        self._path = path
        self._file = file

    def read(self) -> Way:
        """Raises RecordError where the file is none of ours."""
        try:
            return Way.model_validate_json(os.pread(self._file, LARGEST, 0))
        except ValidationError as error:
            raise RecordError("what this run needs to go on cannot be read", do="Draft anew.") from error

    def close(self, *, ended: bool) -> None:
        """Let go; of a run that has ended nothing stays. May be called twice."""
        if self._file < 0:
            return
        if ended:
            self._path.unlink(missing_ok=True)
        os.close(self._file)
        self._file = -1


class Unfinished:
    """The folder of these files, 0700."""

    def __init__(self, folder: Path, *, synced: bool = True) -> None:
        self._folder = folder
        self._synced = synced

    def hold(self, run: str, way: Way) -> Held:
        """The file of a new run, durable and locked. Raises RecordError where it cannot be written."""
        path = self._folder / f"{run}.json"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                _lock(file, run)
                content = way.model_dump_json().encode()
                if os.write(file, content) < len(content):
                    raise OSError(0, "it was not written whole")
                if self._synced:
                    os.fsync(file)
            except BaseException:
                os.close(file)
                path.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise RecordError(
                f"cannot keep what the run needs to go on ({error.strerror})",
                where=str(self._folder),
                do="Free some space, or set READINGROOM_HOME elsewhere.",
            ) from error
        return Held(path, file)

    def sweep(self, going: Callable[[], frozenset[str]]) -> None:
        """Remove what processes left that were killed just before their run had begun or just after it had ended.

        `going` tells which runs have not ended; a file of the last minute may be of one that is about to begin.
        """
        with suppress(OSError):  # another process may be sweeping, too
            old = [path for path in self._folder.glob("*.json") if time.time() - path.stat().st_mtime > MINUTE]
            known = going() if old else frozenset()
            for path in old:
                if path.stem not in known:
                    path.unlink(missing_ok=True)

    @contextmanager
    def taken(self, run: str) -> Iterator[Held]:
        """The lease of an unfinished run. Raises BadRequest where another process has it or nothing was kept."""
        path = self._folder / f"{run}.json"
        try:
            file = os.open(path, os.O_RDWR)
        except OSError as error:
            raise BadRequest(f"nothing is kept to go on with run {run}", do="Draft the study anew.") from error
        held = Held(path, file)
        try:
            _lock(file, run)
            yield held
        finally:
            held.close(ended=False)


def _lock(file: int, run: str) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise BadRequest(f"another process is at run {run}", do="Wait until it is done.") from error
