"""Words in the pixels of an image: looked for in every frame, and painted over where that is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from readingroom.imaging.burned_in import TextLine, find_text
from readingroom.imaging.geometry import Box
from readingroom.imaging.image import Image
from readingroom.imaging.windowing import default_window, display_bytes

ROUNDS = 3
"""Of painting and looking again."""
LARGE = 1024
"""Pixels; in smaller pictures letters may be too small to be told at their own size."""
_MARGIN, _BEYOND = 0.35, 2.0
"""Of a line's height, painted over across and along it, as where pictures leave for a model (imaging.clearance)."""


def words_in(image: Image) -> tuple[TextLine, ...]:
    """Lines long enough to name a patient, of every slice or frame, each place once."""
    return _found(image, lambda gray: tuple(line for line in find_text(gray) if line.names))


def all_text_in(image: Image) -> tuple[TextLine, ...]:
    """Whatever looks like text, short markers too, also in small pictures seen twice as large: what is painted over."""
    return _found(image, lambda gray: (*find_text(gray), *_enlarged(gray)))


def _found(image: Image, look: Callable[[NDArray[np.uint8]], tuple[TextLine, ...]]) -> tuple[TextLine, ...]:
    window = default_window(image)
    planes = 1 if image.ref.kind == "image" else len(image.pixels)
    found: dict[tuple[int, ...], TextLine] = {}
    for plane in range(planes):
        shown = display_bytes(image, plane=plane, window=window)
        gray = shown if shown.ndim == 2 else np.asarray(cv2.cvtColor(shown, cv2.COLOR_RGB2GRAY), np.uint8)
        for line in look(gray):
            found.setdefault(tuple(round(side / 8) for side in line.box), line)
    return tuple(found.values())


def _enlarged(gray: NDArray[np.uint8]) -> tuple[TextLine, ...]:
    if max(gray.shape) > LARGE:
        return ()
    twice = np.asarray(cv2.resize(gray, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)
    return tuple(TextLine(_halved(line.box), line.characters) for line in find_text(twice))


def _halved(box: Box) -> Box:
    return box[0] / 2, box[1] / 2, box[2] / 2, box[3] / 2


def paint_over(pixels: NDArray[Any], lines: tuple[TextLine, ...], value: int) -> None:
    """In place, in (..., H, W) grey or (..., H, W, 3) colour: every line of every frame becomes `value`."""
    colour = pixels.ndim >= 3 and pixels.shape[-1] == 3
    rows, columns = pixels.shape[-3:-1] if colour else pixels.shape[-2:]
    for line in lines:
        x0, y0, x1, y1 = line.box
        level = x1 - x0 >= y1 - y0
        height = min(x1 - x0, y1 - y0)
        along, across = max(3.0, _BEYOND * height), max(2.0, _MARGIN * height)
        wide, high = (along, across) if level else (across, along)
        down = slice(max(round(y0 - high), 0), min(round(y1 + high), rows))
        over = slice(max(round(x0 - wide), 0), min(round(x1 + wide), columns))
        pixels[(..., down, over, slice(None)) if colour else (..., down, over)] = value
