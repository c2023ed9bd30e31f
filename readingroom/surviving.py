"""A room's look at survival, from Python: indexes of one or several models against a table of outcomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from readingroom.archive import archive_of, rows_of
from readingroom.errors import BadRequest
from readingroom.index.entry import EVERYTHING
from readingroom.learning.survival_validation import Plan
from readingroom.room import ReadingRoom
from readingroom.settings import subject_key
from readingroom.workflows.survival import Survival, Table, read_survival


def survival(
    room: ReadingRoom, table: Table, indexes: Sequence[Path], plan: Plan | None = None, *,
    progress: Callable[[str], None] | None = None,
) -> Survival:  # fmt: skip
    """Cox models of each index's vectors, and of all of them fused, judged on patients left out.

    Raises BadRequest or BadFile saying what is missing, NotServed without lifelines.
    """
    names = [path.name or str(path) for path in indexes]
    if len({path.resolve() for path in indexes}) < len(indexes):
        raise BadRequest("an index is named twice", do="Name each once.")
    if len(set(names)) < len(names):
        names = [str(path) for path in indexes]
    held = [
        (name, rows_of(archive_of(room.settings, path), EVERYTHING)) for name, path in zip(names, indexes, strict=True)
    ]
    return read_survival(table, held, subject_key(room.settings.config), plan, progress=progress)
