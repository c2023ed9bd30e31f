"""A room's index from Python: studies in, neighbours out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from readingroom.archive import Archive, archive_of
from readingroom.errors import BadFile, BadRequest
from readingroom.exports.neighbours import Sheet, pictured, thumbnail
from readingroom.imaging.image import Image
from readingroom.imaging.sources import Source, sources_of
from readingroom.index.entry import Filter, Metadata, Space
from readingroom.index.near_duplicates import THRESHOLD, NearDuplicates, near_duplicates
from readingroom.index.pooling import Pooling
from readingroom.index.precision import Precision, precision_at
from readingroom.index.protocol import Tell, collection
from readingroom.index.scalar import texts
from readingroom.room import Paths, ReadingRoom, _paths
from readingroom.settings import subject_key
from readingroom.tools.image_vector import MOST_SLICES
from readingroom.workflows.admission import gated
from readingroom.workflows.collecting import Collected, Row, Shelf, Terms, collect
from readingroom.workflows.manifest import read_manifest
from readingroom.workflows.searching import Found, Rows, Wanted, search_image, search_slices, search_text

THUMBNAILS = "thumbnails"
"""Folder of small pictures within the index; there only where they were asked for."""


class Adding(NamedTuple):
    """How studies are added."""

    manifest: Path | None = None
    """A CSV table with files and metadata (workflows/manifest.py)."""
    columns: Sequence[str] = ()
    """Of the table, beside those that are kept unasked."""
    pooling: Pooling = "median"
    slices: bool = False
    """A row for each slice of a volume beside the pooled one."""
    most_slices: int = MOST_SLICES
    thumbnails: bool = False
    """Keep a small picture of each image in the index's folder. Faces and burned-in words stay in them."""


async def index_add(
    room: ReadingRoom, paths: Paths | None = None, adding: Adding | None = None, *,
    index: Path | None = None, tell: Callable[[Row], None] | None = None,
) -> Collected:  # fmt: skip
    """Embed files, folders and what a manifest names, and add them. What the index holds already is not embedded again.

    A file that fails is a row of the result. Raises BadRequest where nothing is given or the index is of another model,
    BadFile for folders without a file.
    """
    how, archive = adding or Adding(), _archive(room, index)
    key = subject_key(room.settings.config)
    described = read_manifest(how.manifest, key=key, columns=how.columns) if how.manifest else {}
    given = (*_paths(paths), *described)
    if not given:
        raise BadRequest("nothing is given to be added", do="Name files or folders, or a table: --manifest.")
    keep = (lambda name, image: _keep(archive, name, image)) if how.thumbnails else None
    terms = Terms(key, how.pooling, how.slices, how.most_slices, keep, tell)
    shelf = Shelf(await asyncio.to_thread(archive.open), archive.begin)
    try:
        found = await collect(_each(given, key), room.serving.backend(), shelf, terms, described)
    finally:
        if shelf.index:
            shelf.index.close()
    if not found.rows:
        raise BadFile("there is no file below it", where=given[0].name, do="Give a folder with images.")
    return found


def _archive(room: ReadingRoom, folder: Path | None) -> Archive:
    """The room's own, so that calls at the same time share it, or the one that is named."""
    return archive_of(room.settings, folder) if folder else room.archive


def _each(given: Sequence[Path], key: bytes) -> Iterator[Source]:
    return sources_of(given, key=key)


def _keep(archive: Archive, name: str, image: Image) -> None:
    folder = archive.folder / THUMBNAILS
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / f"{name}.png").write_bytes(thumbnail(image))
    except OSError as error:
        raise BadFile(
            f"a thumbnail cannot be kept ({error.strerror})", where=str(folder), do="Go on without --thumbnails."
        ) from error


async def search(
    room: ReadingRoom, paths: Paths | None = None, *, text: str | None = None, k: int = 5,
    where: Filter | None = None, exclude_own: Sequence[str] = ("sha256",), plane: int | None = None,
    within: str | None = None, slices: bool = False, index: Path | None = None,
) -> Found:  # fmt: skip
    """What is nearest to an image or volume, to one slice of it (`plane`, from 0), or to a text.

    `within` names a volume of the index by its sha256: its slices are searched. `slices`: single slices are found
    rather than pictures and volumes. `exclude_own`: fields whose value no neighbour may share with the query.
    Raises BadRequest for both or neither of image and text, NotServed for a text that the model cannot look for.
    """
    if (paths is None) == (text is None):
        raise BadRequest("a search needs an image or a text, and one of them alone", do="Give one of them.")
    archive, backend = _archive(room, index), room.serving.backend()
    rows: Rows = "slices" if slices else "studies"
    wanted = Wanted(k=k, where=where or Filter(), exclude_own=tuple(exclude_own), rows=rows)
    with archive.opened() as opened:
        if text is not None:
            return await search_text(opened, backend, text, wanted.model_copy(update={"exclude_own": ()}))
        study = await asyncio.to_thread(room.read, paths or ())
        gated(study)
        image = study.images[0]
        own: Metadata = {} if study.subject == "unknown" else {"subject": study.subject}
        if within is not None:
            return await search_slices(opened, backend, image, within, k)
        return await search_image(opened, backend, image, wanted, own, plane=plane)


