"""A room's look at how an image was acquired, from Python: pixels against header."""

from __future__ import annotations

import asyncio
from pathlib import Path

from readingroom.archive import archive_of
from readingroom.imaging.acquisition import said_of
from readingroom.imaging.sources import sources_of
from readingroom.index.entry import Metadata
from readingroom.room import Paths, ReadingRoom, _paths
from readingroom.settings import subject_key
from readingroom.tools.adapters import read_adapter
from readingroom.workflows.acquisition import Acquisition, Wanted, read_acquisition
from readingroom.workflows.admission import gated


async def acquisition(
    room: ReadingRoom, paths: Paths, *, index: Path | None = None, wanted: Wanted | None = None,
    adapter: Path | None = None,
) -> Acquisition:  # fmt: skip
    """Modality, body part, plane, MR sequence and contrast of a study's first image, by its pixels and by its header.

    The index's rows carry the labels in their metadata (docs/acquisition.md). Raises BadRequest where there is no
    index, or index or adapter are of another model.
    """
    given, key = _paths(paths), subject_key(room.settings.config)
    trained = read_adapter(adapter) if adapter else None
    study = await asyncio.to_thread(room.read, given)
    gated(study)
    said = await asyncio.to_thread(said_of, given, study)
    own: Metadata = {} if study.subject == "unknown" else {"subject": study.subject}
    studies = {source.study for source in sources_of(given, key=key) if source.study}
    if len(studies) == 1:
        own["study"] = studies.pop()
    with archive_of(room.settings, index).opened() as opened:
        backend, image = room.serving.backend(), study.images[0]
        return await read_acquisition(opened, backend, image, said, own, wanted=wanted, adapter=trained)
