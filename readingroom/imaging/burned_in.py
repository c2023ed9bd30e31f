"""Text burned into pixels: where lines of it stand, found by the look of glyphs, without reading them.

Glyphs are small bright or dark strokes, much alike in height and level, in a row on one base line. Each level of a
pyramid looks for those 5 to 13 pixels high; larger ones are found on a coarser level, turned ones by looking down
instead of along; `glyph_rows` weighs what tells a line of text from ribs, speckle, hair or vessels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from readingroom.imaging.geometry import Box
from readingroom.imaging.glyph_rows import HIGHEST, LAYER, SMALLEST, WORDS, Glyphs, Integers, Rows, whole_line

Gray = NDArray[np.uint8]

_LEVELS = 4
_NARROWEST = 40
"""Pixels a side of the coarsest level."""
_STROKE = np.ones((7, 7), np.uint8)
"""Wider than any stroke of a glyph that is at most 13 pixels high."""
_AROUND = np.ones((9, 9), np.uint8)
_CONTRAST = 28
"""Grey levels between a stroke and its ground."""
_LEAST_INK = 20
"""Pixels of four glyphs."""
_TILE = 8


@dataclass(frozen=True)
class TextLine:
    """One line of text."""

    box: Box
    """Source pixels."""
    characters: int
    """Estimated."""

    @property
    def names(self) -> bool:
        """Whether it is long enough to name a patient."""
        return self.characters >= WORDS


class _Patch(NamedTuple):
    """A part of one level of the pyramid, bright or inverted, that holds strokes; its connected pieces."""

    picture: Gray
    hat: Gray
    """How far each pixel stands out of its ground."""
    labels: NDArray[np.int32]
    pieces: Integers
    """(N, 5): left, top, width, height in the patch, and pixels, of label 1 and so on."""
    left: int
    top: int
    within: Integers
    """Left, top, right and bottom that a piece keeps to; one beyond is cut off, and whole in a neighbouring patch."""
    scale: int


class _Found(NamedTuple):
    odds: float
    box: Box
    characters: int


def find_text(gray: Gray, smallest: float = SMALLEST) -> tuple[TextLine, ...]:
    """Lines of text in (H, W) of 0..255, as shown, in source pixels, words first, then those most surely text.

    Finds light or dark letters and digits of Latin print from `smallest` pixels to about a tenth of the picture high,
    level or turned by 90 degrees, 4 or more in a row (or 2 or 3 of high contrast, which are markers and not words).
    Misses handwriting, slanted or curved lines, text under some 30 grey levels of contrast or within strong texture,
    single letters, and glyphs that touch so that fewer than four pieces are left. It does not read: a printed
    "PORTABLE" counts like a name. Measured on images it was not fitted to, with names and dates burned in from 10 to 60
    pixels, light and dark, on anatomy and on plain ground: 95 % of 290 found; words claimed in 3 of 68 images without
    any (one of them a ruler's "mm").
    """
    patches: list[_Patch] = []
    layers: list[int] = []
    for picture, scale in _pyramid(gray, smallest):
        for bright in (picture, np.asarray(cv2.bitwise_not(picture), np.uint8)):
            found = _patches(bright, scale)
            layers += [layers[-1] + 1 if layers else 0] * len(found)
            patches += found
    if not patches:
        return ()
    lines = [line for down in (False, True) for line in _lines(patches, layers, down=down)]
    rows, columns = gray.shape
    return tuple(
        TextLine((one.box[0], one.box[1], min(one.box[2], columns), min(one.box[3], rows)), one.characters)
        for one in _distinct(lines)
    )


def _pyramid(gray: Gray, smallest: float) -> Iterator[tuple[Gray, int]]:
    """The picture halved until its smallest glyphs of interest are about `SMALLEST` high, and then some more."""
    first = max(0, round(np.log2(max(smallest, SMALLEST) / SMALLEST)))
    picture = gray
    for level in range(first + _LEVELS):
        if level:
            half = max(1, picture.shape[1] // 2), max(1, picture.shape[0] // 2)
            picture = np.asarray(cv2.resize(picture, half, interpolation=cv2.INTER_AREA), np.uint8)
        if level >= first and min(picture.shape) >= (_NARROWEST if level > first else 5):
            yield np.ascontiguousarray(picture), 2**level


def _patches(picture: Gray, scale: int) -> list[_Patch]:
    """The strokes of one level. On most pictures they are few, and only the parts that hold some are labelled."""
    hat = np.asarray(cv2.morphologyEx(picture, cv2.MORPH_TOPHAT, _STROKE), np.uint8)
    half = np.asarray(cv2.convertScaleAbs(cv2.dilate(hat, _AROUND), alpha=0.5), np.uint8)
    strokes = np.asarray(cv2.compare(hat, np.maximum(half, _CONTRAST, out=half), cv2.CMP_GT), np.uint8)
    if cv2.countNonZero(strokes) < _LEAST_INK:
        return []
    near = np.ascontiguousarray(cv2.dilate(strokes, np.ones((_TILE, _TILE), np.uint8))[::_TILE, ::_TILE])
    patches = []
    for x, y, w, h, _ in np.asarray(cv2.connectedComponentsWithStats(near)[2])[1:].tolist():
        left, top = max(_TILE * x - _TILE // 2 - 1, 0), max(_TILE * y - _TILE // 2 - 1, 0)
        right, bottom = _TILE * (x + w) - _TILE // 2 + 1, _TILE * (y + h) - _TILE // 2 + 1
        right = right if x + w < near.shape[1] else picture.shape[1]
        bottom = bottom if y + h < near.shape[0] else picture.shape[0]
        part = slice(top, bottom), slice(left, right)
        inside = np.ascontiguousarray(strokes[part])
        if cv2.countNonZero(inside) < _LEAST_INK:
            continue
        _, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(inside, 8, cv2.CV_32S, cv2.CCL_BBDT)
        pieces = np.asarray(stats, np.int64)[1:]
        ends = left > 0, top > 0, left + inside.shape[1] < picture.shape[1], top + inside.shape[0] < picture.shape[0]
        shape = np.array([ends[0], ends[1], inside.shape[1] - ends[2], inside.shape[0] - ends[3]])
        patches.append(_Patch(picture[part], hat[part], np.asarray(labels, np.int32), pieces, left, top, shape, scale))
    return patches


def _glyphs(patches: list[_Patch], layers: list[int], *, down: bool) -> Glyphs:
    """Pieces of the size and the look of a glyph, for lines that run along or `down`."""
    pieces = np.concatenate([patch.pieces for patch in patches])
    sizes = [len(patch.pieces) for patch in patches]
    label = np.concatenate([np.arange(1, size + 1) for size in sizes])
    patch = np.repeat(np.arange(len(patches)), sizes)
    within = np.stack([one.within for one in patches])[patch]
    whole = (pieces[:, :2] >= within[:, :2]).all(axis=1) & (pieces[:, :2] + pieces[:, 2:4] <= within[:, 2:]).all(axis=1)
    x, y = (pieces[:, n] + np.array([(one.left, one.top)[n] for one in patches])[patch] for n in (0, 1))
    w, h, ink = pieces[:, 2:].T
    at, top, wide, high = (y, x, h, w) if down else (x, y, w, h)
    fits = (high >= SMALLEST) & (high <= HIGHEST) & (wide <= 2.5 * high + 2) & (ink >= 0.15 * w * h) & (ink >= 5)
    fits &= whole & ((wide >= 2) | (ink >= 0.8 * high))
    top = top + np.asarray(layers)[patch] * LAYER
    found = Glyphs(at, top, wide, high, ink, patch, label).pick(fits)
    _, once = np.unique(np.stack(found[:5]), axis=1, return_index=True)
    return found.pick(once)


def _lines(patches: list[_Patch], layers: list[int], *, down: bool) -> Iterator[_Found]:
    """Rows of glyphs that are text; their levels are looked up only where the shapes leave it possible."""
    rows = Rows.of(_glyphs(patches, layers, down=down), down=down)
    if rows is None:
        return
    peak, contrast = np.full((2, len(rows.glyphs.at)), 255.0)
    for index in rows.glyphs_of(np.flatnonzero(rows.odds(peak, contrast) >= rows.least)):
        peak[index], contrast[index] = _levels_of(patches[rows.glyphs.patch[index]], int(rows.glyphs.label[index]))
    odds = rows.odds(peak, contrast)
    for row in np.flatnonzero(odds >= rows.least).tolist():
        members = rows.glyphs_of(np.array([row]))
        start, top, end, foot, characters = whole_line(members, rows.glyphs)
        patch = patches[rows.glyphs.patch[members[0]]]
        x0, y0, x1, y1 = (top, start, foot, end) if down else (start, top, end, foot)
        scale = float(patch.scale)
        yield _Found(float(odds[row]), (x0 * scale, y0 * scale, x1 * scale, y1 * scale), characters)


def _levels_of(patch: _Patch, label: int) -> tuple[int, int]:
    """The brightest level and the highest contrast of a piece."""
    x, y, w, h, _ = patch.pieces[label - 1].tolist()
    part = slice(y, y + h), slice(x, x + w)
    inside = patch.labels[part] == label
    return int(patch.picture[part][inside].max()), int(patch.hat[part][inside].max())


def _distinct(found: list[_Found]) -> list[_Found]:
    """Of lines that lie on each other (seen on two levels, or as the gaps between letters) the most sure one."""
    kept: list[_Found] = []
    for one in sorted(found, key=lambda line: (line.characters < WORDS, -line.odds)):
        if all(_shared(one.box, other.box) < 0.5 for other in kept):
            kept.append(one)
    return kept


def _shared(a: Box, b: Box) -> float:
    """Their common area, as a share of the smaller one."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
