"""The studies of every session: where their files are, who may see them, and what the viewer is told of them."""

from __future__ import annotations

import re
import secrets
import shutil
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import TypeAdapter

from readingroom.demonstration import make
from readingroom.domain.image import ImageRef
from readingroom.errors import BadFile, BadInput, BadStudy, ReadingRoomError
from readingroom.imaging.image import Image, Study
from readingroom.runs.event import now
from readingroom.runs.unfinished import Way
from readingroom.web.arrival import Arrived
from readingroom.web.limits import PageLimits
from readingroom.web.page_store import PageStore
from readingroom.web.pixels import Facts, facts_of
from readingroom.web.refusals import NotHere, TooMuch
from readingroom.web.sessions import OWNER, Session
from readingroom.web.shared_room import SharedRoom
from readingroom.web.views import StudyLine, StudyView, image_view

UPLOADED = re.compile(r"^(?:[a-z]+[-0-9]*/)*f(\d{4,})$")
"""The names that arrival.py gives: of no use to who sent the file."""


@dataclass(frozen=True)
class Kept:
    """One study of one session."""

    id: str
    session: str
    subject: str
    title: str
    created: str
    way: Way
    images: tuple[ImageRef, ...] = ()
    """As they were read when it was made."""


REFS = TypeAdapter(tuple[ImageRef, ...])


