"""Whole slides from Python: cut into tiles on disk, embedded into an index, and virtually stained."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from readingroom.archive import archive_of
from readingroom.errors import BadRequest, NotServed
from readingroom.imaging.png import encode_png
from readingroom.imaging.slide import Slide
from readingroom.imaging.slide_tiles import Place, Terms, level_of, tile, tissue_places
from readingroom.imaging.subject import pseudonym_of
from readingroom.index.entry import Metadata
from readingroom.index.pooling import Pooling
from readingroom.index.protocol import Vectors
from readingroom.room import ReadingRoom
from readingroom.saving import save_files
from readingroom.settings import subject_key
from readingroom.tools.contracts.model_ids import ModelId
from readingroom.tools.models import models
from readingroom.workflows.tiles import MARKER_TERMS, Markers, SlideVector, slide_entry, slide_markers, slide_vector

MANIFEST = "manifest.csv"
OVERVIEW = "overview.png"
COLUMNS = ("file", "level", "x", "y", "mpp", "pixels", "tissue", "sha256")
"""Of the manifest. `level` is the slide's own that a tile was read from, x and y its upper left corner in pixels of
the largest level (as OpenSlide counts), mpp the tile's micrometres a pixel, tissue the share of it."""
OUTLINE = (0, 120, 60)

Tell = Callable[[int, int], None]
"""Called with the tiles that are done and all tiles."""


class Cut(NamedTuple):
    """What was written of a slide."""

    sha256: str
    tiles: int
    level: int
    mpp: float
    slide_mpp: float
    mpp_source: str
    manifest: Path
    overview: Path


class Asked(NamedTuple):
    """How a slide is read."""

    terms: Terms = Terms()
    mpp: float | None = None
    """Micrometres a pixel of its largest level, where the file does not say or says it wrongly."""


def cut(path: Path, folder: Path, asked: Asked | None = None, tell: Tell | None = None) -> Cut:
    """Every tile with tissue as a PNG, an overview with their outlines, and last a manifest: where it is, all are.

    Raises BadRequest where the folder has a manifest already or the slide no tissue, RecordError where nothing can be
    written, and what reading the slide raises.
    """
    how = asked or Asked()
    if (folder / MANIFEST).exists():
        raise BadRequest("the folder holds tiles already", where=str(folder), do="Choose another with --out.")
    with Slide(path, how.mpp) as slide:
        found = tissue_places(slide, how.terms)
        level, rows = level_of(slide, how.terms), []
        for done, place in enumerate(found, 1):
            image = tile(slide, place, how.terms)
            name = f"x{place.column}_y{place.row}.png"
            save_files(folder, {name: encode_png(image.pixels)})
            rows.append((name, level, place.column, place.row, how.terms.mpp, how.terms.side, round(place.tissue, 4),
                         image.ref.sha256))  # fmt: skip
            if tell:
                tell(done, len(found))
        files = {OVERVIEW: _outlined(slide, found), MANIFEST: _table(rows)}
        overview, manifest = save_files(folder, files)
        return Cut(slide.digest(), len(found), level, how.terms.mpp, slide.mpp, slide.mpp_source, manifest, overview)


def _table(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([COLUMNS, *rows])
    return text.getvalue().encode()


def _outlined(slide: Slide, found: Sequence[Place]) -> bytes:
    """The whole slide, small, with each tile's edge."""
    picture = np.ascontiguousarray(slide.overview())
    scale = picture.shape[1] / slide.levels[0].columns
    for place in found:
        corners = [round(one * scale) for one in (place.column, place.row)]
        ends = [round((one + place.side) * scale) - 1 for one in (place.column, place.row)]
        cv2.rectangle(picture, corners, ends, OUTLINE, 1)
    return encode_png(picture)


def _configured(room: ReadingRoom, model: ModelId) -> None:
    """Before a tile is cut. Raises NotServed where no backend of the settings has the model."""
    settings = room.settings
    held: dict[str, Mapping[ModelId, object]] = {"endpoint": settings.endpoints, "local": settings.weights}
    if not any(model in held.get(name, {}) for name in settings.backend.split(",")):
        about = models()[model]
        raise NotServed(f"no {about.name} is configured for the backend {settings.backend}",
                        do=f"Set {about.env}_MODEL_ENDPOINT and READINGROOM_BACKEND=classical,endpoint, or name its "
                        "weights and take classical,local.")  # fmt: skip


async def embed_slide(
    room: ReadingRoom, path: Path, asked: Asked | None = None, *, pooling: Pooling = "mean",
    index: Path | None = None, subject: str = "", tell: Tell | None = None,
) -> tuple[Vectors, SlideVector]:  # fmt: skip
    """The tiles through Prov-GigaPath, pooled to one vector of length 1. With `index`, a folder, it is added there.

    `subject`: the patient's identifier, of which the index holds the pseudonym. Raises NotServed where no Prov-GigaPath
    is configured, BadRequest where the index is of another model, and what `cut` raises of the slide.
    """
    _configured(room, "gigapath")
    how = asked or Asked()
    with Slide(path, how.mpp) as slide:
        vector, about = await slide_vector(slide, room.serving.backend(), how.terms, how=pooling, tell=tell)
        if index is not None:
            own: Metadata = {"subject": pseudonym_of(subject, subject_key(room.settings.config))} if subject else {}
            opened = await asyncio.to_thread(archive_of(room.settings, index).begin, about.space)
            try:
                opened.add([slide_entry(slide, about, own)], vector[None])
            finally:
                opened.close()
    return vector, about


async def stain_slide(
    room: ReadingRoom, path: Path, asked: Asked | None = None, *, tell: Tell | None = None
) -> Markers:
    """GigaTIME's virtual stains over the tiles. Raises NotServed where no GigaTIME is configured, and as `cut` does."""
    _configured(room, "gigatime")
    how = asked or Asked(MARKER_TERMS)
    with Slide(path, how.mpp) as slide:
        return await slide_markers(slide, room.serving.backend(), how.terms, tell=tell)
