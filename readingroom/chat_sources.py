"""Where the files of a chat's study are: one private file a chat, held by one process at a time."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from pydantic import ValidationError

from readingroom.errors import BadRequest, RecordError
from readingroom.runs.unfinished import LARGEST, Way


class Sources:
    """The lease of one chat. The kernel lets go of its lock the moment the process ends, however it ends."""

    def __init__(self, home: Path, chat: str) -> None:
        """Raises BadRequest where another process is at this chat, RecordError where nothing can be written."""
        self._path = home / "chats" / f"{chat}.json"
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _unwritable(error, self._path) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise BadRequest(f"another process is at chat {chat}", do="End it there first.") from error

    def write(self, way: Way) -> None:
        """All of it under its name, durable, or what was there before. Raises RecordError."""
        new = self._path.with_suffix(".new")
        try:
            file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(file, "wb") as out:
                out.write(way.model_dump_json().encode())
                out.flush()
                os.fsync(out.fileno())
            os.replace(new, self._path)
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise _unwritable(error, self._path) from error

    def read(self) -> Way:
        """Raises BadRequest where nothing is kept, RecordError where the file is none of ours."""
        try:
            with self._path.open("rb") as file:
                return Way.model_validate_json(file.read(LARGEST))
        except FileNotFoundError as error:
            raise BadRequest("nothing is kept of where this chat's files are", do="Begin another chat.") from error
        except (OSError, ValidationError) as error:
            raise RecordError("where this chat's files are cannot be read", do="Begin another chat.") from error

    def forget(self) -> None:
        """Nothing stays of where its files are."""
        self._path.unlink(missing_ok=True)
        self._path.with_suffix(".lock").unlink(missing_ok=True)

    def close(self) -> None:
        """Let go; may be called twice."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _unwritable(error: OSError, path: Path) -> RecordError:
    what = f"cannot keep where the chat's files are ({error.strerror})"
    return RecordError(what, where=str(path.parent), do="Free some space, or set READINGROOM_HOME elsewhere.")
