"""Rows of glyphs: pieces of a picture in a line, and how likely that line is text.

The weights were fitted by logistic regression on one half of 139 public images without text, with text burned in by
program, and tried on the other half.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

Integers = NDArray[np.int64]
Reals = NDArray[np.float64]

WORDS = 4
"""Glyphs in a line from which on it may name somebody; fewer are a marker (L, R, PA)."""
SMALLEST = 5.0
"""Height of a glyph in pixels below which it is not looked for."""
HIGHEST = 13
LAYER = 1 << 20
"""Pixels: more than a picture has rows."""
_GAP = 1.3
"""Widest gap between two glyphs of a row, in heights of the lower one and one pixel: a colon or a dash may be there."""
_SLOPE = 2.5
"""Pixels between the middles of two glyphs of a word, across the line."""
_WORD_GAP = 2.0
"""Between two words of a line, in glyph heights."""
_WEIGHTS = (4.4, 3.9, 1.9, -5.4, 5.9, 11.2, -1.2, 1.2, 2.5)
_BIAS = -27.4
_SURE = 3.0
"""Log odds from which on a row of glyphs counts as text."""
_DOWN = 1.5
"""More of them for a row that runs down, where ribs and vertebrae lie in rows too."""
_ALIKE = 0.05
"""Ticks of a scale, screws of a plate, stitches: equally wide, evenly spaced, and filled alike to this spread."""
_SURE_MARKER = 6.0
"""The same for two or three glyphs, weighed as if they were four."""


class Glyphs(NamedTuple):
    """Pieces that may be glyphs, one entry each; along the line they lie at `at` with `wide`, across it at `top`."""

    at: Integers
    top: Integers
    """Moved by `LAYER` from one level or polarity to the next, so that no row spans two of them."""
    wide: Integers
    high: Integers
    ink: Integers
    """Pixels."""
    patch: Integers
    label: Integers

    def pick(self, rows: NDArray[np.generic]) -> Glyphs:
        return Glyphs(*(part[rows] for part in self))


class Rows:
    """Glyphs in rows: each within a gap of the next, their middles on one level; two or more of them."""

    def __init__(self, glyphs: Glyphs, order: Integers, starts: Integers, *, down: bool) -> None:
        self.glyphs = glyphs
        self._order = order
        """Glyphs by row, then along it."""
        self._starts = starts
        self._counts = np.diff(np.append(starts, len(order)))
        self._row = np.repeat(np.arange(len(starts)), self._counts)
        self.least = np.where(self._counts >= WORDS, _SURE, _SURE_MARKER) + _DOWN * down
        """Log odds that each row needs."""

    @classmethod
    def of(cls, glyphs: Glyphs, *, down: bool) -> Rows | None:
        """All rows there are; None where there is none."""
        size = len(glyphs.at)
        if size < 2:
            return None
        ends = glyphs.at + glyphs.wide
        middle = glyphs.top + glyphs.high / 2
        reach = _GAP * (1 + HIGHEST) + float(glyphs.wide.max())
        tree = cKDTree(np.stack([glyphs.at + glyphs.wide / 2, middle * (reach / _SLOPE)], axis=1))
        a, b = tree.query_pairs(reach * 1.5, output_type="ndarray").T
        gap = np.maximum(glyphs.at[a], glyphs.at[b]) - np.minimum(ends[a], ends[b])
        linked = (np.abs(middle[a] - middle[b]) <= _SLOPE) & (
            gap <= _GAP * (1 + np.minimum(glyphs.high[a], glyphs.high[b]))
        )
        if not linked.any():
            return None
        links = coo_array((np.ones(int(linked.sum()), bool), (a[linked], b[linked])), shape=(size, size))
        _, chain = connected_components(links, directed=False)
        order = np.lexsort((glyphs.at, chain))
        order = order[np.bincount(chain)[chain[order]] >= 2]
        starts = np.flatnonzero(np.diff(chain[order], prepend=-1))
        return cls(glyphs, order, starts, down=down)

    def glyphs_of(self, rows: Integers) -> Integers:
        """The glyphs of some rows."""
        return self._order[np.isin(self._row, rows)]

    def odds(self, peak: Reals, contrast: Reals) -> Reals:
        """Log odds of each row that it is text, from the levels of all glyphs (255: the most that they could be)."""
        return np.where(self._ruler(), -np.inf, np.asarray(_WEIGHTS) @ self._measures(peak, contrast) + _BIAS)

    def _ruler(self) -> NDArray[np.bool_]:
        """Ticks of a scale, screws of a plate, stitches."""
        one = self.glyphs.pick(self._order)
        height = self._median(one.high)
        wide = self._spread(one.wide, self._row) < 0.2 * height
        filled = self._spread(one.ink / (one.wide * one.high), self._row) < _ALIKE
        return wide & filled & (self._gaps(one) < 0.13 * height) & (self._counts >= WORDS)

    def _gaps(self, one: Glyphs) -> Reals:
        """Spread of the gaps between neighbours."""
        inside = self._row[1:] == self._row[:-1]
        return self._spread((one.at[1:] - (one.at + one.wide)[:-1])[inside], self._row[1:][inside])

    def _measures(self, peak: Reals, contrast: Reals) -> Reals:
        """(9, rows): what `_WEIGHTS` weigh."""
        one = self.glyphs.pick(self._order)
        height = self._median(one.high)
        near = np.maximum(1.0, 0.13 * height)
        foot = one.top + one.high
        on_base, on_top = (
            self._mean(np.abs(edge - self._median(edge)[self._row]) <= near[self._row]) for edge in (foot, one.top)
        )
        level = self._median(contrast[self._order])
        aside = np.abs(peak[self._order] - self._median(peak[self._order])[self._row])
        uneven = self._median(aside, 0.75) / np.maximum(level, 1)
        filled = self._spread(one.ink / (one.wide * one.high), self._row)
        ink, whole = self._sum(one.ink), self._sum(one.wide * one.high)
        return np.stack([
            np.clip(np.log(self._counts), np.log(WORDS), 2.5),
            on_base + on_top,
            np.maximum(on_base, on_top),
            np.sqrt(np.minimum(uneven, 1)),
            np.minimum(level, 160) / 100,
            np.minimum(ink / whole, 0.65),
            np.minimum(self._gaps(one) / height, 1),
            np.minimum(filled, 0.12) * 10,
            np.clip(ink / self._sum(2.0 * (one.wide + one.high)), 0.4, 0.9),
        ])  # fmt: skip

    def _sum(self, values: NDArray[Any]) -> Reals:
        return np.add.reduceat(values.astype(np.float64), self._starts)

    def _mean(self, values: NDArray[Any]) -> Reals:
        return self._sum(values) / self._counts

    def _median(self, values: NDArray[Any], share: float = 0.5) -> Reals:
        """The median, or another quantile, of each row."""
        ordered = values[np.lexsort((values, self._row))]
        at = share * (self._counts - 1)
        low, high = np.floor(at).astype(np.int64), np.ceil(at).astype(np.int64)
        quantile: Reals = ordered[self._starts + low] * (1 - at + low) + ordered[self._starts + high] * (at - low)
        return quantile

    def _spread(self, values: NDArray[Any], row: Integers) -> Reals:
        """Standard deviation in each row."""
        count = np.bincount(row, minlength=len(self._starts))
        mean = np.bincount(row, values, len(self._starts)) / count
        return np.sqrt(np.bincount(row, (values - mean[row]) ** 2, len(self._starts)) / count)


def whole_line(row: Integers, glyphs: Glyphs) -> tuple[int, int, int, int, int]:
    """Start, top, end and foot of a row with what stands on its line a word's gap further, and its characters."""
    own = glyphs.pick(row)
    height = float(np.median(own.high))
    top, foot = int(own.top.min()), int((own.top + own.high).max())
    start, end = int(own.at.min()), int((own.at + own.wide).max())
    middle = glyphs.top + glyphs.high / 2
    level = glyphs.pick((middle > top) & (middle < foot))
    ends, reach = level.at + level.wide, _WORD_GAP * height
    inside = (ends > start) & (level.at < end)
    while True:
        wider = (ends > start - reach) & (level.at < end + reach)
        if (wider == inside).all():
            break
        inside = wider
        start, end = min(start, int(level.at[inside].min())), max(end, int(ends[inside].max()))
    characters = int(np.maximum(1, np.round(level.wide[inside] / (0.75 * height))).sum())
    characters = characters if len(row) >= WORDS else min(characters, WORDS - 1)
    return start, top % LAYER, end, top % LAYER + foot - top, characters
