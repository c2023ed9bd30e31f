"""Rows of a collection by study and by patient, and the refusal to compare what lies in different spaces."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadRequest
from readingroom.index.entry import Entry, Metadata, Space
from readingroom.index.protocol import Collection

SUBJECT, STUDY = "subject", "study"
"""Metadata fields that say whose an image is and which images were read together."""


TECHNICAL = frozenset({"sha256", "level", "pooled", "pooling", "sliced", "slice", "depth", "backend", "name"})
"""Fields that an index keeps about its own rows: they say nothing of how an image was acquired."""


class Group(NamedTuple):
    """Rows that belong together."""

    name: str
    subject: str
    rows: tuple[int, ...]
    """Places in the collection, ascending."""


def subject_of(entry: Entry) -> str:
    """The patient's pseudonym; a row that names none stands for itself, or for its study."""
    for field in (SUBJECT, STUDY):
        if (name := entry.metadata.get(field)) not in (None, "", "unknown"):
            return f"{field} {name}"
    return f"image {entry.id}"


def study_of(entry: Entry) -> str:
    """The study that an image belongs to; one that names none is a study of its own."""
    name = entry.metadata.get(STUDY)
    return str(name) if name not in (None, "", "unknown") else entry.id


def studies_of(entries: Iterable[Entry]) -> tuple[Group, ...]:
    """Rows by subject and study, in the order of their first rows."""
    found: dict[tuple[str, str], list[int]] = {}
    for row, entry in enumerate(entries):
        found.setdefault((subject_of(entry), study_of(entry)), []).append(row)
    return tuple(Group(study, subject, tuple(rows)) for (subject, study), rows in found.items())


def subjects_of(entries: Iterable[Entry]) -> tuple[Group, ...]:
    """Rows by subject, in the order of their first rows."""
    found: dict[str, list[int]] = {}
    for row, entry in enumerate(entries):
        found.setdefault(subject_of(entry), []).append(row)
    return tuple(Group(subject, subject, tuple(rows)) for subject, rows in found.items())


def drawn(found: Collection, rows: Iterable[int]) -> Collection:
    """Some rows of a collection, in the order given."""
    chosen = list(rows)
    return Collection(found.space, tuple(found.entries[row] for row in chosen), found.vectors[chosen])


def evenly(found: Collection, most: int) -> Collection:
    """At most so many rows, at equal steps through all of them."""
    count = len(found.entries)
    if count <= most:
        return found
    return drawn(found, np.unique(np.linspace(0, count - 1, most).astype(int)).tolist())


def same_space(reference: Space, other: Space) -> None:
    """Raises BadRequest where vectors of two spaces would be compared, naming both."""
    if reference != other:
        raise BadRequest(f"the reference holds {reference.title}, and these are {other.title}",
                         do="Embed both with the same model, version and preparation.")  # fmt: skip


def distances(one: NDArray[np.floating], other: NDArray[np.floating]) -> NDArray[np.float64]:
    """(N, M) Euclidean distances between the rows of (N, D) and (M, D); 0 where rows are equal to rounding."""
    x, y = np.asarray(one, np.float64), np.asarray(other, np.float64)
    lengths = (x * x).sum(axis=1)[:, None] + (y * y).sum(axis=1)[None, :]
    squared = lengths - 2 * (x @ y.T)
    return np.asarray(np.sqrt(np.where(squared > 1e-13 * lengths, squared, 0.0)), np.float64)


def texts_of(metadata: Metadata, field: str) -> str:
    """A field as one text; "(missing)" where there is none."""
    value = metadata.get(field)
    if value is None or value in ("", []):
        return "(missing)"
    return ", ".join(sorted(value)) if isinstance(value, list) else str(value)


def number_of(metadata: Metadata, field: str) -> float:
    """A field as a number; NaN where there is none."""
    value = metadata.get(field)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else float("nan")
