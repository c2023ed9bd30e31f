"""Many studies into an index: decoded, embedded and added side by side, within bounds, and safe to start again."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from readingroom.domain.value import Value
from readingroom.errors import BadRequest, BadStudy, NotAuthorised, ReadingRoomError, RecordError
from readingroom.imaging.gate import inspect
from readingroom.imaging.image import Image, Study
from readingroom.imaging.reader import read_study
from readingroom.imaging.sources import Source
from readingroom.imaging.subject import UNKNOWN
from readingroom.index.entry import Entry, Metadata, Space
from readingroom.index.pooling import Pooling
from readingroom.index.protocol import VectorIndex, Vectors
from readingroom.index.scalar import texts
from readingroom.tools.backends.protocol import Backend
from readingroom.tools.image_vector import MOST_SLICES, ImageVector, image_vector, space_of
from readingroom.workflows.batching import Batcher, Budget, as_ours, attempted

Status = Literal["added", "known", "failed"]

IN_FLIGHT = 32
"""Sources at once: two batches, so that one is embedded while the next is read."""
MOST_HELD = 1 << 29
"""Bytes of decoded pixels that wait to be embedded; a larger volume goes alone."""
FLUSH_ROWS = 64
FLUSH_SECONDS = 2.0
"""Rows that are added in one transaction, and how long they wait for more: a kill loses no more than that."""


class Row(Value):
    """What became of one source."""

    source: str
    status: Status
    images: int = 0
    """Images and volumes added."""
    slices: int = 0
    """Rows of slices added beside them."""
    reason: str = ""


class Collected(Value):
    """All sources, in the order in which they ended."""

    space: Space | None
    rows: tuple[Row, ...]
    held: int
    """Rows of the index afterwards."""

    def count(self, status: Status) -> int:
        return sum(row.status == status for row in self.rows)


@dataclass(frozen=True)
class Terms:
    """How images become rows."""

    key: bytes
    """Of pseudonyms."""
    pooling: Pooling = "median"
    slices: bool = False
    """Whether each slice of a volume gets a row of its own beside the pooled one."""
    most_slices: int = MOST_SLICES
    keep_picture: Callable[[str, Image], None] | None = None
    """Told each added row's id with its image."""
    tell: Callable[[Row], None] | None = None
    """Told each source as it ends."""


class OtherModel(BadRequest):
    """Nothing of this backend can be added to this index."""


class Shelf:
    """The index that is added to, begun with the first vector where there is none."""

    def __init__(self, index: VectorIndex | None, begin: Callable[[Space], VectorIndex]) -> None:
        self.index, self._begin = index, begin
        held = index.entries() if index else ()
        self._held = {entry.id: entry.metadata for entry in held}

    def of(self, space: Space) -> VectorIndex:
        """Raises OtherModel where the index is of another model, BadStudy where this image alone was prepared otherwise
        (colour among grey ones)."""
        if self.index is None:
            try:
                self.index = self._begin(space)
            except BadRequest as error:  # another process has begun it meanwhile: no image after this one fares better
                raise OtherModel(error.what, where=error.where, do=error.do) from error
        held = self.index.space
        if held == space:
            return self.index
        what = f"the index holds {held.title}, and this is {space.title}"
        if (held.model, held.version, held.dimensions) != (space.model, space.version, space.dimensions):
            raise OtherModel(what, do="Use an index of its own for them.")
        raise BadStudy(what, do="Use an index of its own for images of this kind.")

    def metadata(self, name: str) -> Metadata | None:
        """Of a row that is there."""
        return self._held.get(name)

    def add(self, rows: Sequence[tuple[Entry, Vectors]]) -> None:
        """Durable when it returns."""
        assert self.index is not None  # `of` begins it before a row is made
        self.index.add([entry for entry, _ in rows], np.stack([vector for _, vector in rows]))
        self._held |= {entry.id: entry.metadata for entry, _ in rows}

    def redescribe(self, name: str, metadata: Metadata) -> None:
        """Other metadata for a row, its vector as it was."""
        assert self.index is not None  # only of rows that are there
        self.index.add([Entry(id=name, metadata=metadata)], self.index.vectors([name]))
        self._held[name] = metadata


