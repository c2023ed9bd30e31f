"""The vectors of a volume's slices as one vector of the volume."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadRequest

Pooling = Literal["median", "mean", "max", "std"]

_WAYS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "median": lambda slices: np.asarray(np.median(slices, axis=0)),
    "mean": lambda slices: np.asarray(slices.mean(axis=0)),
    "max": lambda slices: np.asarray(slices.max(axis=0)),
    "std": lambda slices: np.asarray(slices.std(axis=0)),
}

LEAST_LENGTH = 1e-12
"""Of a pooled vector; below it there is no direction left."""


def pooled(slices: NDArray[np.float32], how: Pooling = "median") -> NDArray[np.float32]:
    """(S, D) vectors of one volume's slices to (D,) of length 1.

    With x[s, d] number d of slice s, and p[d] what is pooled:

    - median: p[d] = the middle of x[:, d], or the mean of the two middle ones (the published recipe for 3D search);
    - mean:   p[d] = 1/S sum over s of x[s, d];
    - max:    p[d] = the largest x[s, d];
    - std:    p[d] = sqrt(1/S sum over s of (x[s, d] - mean[d])^2), the spread alone, which needs two slices.

    The result is p / |p|, computed in float64. Raises BadRequest where nothing is left to point anywhere.
    """
    found = np.asarray(slices, np.float64)
    if found.ndim != 2 or not len(found):
        raise BadRequest(f"vectors of shape {found.shape} cannot be pooled", do="Give one row a slice.")
    if how not in _WAYS:
        raise BadRequest(f"there is no pooling {how!r}", do=f"Choose {', '.join(_WAYS)}.")
    whole = _WAYS[how](found)
    length = float(np.linalg.norm(whole))
    if not np.isfinite(length) or length < LEAST_LENGTH:
        raise BadRequest(f"the {how} of {len(found)} slices has no direction", do="Pool by the median or the mean.")
    return np.asarray(whole / length, np.float32)


def spread(depth: int, most: int) -> tuple[int, ...]:
    """The planes that stand for a volume: all of them, or `most` at equal steps, the middles of as many equal parts."""
    if most < 1:
        raise BadRequest(f"{most} slices were asked for", do="Ask for 1 or more.")
    if depth <= most:
        return tuple(range(depth))
    return tuple(int((place + 0.5) * depth / most) for place in range(most))
