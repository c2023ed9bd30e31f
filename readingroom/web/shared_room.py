"""A room whose studies are decoded once: the viewer and every chat about a study look at the same pixels."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from readingroom.errors import BadStudy
from readingroom.imaging.image import Study
from readingroom.room import Paths, ReadingRoom, _kept
from readingroom.settings import Settings

Key = tuple[tuple[str, tuple[tuple[str, int, int], ...]], ...]
MOST_NAMED = 20_000
"""Files of a folder that are looked at, as imaging/limits.py has it."""


class SharedRoom(ReadingRoom):
    """Holds decoded studies up to a number of bytes, the ones used last; a file that changed is read again."""

    def __init__(self, settings: Settings, decoded_bytes: int) -> None:
        super().__init__(settings)
        self._most = decoded_bytes
        self._held: OrderedDict[Key, Study] = OrderedDict()
        self._turns: dict[Key, threading.Lock] = {}
        self._lock = threading.Lock()

    def read(self, paths: Paths, *, prior: Paths | None = None, lateral: Paths | None = None) -> Study:
        """As `ReadingRoom.read`; of several who ask for the same at once, one decodes."""
        key = _key(_kept(paths), ("prior",), _kept(prior), ("lateral",), _kept(lateral))
        with self._lock:
            turn = self._turns.setdefault(key, threading.Lock())
        try:
            with turn:
                found = self._kept_study(key)
                if found is None:
                    found = super().read(paths, prior=prior, lateral=lateral)
                    self._keep(key, found)
                return found
        finally:
            with self._lock:
                self._turns.pop(key, None)

    def _kept_study(self, key: Key) -> Study | None:
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
            return found

    def _keep(self, key: Key, study: Study) -> None:
        with self._lock:
            self._held[key] = study
            while len(self._held) > 1 and sum(map(size_of, self._held.values())) > self._most:
                self._held.popitem(last=False)


def size_of(study: Study) -> int:
    """Bytes of its pixels."""
    return sum(image.pixels.nbytes for image in study.images)


def _key(*given: Sequence[str]) -> Key:
    """What is there now: names, sizes and times of the files."""
    return tuple((path, _state(Path(path))) for paths in given for path in paths)


def _state(path: Path) -> tuple[tuple[str, int, int], ...]:
    try:
        files = sorted(path.rglob("*"))[:MOST_NAMED] if path.is_dir() else [path] if path.is_file() else []
        stats = [(file.name, file.stat()) for file in files]
    except OSError as error:
        raise BadStudy("the study's files cannot be looked at", do="Give them again.") from error
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)