@dataclass
class _Desk:
    """One collecting: what is being read, and rows that wait to be written."""

    shelf: Shelf
    backend: Backend
    terms: Terms
    described: Mapping[Path, Metadata]
    sources: Iterator[Source]
    batcher: Batcher
    budget: Budget
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One file is decoded at a time: the DICOM library's switches are the process's."""
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: list[tuple[Entry, Vectors]] = field(default_factory=list)
    claimed: set[str] = field(default_factory=set)
    rows: list[Row] = field(default_factory=list)
    flushed: float = field(default_factory=time.monotonic)
    same_model: bool = False
    """This backend has given a vector of the index's own space."""

    @property
    def identity(self) -> str:
        """A row is known where it came from this backend; of another one only when it gave a vector of this space."""
        return f"{self.backend.name} {self.backend.version}"

    async def work(self) -> None:
        while (source := await self._next()) is not None:
            row = await self._row(source)
            self.rows.append(row)
            if self.terms.tell:
                self.terms.tell(row)

    async def _next(self) -> Source | None:
        async with self.reading:
            return await asyncio.to_thread(next, self.sources, None)

    async def _row(self, source: Source) -> Row:
        found = await attempted(self._collected(source))
        if isinstance(found, Row):
            return found
        if isinstance(found, NotAuthorised | RecordError | OtherModel):
            raise found
        return Row(source=source.where, status="failed", reason=as_ours(found).line())

    async def _collected(self, source: Source) -> Row:
        if source.error is not None:
            raise source.error
        given = _merged([self.described.get(path, {}) for path in source.paths])
        async with self.reading:
            digest = await asyncio.to_thread(_digest, source)
            if digest and await self._known(digest, given):
                return Row(source=source.where, status="known")
            study = await asyncio.to_thread(read_study, source.paths, subject_key=self.terms.key)
        size = sum(image.pixels.nbytes for image in study.images)
        async with self.budget.of(size):
            tried = [await self._tried(image, study, source, given) for image in study.images]
        added = [count for count in tried if isinstance(count, int) and count]
        failed = [one.line() for one in tried if isinstance(one, ReadingRoomError)]
        status: Status = "failed" if failed else "added" if added else "known"
        return Row(source=source.where, status=status, images=len(added), slices=sum(added) - len(added),
                   reason=" ".join(dict.fromkeys(failed)))  # fmt: skip

    async def _tried(self, image: Image, study: Study, source: Source, given: Metadata) -> int | ReadingRoomError:
        """As `_image`; one image that fails leaves the others of its source in."""
        try:
            return await self._image(image, study, source, given)
        except (NotAuthorised, RecordError, OtherModel):
            raise
        except ReadingRoomError as error:
            return error

    async def _known(self, name: str, given: Metadata) -> bool:
        """Whether a row needs no embedding; what the manifest says anew of it is written."""
        held = self.shelf.metadata(name)
        if held is None or (held.get("backend") != self.identity and not self.same_model):
            return False
        if self.terms.slices and held.get("pooled") and not held.get("sliced"):
            return False
        if {**held, **given} != held:
            async with self.writing:
                await asyncio.to_thread(self.shelf.redescribe, name, {**held, **given})
        return True

    async def _image(self, image: Image, study: Study, source: Source, given: Metadata) -> int:
        """Rows added for one image; 0 where it is known already."""
        name = image.ref.sha256
        if name in self.claimed or await self._known(name, given):
            return 0
        self.claimed.add(name)
        try:
            rows = await self._embedded(image, {**_about(image, study, source), "backend": self.identity, **given})
        except ReadingRoomError:
            self.claimed.discard(name)
            raise
        self.waiting += rows
        if len(self.waiting) >= FLUSH_ROWS or time.monotonic() - self.flushed > FLUSH_SECONDS:
            await self.flush()
        return len(rows)

    async def _embedded(self, image: Image, told: Metadata) -> list[tuple[Entry, Vectors]]:
        if refusals := inspect(image).refusals:
            what = f"{image.ref.name or 'the image'} was refused: {refusals[0].reason}"
            raise BadStudy(what, do="Give another image, or say what it is.")
        found = await image_vector(image, self.batcher.embed, self.terms.pooling, self.terms.most_slices)
        self.shelf.of(space_of(found.model, found.vector.size))
        self.same_model = True
        if self.terms.keep_picture:
            await asyncio.to_thread(self.terms.keep_picture, image.ref.sha256, image)
        return list(_rows(image, found, told, self.terms))

    async def flush(self) -> None:
        """Everything that waits, in one transaction."""
        async with self.writing:
            rows, self.waiting, self.flushed = self.waiting, [], time.monotonic()
            if rows:
                await asyncio.to_thread(self.shelf.add, rows)


