"""Vectors of several models side by side: one row a patient, standardised and reduced on training patients alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadRequest
from readingroom.index.entry import Space
from readingroom.index.protocol import Collection
from readingroom.learning.grouping import SUBJECT

Numbers = NDArray[np.float64]

FLAT = 1e-9
"""Standard deviation up to which a number says nothing and is left at zero."""


class Blocks(NamedTuple):
    """A row a patient in every block; a block a collection."""

    subjects: tuple[str, ...]
    spaces: tuple[Space, ...]
    blocks: tuple[Numbers, ...]
    """(N, D) each, of length 1."""
    left_out: int
    """Patients that not every collection holds."""
    nameless: int
    """Rows that name no patient."""

    def drawn(self, rows: NDArray[np.integer]) -> tuple[Numbers, ...]:
        """Some rows of every block."""
        return tuple(block[rows] for block in self.blocks)


class Fusion(NamedTuple):
    """What training patients fixed."""

    means: tuple[Numbers, ...]
    scales: tuple[Numbers, ...]
    axes: Numbers
    """(components, sum of dimensions), orthonormal rows."""
    spread: Numbers
    """Standard deviation of each component among the training patients."""
    explained: float
    """Share of the training variance that the components keep."""

    def apply(self, blocks: Sequence[Numbers]) -> Numbers:
        """(N, components), of standard deviation 1 among the training patients."""
        return np.asarray(_joined(blocks, self.means, self.scales) @ self.axes.T / self.spread, np.float64)


def by_subject(collections: Sequence[Collection]) -> Blocks:
    """A patient's vector is the mean of their rows, of length 1 again; patients that a collection lacks are out.

    Raises BadRequest where no patient is in all of them, or rows cancel each other.
    """
    nameless, held = 0, []
    for one in collections:
        rows: dict[str, list[int]] = {}
        for place, entry in enumerate(one.entries):
            whose = entry.metadata.get(SUBJECT)
            if whose in (None, "", "unknown"):
                nameless += 1
            else:
                rows.setdefault(str(whose), []).append(place)
        held.append(rows)
    common = sorted(set(held[0]).intersection(*held[1:])) if held else []
    if not common:
        raise BadRequest("no patient is in all of the indexes", do="Give indexes of the same patients.")
    blocks = tuple(
        np.stack([_mean(one.vectors[rows[name]], name) for name in common])
        for one, rows in zip(collections, held, strict=True)
    )
    everyone = set().union(*held)
    spaces = tuple(one.space for one in collections)
    return Blocks(tuple(common), spaces, blocks, len(everyone) - len(common), nameless)


def fit_fusion(blocks: Sequence[Numbers], components: int) -> Fusion:
    """Each number to mean 0 and deviation 1, each block divided by the root of its length, then principal components.

    Without the root a model of 1536 numbers would outweigh one of 1024 for no other reason than that. No more
    components than patients less one. Raises BadRequest for fewer than three patients or where all are alike.
    """
    count = len(blocks[0]) if blocks else 0
    if count < 3 or components < 1 or any(len(block) != count for block in blocks):
        raise BadRequest(f"{components} components of {count} patients cannot be fitted")
    means = tuple(block.mean(axis=0) for block in blocks)
    scales = tuple(_scale(block) for block in blocks)
    _, sizes, axes = np.linalg.svd(_joined(blocks, means, scales), full_matrices=False)
    kept = min(components, int((sizes > FLAT * max(sizes[0], FLAT)).sum()), count - 1)
    if sizes[0] <= FLAT or kept < 1:
        raise BadRequest("all patients have the same vector")
    variance = sizes**2
    turned = axes[:kept] * np.sign(axes[:kept][np.arange(kept), np.abs(axes[:kept]).argmax(axis=1)])[:, None]
    return Fusion(means, scales, turned, sizes[:kept] / np.sqrt(count - 1),
                  float(variance[:kept].sum() / variance.sum()))  # fmt: skip


def _mean(vectors: NDArray[np.float32], name: str) -> Numbers:
    mean = vectors.astype(np.float64).mean(axis=0)
    length = float(np.linalg.norm(mean))
    if length < FLAT:
        raise BadRequest("the vectors of one patient cancel each other", where=f"subject {name[:40]}")
    return np.asarray(mean / length, np.float64)


def _scale(block: Numbers) -> Numbers:
    deviation = block.std(axis=0, ddof=1)
    return np.asarray(np.where(deviation > FLAT, deviation, np.inf) * np.sqrt(block.shape[1]), np.float64)


def _joined(blocks: Sequence[Numbers], means: Sequence[Numbers], scales: Sequence[Numbers]) -> Numbers:
    parts = [(block - mean) / scale for block, mean, scale in zip(blocks, means, scales, strict=True)]
    return np.concatenate(parts, axis=1)
