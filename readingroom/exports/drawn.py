"""A figure as one picture, its outlines and sides drawn into it: for paper, where nothing lights up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from readingroom.errors import ToolFailed
from readingroom.exports.figure import Figure

INKS = ("56c7ff", "ffb224", "2fe0a0", "ff86c3", "f4ec4e", "ff8a5c", "b79bff", "9fe870")
"""c0 ... c7 of palette.css.j2, red first."""
SMALLEST = 640
"""Pixels on the long side below which a picture is enlarged, so that an outline is no wider than what it outlines."""
SHIFT = 4
"""Fractional bits of OpenCV's coordinates."""
NAME = re.compile(r"[A-Za-z0-9._-]{1,8}")
"""Evidence ids that OpenCV's font can write."""
COMMAND = re.compile(r"([MLHVZ])([^MLHVZ]*)")

Points = NDArray[np.float64]


def drawn(figure: Figure, colours: Mapping[str, int]) -> bytes:
    """PNG, three channels, in true proportions. `colours`: index into `INKS` by evidence id. The same every time.

    Raises ToolFailed where the figure's own PNG cannot be read.
    """
    picture = cv2.imdecode(np.frombuffer(figure.png, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise ToolFailed("a figure's picture cannot be read", where="figures")
    longest = max(picture.shape[:2])
    if longest < SMALLEST:
        scale = SMALLEST / longest
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    height, width = picture.shape[:2]
    scale = np.array([width / figure.columns, height / figure.rows])
    thick = max(2, round(max(width, height) / 350))
    names: list[tuple[str, Points, tuple[int, int, int]]] = []
    for overlay in figure.overlays:
        ink = _ink(colours.get(overlay.evidence[0], 0))
        lines = paths(overlay.path)
        if lines and NAME.fullmatch(overlay.evidence[0]):
            names.append((overlay.evidence[0], np.concatenate([points for points, _ in lines]) * scale, ink))
        for points, closed in lines:
            at = np.rint((points * scale - 0.5) * (1 << SHIFT)).astype(np.int32)[:, None, :]
            for colour, wide in (((0, 0, 0), thick + 2), (ink, thick)):
                cv2.polylines(picture, [at], closed, colour, wide, cv2.LINE_AA, SHIFT)
    _names(picture, names)
    _sides(picture, figure)
    written, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 6])
    if not written:
        raise ToolFailed("could not encode a figure as PNG", where="figures")
    return data.tobytes()


def paths(path: str) -> list[tuple[Points, bool]]:
    """The lines of our own SVG path data (commands M, L, H, V, Z), each with whether it closes."""
    found: list[tuple[list[tuple[float, float]], bool]] = []
    for command, told in COMMAND.findall(path):
        numbers = [float(number) for number in told.split()]
        if command == "M":
            found.append(([(numbers[0], numbers[1])], False))
        elif command == "Z":
            found[-1] = (found[-1][0], True)
        else:
            x, y = found[-1][0][-1]
            found[-1][0].append((numbers[0] if command != "V" else x, numbers[-1] if command != "H" else y))
    return [(np.array(points), closed) for points, closed in found]


def _ink(index: int) -> tuple[int, int, int]:
    """Blue first, as OpenCV draws."""
    told = INKS[index % len(INKS)]
    return int(told[4:], 16), int(told[2:4], 16), int(told[:2], 16)


def _names(picture: NDArray[Any], names: list[tuple[str, Points, tuple[int, int, int]]]) -> None:
    """Each outline's evidence at its upper left, moved down where another name stands already."""
    size = max(picture.shape[:2]) / 850
    taken: list[tuple[int, int]] = []
    for name, points, ink in names:
        (wide, high), _ = cv2.getTextSize(name, cv2.FONT_HERSHEY_SIMPLEX, size, 2)
        left, top = points.min(axis=0)
        x = int(min(max(left + 4, 2), picture.shape[1] - wide - 2))
        y = int(min(max(top + high + 6, high + 2), picture.shape[0] - 4))
        while any(abs(x - other_x) < wide and abs(y - other_y) < high + 2 for other_x, other_y in taken):
            y += high + 4
        taken.append((x, y))
        for colour, thick in (((0, 0, 0), 5), (ink, 2)):
            cv2.putText(picture, name, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, colour, thick, cv2.LINE_AA)


def _sides(picture: NDArray[Any], figure: Figure) -> None:
    """What lies at the left and at the right edge, in the upper corners on black."""
    height, width = picture.shape[:2]
    size = max(height, width) / 900
    for word, left in ((figure.side_left, True), (figure.side_right, False)):
        if not word:
            continue
        (wide, high), _ = cv2.getTextSize(word, cv2.FONT_HERSHEY_SIMPLEX, size, 2)
        pad = round(10 * size)
        x = pad if left else width - wide - 3 * pad
        cv2.rectangle(picture, (x, pad), (x + wide + 2 * pad, high + 3 * pad), (0, 0, 0), cv2.FILLED)
        place = (x + pad, high + 2 * pad)
        cv2.putText(picture, word, place, cv2.FONT_HERSHEY_SIMPLEX, size, (235, 229, 223), 2, cv2.LINE_AA)