async def collect(
    sources: Iterable[Source], backend: Backend, shelf: Shelf, terms: Terms,
    described: Mapping[Path, Metadata] | None = None,
) -> Collected:  # fmt: skip
    """Every source to rows of the index. `described`: more metadata by path (workflows/manifest.py).

    A source that cannot be read or embedded is a row with its reason. Raises BadRequest where the index is of another
    model, NotAuthorised where the backend lets nobody in, RecordError where the disk fails; what was added before
    stays.
    """
    batcher = Batcher(backend)
    desk = _Desk(shelf, backend, terms, described or {}, iter(sources), batcher, Budget(MOST_HELD))
    try:
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(batcher.serve())
            await asyncio.wait([group.create_task(desk.work()) for _ in range(IN_FLIGHT)])
            serving.cancel()
    except BaseExceptionGroup as group_of:
        raise group_of.exceptions[0] from None
    finally:
        await desk.flush()
    index = shelf.index
    return Collected(space=index.space if index else None, rows=tuple(desk.rows), held=len(index) if index else 0)


def _digest(source: Source) -> str:
    """Of a source that is one file: known before anything is decoded; an image's own digest is that of its file."""
    if len(source.paths) != 1:
        return ""
    try:
        with source.paths[0].open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""  # read_study says what is wrong with it


def _about(image: Image, study: Study, source: Source) -> Metadata:
    """What files say of an image; nothing that names the patient, no path."""
    ref = image.ref
    told: Metadata = {"sha256": ref.sha256, "level": ref.kind, "pooled": ref.kind != "image"}
    if study.subject != UNKNOWN:
        told["subject"] = study.subject
    told["study"] = source.study or ref.sha256[:12]
    for name in ("name", "modality", "anatomy", "view"):
        value = str(getattr(ref, name))
        if value not in ("", "unknown"):
            told[name] = value
    return told


def _rows(image: Image, found: ImageVector, told: Metadata, terms: Terms) -> Iterator[tuple[Entry, Vectors]]:
    name = image.ref.sha256
    whole = dict(told)
    if found.slices is not None:
        pooling = f"{terms.pooling} of {len(found.planes)}"
        whole |= {"depth": image.ref.depth, "pooling": pooling, "sliced": terms.slices}
    yield Entry(id=name, metadata=whole), found.vector
    if terms.slices and found.slices is not None:
        for plane, vector in zip(found.planes, found.slices, strict=True):
            of_slice = {**told, "level": "slice", "pooled": False, "slice": plane, "depth": image.ref.depth}
            yield Entry(id=f"{name}:{plane}", metadata=of_slice), vector


def _merged(given: Sequence[Metadata]) -> Metadata:
    """Of several files of one series: what they say alike, and where they differ every word of it."""
    found: Metadata = {}
    for one in given:
        for name, value in one.items():
            if name not in found or found[name] == value:
                found[name] = value
            else:
                both = [*texts(found[name]), *texts(value)]
                found[name] = list(dict.fromkeys(both))
    return found