def sheet_of(
    room: ReadingRoom, found: Found, query: Paths | None = None, *, pictures: Paths | None = None,
    index: Path | None = None,
) -> Sheet:  # fmt: skip
    """The neighbours with pictures: from the index's own thumbnails where it keeps them, and of `pictures`, files or
    folders that are read again and known by their digest."""
    folder = _archive(room, index).folder / THUMBNAILS
    shown: dict[str, bytes] = {}
    planes = {str(hit.metadata.get("sha256")): hit.metadata.get("slice") for hit in found.neighbours}
    for digest in planes:
        kept = folder / f"{digest}.png"
        if kept.is_file():
            shown[digest] = kept.read_bytes()
    for source in sources_of(_paths(pictures), key=subject_key(room.settings.config)) if pictures else ():
        if source.error is None:
            for image in room.read(source.paths).images:
                if image.ref.sha256 in planes:
                    plane = planes[image.ref.sha256]
                    shown[image.ref.sha256] = thumbnail(image, plane if isinstance(plane, int) else None)
    own = thumbnail(room.read(query).images[0]) if query else None
    return pictured(found.query, found.provenance, found.neighbours, shown, own)


class Held(NamedTuple):
    """What an index holds, counted."""

    where: str
    """Its folder, or its address on a server."""
    space: Space
    rows: int
    values: dict[str, dict[str, int]]
    """Rows by value of each field that has few."""


def index_show(room: ReadingRoom, index: Path | None = None, fields: Sequence[str] = ("level", "modality", "anatomy",
               "dataset", "label")) -> Held:  # fmt: skip
    """Raises BadRequest where there is no index."""
    archive = _archive(room, index)
    with archive.opened() as opened:
        counted: dict[str, dict[str, int]] = {name: {} for name in fields}
        for entry in opened.entries():
            for name in fields:
                for value in texts(entry.metadata.get(name)):
                    counted[name][value] = counted[name].get(value, 0) + 1
        return Held(archive.where, opened.space, len(opened), {name: one for name, one in counted.items() if one})


def index_delete(room: ReadingRoom, where: Filter, ids: Sequence[str] = (), *, index: Path | None = None) -> int:
    """Rows that a filter lets through, with the slices of the volumes among them, and rows by id; their thumbnails go
    with them. Raises BadRequest for neither: nothing is ever deleted as a whole unasked."""
    if where.empty and not ids:
        raise BadRequest("nothing was named to be deleted", do="Give --where field=value or ids.")
    archive = _archive(room, index)
    with archive.opened() as opened:
        named = [entry.id for entry in opened.entries(where)] if not where.empty else []
        whole = {name for name in (*named, *ids) if ":" not in name}
        slices = [entry.id for entry in opened.entries(Filter(equals={"level": ("slice",)}))
                  if entry.metadata.get("sha256") in whole]  # fmt: skip
        gone = opened.delete(list(dict.fromkeys((*named, *ids, *slices))))
    for name in whole:
        if "/" not in name:
            (archive.folder / THUMBNAILS / f"{name}.png").unlink(missing_ok=True)
    return gone


def index_evaluate(
    room: ReadingRoom,
    by: Sequence[str],
    exclude: str,
    ks: Sequence[int] = (1, 5, 10),
    *,
    index: Path | None = None,
    tell: Tell | None = None,
) -> Precision:
    """How often neighbours share the query's `by` fields, none of them of its own `exclude` (dataset, subject, study).

    Pictures and volumes, not single slices. A row without one of the fields neither asks nor answers.
    """
    with _archive(room, index).opened() as opened:
        held = collection(opened, Filter(excludes={"level": ("slice",)}))
    labels = [_joined(entry.metadata, by) if _joined(entry.metadata, [exclude]) else None for entry in held.entries]
    return precision_at(
        held, labels, [_joined(entry.metadata, [exclude]) or "" for entry in held.entries], ks, tell=tell
    )


def _joined(about: Metadata, names: Sequence[str]) -> str | None:
    values = ["+".join(texts(about.get(name))) for name in names]
    return " ".join(values) if all(values) else None


def index_duplicates(room: ReadingRoom, threshold: float | None = None, across: str = "", *, index: Path | None = None,
                     tell: Tell | None = None) -> NearDuplicates:  # fmt: skip
    """Pictures and volumes of the index that look the same, by `near_duplicates.THRESHOLD` unless told otherwise;
    `across` a field, only pairs that differ in it."""
    with _archive(room, index).opened() as opened:
        held = collection(opened, Filter(excludes={"level": ("slice",)}))
    return near_duplicates(held, THRESHOLD if threshold is None else threshold, across, tell)
