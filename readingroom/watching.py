"""A room's watch over what comes in, from Python: outliers against a reference, drift of a stream."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from readingroom.archive import LEDGER, Archive, archive_of, rows_of
from readingroom.domain.value import Value
from readingroom.errors import BadFile, BadRequest
from readingroom.exports.plots import to_png
from readingroom.exports.plots_page import Page, page_html, page_markdown
from readingroom.index.entry import Filter
from readingroom.index.protocol import Collection
from readingroom.indexing import THUMBNAILS, Adding, index_add
from readingroom.room import ReadingRoom
from readingroom.saving import save_files
from readingroom.workflows.drift import Drift, Watched, check_drift
from readingroom.workflows.drift_page import drift_page
from readingroom.workflows.outliers import Asked, Outliers, find_outliers
from readingroom.workflows.outliers_page import outliers_page

EVERY = Filter()


@dataclass(frozen=True)
class Told:
    """What was found, and how it is shown."""

    found: Outliers | Drift
    page: Page


async def outliers(
    room: ReadingRoom, reference: Path, queries: Sequence[Path], asked: Asked | None = None, *,
    where: Filter = EVERY, tell: Callable[[int, int], None] | None = None,
) -> Told:  # fmt: skip
    """Studies against the index of a reference. `queries`: one index, or files and folders, which are embedded.

    `where` narrows the reference. Raises BadRequest for too small a reference or another space, BadFile where a file
    cannot be embedded.
    """
    held, how = rows_of(archive_of(room.settings, reference), where), asked or Asked()
    if len(queries) == 1 and (queries[0] / LEDGER).is_file():
        rows = rows_of(Archive(queries[0]), EVERY)
        return _judged(find_outliers(held, rows, how, tell), held, rows, (queries[0], reference))
    with tempfile.TemporaryDirectory(prefix="readingroom-") as folder:
        added = await index_add(room, list(queries), Adding(thumbnails=True), index=Path(folder))
        failed = [row for row in added.rows if row.status == "failed"]
        if failed:
            raise BadFile(f"{len(failed)} of {len(added.rows)} could not be embedded, first: {failed[0].reason}",
                          where=failed[0].source, do="Leave them out.")  # fmt: skip
        rows = rows_of(Archive(Path(folder)), EVERY)
        return _judged(find_outliers(held, rows, how, tell), held, rows, (Path(folder), reference))


def _judged(found: Outliers, held: Collection, queries: Collection, folders: Sequence[Path]) -> Told:
    """With the pictures that the indexes of these folders keep."""

    def picture(name: str) -> bytes | None:
        paths = (folder / THUMBNAILS / f"{Path(name).name}.png" for folder in folders)
        return next((path.read_bytes() for path in paths if path.is_file()), None)

    return Told(found, outliers_page(found, held, queries, picture))


def drift(
    reference: Path, stream: Path, watched: Watched, *,
    reference_where: Filter = EVERY, stream_where: Filter = EVERY, tell: Callable[[str], None] | None = None,
) -> Told:  # fmt: skip
    """A stream's index against a reference's; both may be one index, told apart by their filters.

    Raises BadRequest as `check_drift` does.
    """
    if reference.resolve() == stream.resolve() and reference_where == stream_where:
        raise BadRequest(
            "reference and stream are the same rows", do="Tell them apart with --where and --stream-where."
        )
    held = rows_of(Archive(reference), reference_where)
    found = check_drift(held, rows_of(Archive(stream), stream_where), watched, tell)
    return Told(found, drift_page(found))


def write(told: Told, folder: Path, name: str) -> tuple[Path, ...]:
    """`<name>.md`, `.json`, `.html` and a PNG a chart, for their owner alone. Raises RecordError.

    Without matplotlib no PNG is written, and NotServed tells so after the rest is there.
    """
    return save_files(folder, {f"{name}.json": _json(told.found)}) + write_page(told.page, folder, name)


def write_page(page: Page, folder: Path, name: str) -> tuple[Path, ...]:
    """As `write`, of a page alone."""
    paths = save_files(folder, {f"{name}.md": page_markdown(page).encode(), f"{name}.html": page_html(page).encode()})
    return paths + save_files(folder, {f"{chart.name}.png": to_png(chart) for chart in page.charts})


def _json(found: Value) -> bytes:
    return f"{found.model_dump_json(indent=2)}\n".encode()
