"""Vectors on a map of two dimensions: principal components, the same map for the same data."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadRequest

Numbers = NDArray[np.float64]


class Projection(NamedTuple):
    """Two directions through the middle of a reference."""

    mean: Numbers
    directions: Numbers
    """(2, D)."""
    shares: tuple[float, float]
    """Of the reference's variance along each."""

    def of(self, vectors: NDArray[np.floating]) -> Numbers:
        """(N, 2)."""
        return np.asarray((np.asarray(vectors, np.float64) - self.mean) @ self.directions.T)


def principal(vectors: NDArray[np.floating]) -> Projection:
    """The two directions of largest variance of (N, D); the largest number of each is positive, so that no sign is left
    to chance. Raises BadRequest for fewer than 3 rows or 2 dimensions."""
    rows = np.asarray(vectors, np.float64)
    if rows.ndim != 2 or len(rows) < 3 or rows.shape[1] < 2:
        raise BadRequest(f"{len(rows)} rows make no map", do="At least 3 are needed.")
    mean = rows.mean(axis=0)
    _, lengths, directions = np.linalg.svd(rows - mean, full_matrices=False)
    signs = np.sign(directions[np.arange(2), np.abs(directions[:2]).argmax(axis=1)])
    total = float((lengths**2).sum()) or 1.0
    shares = lengths[:2] ** 2 / total
    return Projection(mean, directions[:2] * signs[:, None], (float(shares[0]), float(shares[1])))
