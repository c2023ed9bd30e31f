"""The studies that an MCP host may name: those below one folder, by ids that we issue, never by a path."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.imaging.sources import Source, sources_of

MOST_LISTED = 2_000
"""Studies in one list; a host shows no more of them to anybody."""


class StudyLine(Value):
    """What is read at once, before it is opened: a picture, a volume file, or one DICOM series."""

    study: str
    """What the argument `study` of the tools takes: issued here, the same for as long as the files stay where they
    are."""
    files: int
    exam: str = ""
    """Pseudonym of the DICOM study: series of one exam share it. No tool takes it."""
    subject: str = ""
    """Pseudonym of the patient, where the files name one: studies of one patient share it."""
    name: str = ""
    """The file or folder, relative to the workspace; only where the workspace was opened with names."""


@dataclass(frozen=True)
class Held:
    """One of them with where its files are, which no answer tells."""

    line: StudyLine
    paths: tuple[Path, ...]


class Workspace:
    """One folder. File names may name a patient: they are told only where the user asked for it."""

    def __init__(self, folder: Path, key: bytes, *, names: bool = False) -> None:
        """Raises BadRequest where there is no such folder. `key`: of the pseudonyms, which makes the ids."""
        if not folder.is_dir():
            raise BadRequest(f"there is no folder {folder.name!r}", do="Name the folder that holds the studies.")
        self.folder, self._key, self._names = folder.resolve(), key, names
        self._found: Mapping[str, Held] = {}

    def studies(self) -> tuple[StudyLine, ...]:
        """What can be read below the folder, in the order of its files, at most `MOST_LISTED`."""
        self._look()
        return tuple(held.line for held in self._found.values())[:MOST_LISTED]

    def paths(self, study: str) -> tuple[Path, ...]:
        """Raises BadRequest for an id that this workspace did not issue."""
        if study not in self._found:
            self._look()
        if study not in self._found:
            raise BadRequest(f"there is no study {study[:40]!r}", do="list_studies tells the ids.")
        return self._found[study].paths

    def _look(self) -> None:
        sources = (one for one in sources_of([self.folder], key=self._key) if one.error is None)
        held = [self._held(one) for one in sources if self._inside(one.paths)]
        self._found = {one.line.study: one for one in held}

    def _inside(self, paths: tuple[Path, ...]) -> bool:
        """A link that leads out of the folder leads nowhere."""
        return all(path.resolve().is_relative_to(self.folder) for path in paths)

    def _held(self, source: Source) -> Held:
        paths = source.paths
        first = paths[0].relative_to(self.folder)
        told = first if len(paths) == 1 else first.parent
        message = "\n".join(path.relative_to(self.folder).as_posix() for path in paths).encode()
        name = hmac.new(self._key, message, hashlib.sha256).hexdigest()[:10]
        line = StudyLine(
            study=f"study-{name}",
            files=len(paths),
            subject=source.subject,
            exam=source.study,
            name=told.as_posix() if self._names else "",
        )
        return Held(line, paths)
