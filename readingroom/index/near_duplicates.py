"""Rows so alike that they show the same picture: exactly, pair by pair, and as groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.index.entry import Entry
from readingroom.index.protocol import Collection, Tell, Vectors

THRESHOLD = 0.99
"""Cosine from which two rows count as the same picture; docs/index.md says how to choose one for a model."""
MOST_PAIRS = 1_000_000
"""Pairs that one answer holds; more means that the threshold is too low for these vectors."""
BLOCK = 2048
"""Rows multiplied with as many others at once: 16 MB of cosines."""


class _Alike(NamedTuple):
    """Pairs of rows and their cosines."""

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    cosines: Vectors


class Pair(Value):
    """Two rows, the first by id before the second."""

    one: str
    other: str
    similarity: float


class Group(Value):
    """Rows that hang together by pairs; two of them need not be a pair themselves."""

    ids: tuple[str, ...]
    least: float
    """The smallest similarity among its pairs."""


class NearDuplicates(Value):
    """What looks twice the same."""

    threshold: float
    rows: int
    """All that were compared, each with each."""
    across: str = ""
    """The field in which the two of a pair had to differ."""
    pairs: tuple[Pair, ...]
    """Most alike first."""
    groups: tuple[Group, ...]
    """Largest first."""


def near_duplicates(
    found: Collection, threshold: float = THRESHOLD, across: str = "", tell: Tell | None = None
) -> NearDuplicates:
    """Every pair of rows whose cosine is `threshold` or more, and the groups they make (connected components).

    `across`: a metadata field, for example "subject" or "split"; only pairs that differ in it count, which is how a
    picture on both sides of a split is found. A row without the field differs from every other. Exact: all pairs are
    looked at, in blocks of 16 MB; 10,000 rows of 1024 numbers take some seconds of one core, 100,000 some minutes.
    Raises BadRequest for a threshold outside (0, 1] and where more than `MOST_PAIRS` pairs pass it.
    """
    if not 0 < threshold <= 1:
        raise BadRequest(f"{threshold} is no threshold of a cosine", do="Give one above 0, at most 1.")
    parts: list[_Alike] = []
    for part in _blocks(found.vectors, threshold, _sides(found.entries, across), tell):
        parts.append(part)
        if sum(len(one.cosines) for one in parts) > MOST_PAIRS:
            raise BadRequest(f"more than {MOST_PAIRS:,} pairs reach {threshold}", do="Raise the threshold.")
    none = np.zeros(0, np.int64)
    alike = (
        _Alike(*map(np.concatenate, zip(*parts, strict=True))) if parts else _Alike(none, none, none.astype(np.float32))
    )
    return NearDuplicates(
        threshold=threshold,
        rows=len(found.entries),
        across=across,
        pairs=_pairs(found.entries, alike),
        groups=_groups(found.entries, alike),
    )


def _sides(entries: Sequence[Entry], across: str) -> NDArray[np.int64] | None:
    """A number a row; rows of one number are not compared. None compares all."""
    if not across:
        return None
    known: dict[str, int] = {}
    told = [entry.metadata.get(across) for entry in entries]
    return np.array(
        [-1 - row if one is None else known.setdefault(repr(one), len(known)) for row, one in enumerate(told)], np.int64
    )


def _blocks(vectors: Vectors, threshold: float, sides: NDArray[np.int64] | None, tell: Tell | None) -> Iterator[_Alike]:
    edge = np.float32(threshold - 1e-6)  # a product of float32 unit vectors is off by some 1e-7
    for start in range(0, len(vectors), BLOCK):
        block = vectors[start : start + BLOCK]
        for first in range(start, len(vectors), BLOCK):
            cosines = block @ vectors[first : first + BLOCK].T
            one, other = np.nonzero(cosines >= edge)
            keep = one + start < other + first
            if sides is not None:
                keep &= sides[one + start] != sides[other + first]
            one, other = one[keep], other[keep]
            if len(one):
                yield _Alike(one + start, other + first, cosines[one, other])
        if tell is not None:
            tell(min(start + BLOCK, len(vectors)), len(vectors))


def _pairs(entries: Sequence[Entry], alike: _Alike) -> tuple[Pair, ...]:
    pairs = []
    for one, other, cosine in zip(alike.one.tolist(), alike.other.tolist(), alike.cosines.tolist(), strict=True):
        first, second = sorted((entries[one].id, entries[other].id))
        pairs.append(Pair(one=first, other=second, similarity=min(cosine, 1.0)))
    return tuple(sorted(pairs, key=lambda pair: (-pair.similarity, pair.one, pair.other)))


def _groups(entries: Sequence[Entry], alike: _Alike) -> tuple[Group, ...]:
    count = len(entries)
    links = coo_array((np.ones(len(alike.one)), (alike.one, alike.other)), shape=(count, count))
    part_of = connected_components(links, directed=False)[1] if len(alike.one) else np.zeros(count, np.int64)
    least: dict[int, float] = {}
    for part, cosine in zip(part_of[alike.one].tolist(), alike.cosines.tolist(), strict=True):
        least[part] = min(least.get(part, 1.0), cosine)
    members: dict[int, list[str]] = {}
    for row in np.union1d(alike.one, alike.other).tolist():
        members.setdefault(int(part_of[row]), []).append(entries[row].id)
    groups = [Group(ids=tuple(sorted(ids)), least=least[part]) for part, ids in members.items()]
    return tuple(sorted(groups, key=lambda group: (-len(group.ids), group.ids)))