@dataclass
class Studies:
    """Of the process; those of the owner are still there after a restart, those of others go with it."""

    room: SharedRoom
    store: PageStore
    limits: PageLimits
    _kept: dict[str, Kept] = field(default_factory=dict)
    _facts: dict[tuple[str, str], Facts] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        for row in self.store.rows("SELECT * FROM studies ORDER BY created, id"):
            values = {"way": Way.model_validate_json(row["way"]), "images": REFS.validate_json(row["images"])}
            kept = Kept(**{**dict(row), **values})
            if kept.session == OWNER:
                self._kept[kept.id] = kept
            else:
                self._gone(kept)

    @property
    def folder(self) -> Path:
        """Of the uploads."""
        return self.room.settings.home / "uploads"

    def new_folder(self, session: Session) -> Path:
        """For one upload, private. Raises TooMuch for a session that has enough studies."""
        if sum(one.session == session.id for one in self._kept.values()) >= self.limits.studies:
            raise TooMuch(f"there are {self.limits.studies} studies in this session", do="Remove one.")
        path = self.folder / f"u-{secrets.token_hex(8)}"
        path.mkdir(parents=True, mode=0o700)
        self.folder.chmod(0o700)
        return path

    def allowance(self, session: Session) -> int:
        """Bytes that the session may still upload at once."""
        used = sum(_size(self._folder_of(one)) for one in self._kept.values() if one.session == session.id)
        return max(0, min(self.limits.upload_bytes, self.limits.session_bytes - used))

    def add(self, session: Session, folder: Path, came: Arrived) -> Kept:
        """Raises what reading raises; then nothing of it stays."""
        way = Way(
            paths=_given(folder / "current", came.files.get("current", [])),
            prior=_given(folder / "prior", came.files.get("prior", [])),
            lateral=_given(folder / "lateral", came.files.get("lateral", [])),
        )
        return self._added(session, way, _id(folder))

    def add_demo(self, session: Session) -> Kept:
        """The phantom of `readingroom demo` with its prior, drawn anew for this session."""
        folder = self.new_folder(session)
        try:
            current, prior = make(folder)
            return self._added(session, Way(paths=(str(current),), prior=(str(prior),)), _id(folder), "Demonstration")
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def adopt(self, session: Session, way: Way) -> Kept:
        """A study that lies elsewhere on this machine: of a chat that its owner began in a terminal."""
        known = next((one for one in self._kept.values() if one.way == way and one.session == session.id), None)
        return known or self._added(session, way, f"st-{secrets.token_hex(8)}")

    def add_priors(self, kept: Kept, folder: Path, came: Arrived) -> Kept:
        """Earlier images of the same patient. Raises BadStudy for another's."""
        prior = (*kept.way.prior, *_given(folder / "prior", [one for role in came.files.values() for one in role]))
        changed = replace(kept, way=kept.way.model_copy(update={"prior": prior}))
        changed = replace(changed, images=_refs(self._read(changed)))
        self._write(changed)
        return changed

    def _added(self, session: Session, way: Way, name: str, title: str = "") -> Kept:
        kept = Kept(name, session.id, "", title, now(), way)
        study = self._read(kept)
        kept = replace(kept, subject=study.subject, title=title or _title(study), images=_refs(study))
        self._write(kept)
        return kept

    def _write(self, kept: Kept) -> None:
        row = (kept.id, kept.session, kept.subject, kept.title, kept.created, kept.way.model_dump_json())
        refs = REFS.dump_json(kept.images).decode()
        self.store.write(("INSERT OR REPLACE INTO studies VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, refs)))
        with self._lock:
            self._kept[kept.id] = kept
            for key in [key for key in self._facts if key[0] == kept.id]:
                del self._facts[key]

    def _read(self, kept: Kept) -> Study:
        way = kept.way
        try:
            return self.room.read(way.paths, prior=way.prior or None, lateral=way.lateral or None)
        except BadInput as error:
            raise in_their_words(error) from error

    def of(self, session: Session) -> tuple[Kept, ...]:
        """Newest first."""
        return tuple(one for one in reversed(self._kept.values()) if one.session == session.id)

    def one(self, session: Session, name: str) -> Kept:
        """Raises NotHere, for another's as for none."""
        found = self._kept.get(name)
        if found is None or found.session != session.id:
            raise NotHere("there is no such study here", do="GET /api/v1/studies lists them.")
        return found

    def remove(self, session: Session, name: str) -> None:
        """Its files too, where they were uploaded. Raises NotHere."""
        kept = self.one(session, name)
        with self._lock:
            self._kept.pop(name, None)
        self._gone(kept)

    def _gone(self, kept: Kept) -> None:
        self.store.write(("DELETE FROM studies WHERE id = ?", (kept.id,)))
        if (folder := self._folder_of(kept)) is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def _folder_of(self, kept: Kept) -> Path | None:
        """Where its uploads are; None of a study that lies elsewhere."""
        first = Path(kept.way.paths[0])
        inside = first.is_relative_to(self.folder)
        return self.folder / first.relative_to(self.folder).parts[0] if inside else None

    def new_prior_folder(self, kept: Kept) -> Path:
        """For an upload of priors: inside the study's own folder, or a new one where it lies elsewhere."""
        path = (self._folder_of(kept) or self.folder / _upload(kept)) / f"prior-{secrets.token_hex(4)}"
        path.mkdir(parents=True, mode=0o700)
        return path

    def study(self, kept: Kept) -> Study:
        """With its pixels."""
        return self._read(kept)

    def image(self, kept: Kept, name: str) -> Image:
        """Raises NotHere."""
        found = next((one for one in self._read(kept).images if one.ref.id == name), None)
        if found is None:
            raise NotHere("there is no such image in this study")
        return found

    def facts(self, kept: Kept, image: Image) -> Facts:
        key = (kept.id, image.ref.id)
        if key not in self._facts:
            self._facts[key] = facts_of(image)
        return self._facts[key]

    def line(self, kept: Kept, chats: tuple[str, ...]) -> StudyLine:
        return StudyLine(
            id=kept.id, subject=kept.subject, title=kept.title, created=kept.created, images=kept.images, chats=chats
        )

    def view(self, kept: Kept, chats: tuple[str, ...]) -> StudyView:
        study = self._read(kept)
        images = tuple(image_view(image, self.facts(kept, image)) for image in study.images)
        return StudyView(
            id=kept.id, subject=kept.subject, title=kept.title, created=kept.created, images=images, chats=chats,
            notes=study.notes,
        )  # fmt: skip


def _refs(study: Study) -> tuple[ImageRef, ...]:
    return tuple(image.ref for image in study.images)


def _id(folder: Path) -> str:
    return f"st-{folder.name.removeprefix('u-')}"


def _upload(kept: Kept) -> str:
    return f"u-{kept.id.removeprefix('st-')}"


def _given(folder: Path, files: list[Path]) -> tuple[str, ...]:
    """One file by itself; several as a folder, which is sorted out when it is read."""
    if not files:
        return ()
    return (str(files[0]) if len(files) == 1 else str(folder),)


def _size(folder: Path | None) -> int:
    return 0 if folder is None else sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _title(study: Study) -> str:
    names = [image.ref.name or image.ref.modality.replace("_", "-") for image in study.images]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{names[0][:80]}{more}"


def in_their_words(error: BadInput) -> ReadingRoomError:
    """The error without the names that we gave to what was uploaded."""
    found = UPLOADED.match(error.where)
    where = f"file {int(found[1])}" if found else "" if error.where in ("current", "prior", "lateral") else error.where
    kind = type(error) if type(error) in (BadFile, BadStudy) else BadInput
    return kind(error.what, where=where, do=error.do)
