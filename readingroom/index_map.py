"""An index as a picture: its rows on two dimensions, coloured by a field of their metadata."""

from __future__ import annotations

from pathlib import Path

from readingroom.archive import archive_of, rows_of
from readingroom.errors import BadRequest
from readingroom.exports.curves import map_chart
from readingroom.exports.plots import to_png
from readingroom.exports.plots_page import Page, page_html
from readingroom.index.entry import EVERYTHING, Filter
from readingroom.index.scalar import texts
from readingroom.learning.grouping import evenly
from readingroom.learning.projection import principal
from readingroom.room import ReadingRoom
from readingroom.saving import save_files
from readingroom.tools.similar import called

MOST_POINTS = 2000
"""Rows on the map, evenly through the index."""
NOT_SAID = "not said"
SHORT = 16


def index_map(
    room: ReadingRoom, by: str = "modality", where: Filter = EVERYTHING, *, index: Path | None = None
) -> Page:
    """Pictures and volumes of an index by their two principal components; colours are the values of the field `by`.

    Raises BadRequest where fewer than three rows are left, or none of them has the field.
    """
    archive = archive_of(room.settings, index)
    held = rows_of(archive, where)
    shown = evenly(held, MOST_POINTS)
    groups = ["+".join(texts(entry.metadata.get(by))) or NOT_SAID for entry in shown.entries]
    if set(groups) == {NOT_SAID}:
        raise BadRequest(f"no row says its {by}", where=archive.where, do="Name another field: readingroom index show.")
    labels = [f"{called(entry.metadata)}\n{entry.id[:SHORT]}" for entry in shown.entries]
    found = principal(shown.vectors)
    chart = map_chart(found, shown.vectors, groups, labels, f"Where the images lie, by {by}")
    return Page(
        title="Map of the index",
        answer=f"{len(shown.entries)} of {len(held.entries)} images by {by}, {held.space.title}.",
        alarm=False,
        charts=(chart,),
        tables=(),
        strips=(),
        notes=(
            "The map shows the two principal components of the vectors; they hold "
            f"{sum(found.shares):.0%} of the variance, and what lies together here may lie apart in the rest.",
            "Images that look alike lie together; that is not the same as a diagnosis they share.",
        ),
    )


def write(page: Page, out: Path) -> Path:
    """As its name ends: .png the chart alone, .html a page. Raises BadRequest for another, NotServed without matplotlib
    for the first, RecordError where it cannot be written."""
    kind = out.suffix.lower()
    if kind not in (".png", ".html"):
        raise BadRequest(f"a map is not written as {kind or 'a file without ending'}", do="Name a .html or a .png.")
    content = to_png(page.charts[0]) if kind == ".png" else page_html(page).encode()
    return save_files(out.parent, {out.name: content})[0]
