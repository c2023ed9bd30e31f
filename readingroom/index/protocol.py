"""What every index can do: embedded in this process, or a server for those who outgrow a machine."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadRequest
from readingroom.index.entry import EVERYTHING, Entry, Filter, Hit, Space

Vectors = NDArray[np.float32]

MOST_FOUND = 10_000
"""Rows that one search returns at most."""

Tell = Callable[[int, int], None]
"""Called with the rows that are done and all rows."""


IS_UNIT = 1e-6
"""A square this near to 1 in float32 is that of a vector made to be of length 1."""


class NotBegun(BadRequest):
    """There is no index at this address yet; everything else about it is well."""

    def __init__(self, where: str) -> None:
        super().__init__("there is no index yet", where=where, do="Add images to it first: readingroom index add.")


def is_server(address: str | Path) -> bool:
    """Whether it names a server rather than a folder of this machine."""
    return isinstance(address, str) and "://" in address


class Collection(NamedTuple):
    """Rows taken out of an index: what statistics and adapters work on."""

    space: Space
    entries: tuple[Entry, ...]
    vectors: Vectors
    """(N, dimensions) of length 1, a row an entry."""


class VectorIndex(Protocol):
    """Rows of one space. Every method is safe to call again after an error."""

    @property
    def space(self) -> Space:
        """Of all its vectors."""
        ...

    def __len__(self) -> int:
        """Rows that a search can find."""
        ...

    def add(self, entries: Sequence[Entry], vectors: Vectors) -> None:
        """Durable when it returns: all rows or none. (N, dimensions), of any length but zero; a known id is replaced.

        Raises BadRequest for vectors that are not finite, not of this space or zero, for an id given twice, and for
        texts with a NUL, which PostgreSQL does not keep.
        """
        ...

    def delete(self, ids: Sequence[str]) -> int:
        """How many were there; durable when it returns."""
        ...

    def search(self, query: Vectors, k: int = 10, where: Filter = EVERYTHING) -> tuple[Hit, ...]:
        """The `k` rows of largest cosine to a query (dimensions,), best first, equal ones by id.

        Which of several equal ones are the last of the k is left open.
        """
        ...

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """(N, dimensions) of length 1, in the order of the ids. Raises BadRequest for one that is not there."""
        ...

    def entries(self, where: Filter = EVERYTHING) -> tuple[Entry, ...]:
        """Rows by id."""
        ...

    def close(self) -> None:
        """May be called twice."""
        ...


def no_row(name: str, where: str) -> BadRequest:
    """The error of an id that is not in an index."""
    return BadRequest(f"there is no row {name[:60]!r}", where=where, do="`readingroom index search --json` tells ids.")


def collection(index: VectorIndex, where: Filter = EVERYTHING) -> Collection:
    """The rows that a filter lets through, by id, with their vectors: all of them in memory."""
    entries = index.entries(where)
    return Collection(index.space, entries, index.vectors([entry.id for entry in entries]))


def unit(vectors: Vectors, space: Space, what: str = "a vector") -> Vectors:
    """(N, dimensions) float32 of length 1. Raises BadRequest for what has no direction in this space."""
    found = np.atleast_2d(np.asarray(vectors, np.float32))
    if found.ndim != 2 or found.shape[1] != space.dimensions:
        raise BadRequest(f"{what} has {found.shape[-1]} numbers where {space.dimensions} are wanted",
                         do=f"The index holds {space.title}.")  # fmt: skip
    lengths = np.sqrt(np.einsum("nd,nd->n", found, found, dtype=np.float64))[:, None]
    if not np.isfinite(lengths).all():  # the square of a finite float32 is a finite float64
        raise BadRequest(f"{what} holds numbers that are not finite")
    if not lengths.all():
        raise BadRequest(f"{what} is zero and has no direction")
    return np.ascontiguousarray(found / lengths, dtype=np.float32)


def direction(query: Vectors, space: Space) -> Vectors:
    """A query (dimensions,) of length 1, as `unit` makes it; in few steps, for it is done for each search."""
    given = np.ascontiguousarray(query, np.float32)
    if given.shape == (space.dimensions,) and abs(float(given @ given) - 1) < IS_UNIT:
        return given
    wide = given.astype(np.float64)
    length = math.sqrt(wide @ wide) if wide.shape == (space.dimensions,) else math.nan
    if 0 < length < math.inf:
        return np.asarray(wide / length, np.float32)
    found = unit(query, space, "the query")  # which says what is wrong
    if len(found) != 1:
        raise BadRequest(f"{len(found)} queries were given at once", do="Give one.")
    return np.asarray(found[0], np.float32)


def checked(entries: Sequence[Entry], vectors: Vectors, space: Space) -> Vectors:
    """The vectors of an `add`, of length 1. Raises BadRequest where they do not fit the entries or the space."""
    found = unit(vectors, space) if len(entries) else np.zeros((0, space.dimensions), np.float32)
    if len(found) != len(entries):
        raise BadRequest(f"{len(entries)} entries came with {len(found)} vectors")
    if len({entry.id for entry in entries}) < len(entries):
        raise BadRequest("an id stands twice among the entries", do="Add each row once.")
    for entry in entries:
        if any("\0" in text for text in _texts(entry)):
            raise BadRequest("an id or a field of an entry holds a NUL character", do="Leave it out.")
    return found


def _texts(entry: Entry) -> Iterator[str]:
    yield entry.id
    for field, value in entry.metadata.items():
        yield field
        yield from value if isinstance(value, list) else [value] if isinstance(value, str) else []
