"""Many tests at once: p-values adjusted so that what is called remarkable is not what chance picks from many."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from readingroom.errors import BadRequest

Values = NDArray[np.float64]


def holm(p_values: ArrayLike) -> Values:
    """Adjusted for the chance of any false positive (Holm 1979): max over j <= i of (m - j + 1) p_(j), at most 1."""
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")
    steps = p[order] * np.arange(len(p), 0, -1)
    return _back(np.minimum(np.maximum.accumulate(steps), 1.0), order)


def benjamini_hochberg(p_values: ArrayLike) -> Values:
    """For the expected share of false among the positives (1995): min over j >= i of m p_(j) / j, at most 1."""
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")
    steps = p[order] * len(p) / np.arange(1, len(p) + 1)
    return _back(np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1.0), order)


def _checked(p_values: ArrayLike) -> Values:
    p = np.asarray(p_values, np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():  # NaN fails both
        raise BadRequest("p-values are one row of numbers from 0 to 1")
    return p


def _back(values: Values, order: NDArray[np.intp]) -> Values:
    found = np.empty_like(values)
    found[order] = values
    return found
