"""Between frames: source pixels, the square a model saw, and millimetres in the patient; each way and back.

Source pixels: x right, y down, pixel centres at whole numbers + 0.5, the image spans 0..columns and 0..rows.
Model square: 0..1 each way. Millimetres: DICOM LPS, through the image's affine (whose indices are pixel centres).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from readingroom.domain.region import Region
from readingroom.errors import BadStudy

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1."""

How = Literal["crop", "pad", "pad_corner", "stretch"]
"""How a model was given an image that is not square: the middle square cut out; padded to a square on both sides;
padded at the right and below only; or stretched without regard to its aspect."""


@dataclass(frozen=True)
class Square:
    """The square that a model saw, in source pixels."""

    left: float
    top: float
    width: float
    """Equal to `height` but where the image was stretched."""
    height: float


def square_of(columns: int, rows: int, how: How) -> Square:
    """Where the model's square lies over an image; it may reach beyond it (pad) or leave parts out (crop)."""
    if how == "stretch":
        return Square(0.0, 0.0, float(columns), float(rows))
    side = float(min(columns, rows) if how == "crop" else max(columns, rows))
    if how == "pad_corner":
        return Square(0.0, 0.0, side, side)
    return Square((columns - side) / 2, (rows - side) / 2, side, side)


def to_square(box: Box, square: Square) -> Box:
    """Source pixels to 0..1 of the square; parts outside it come out beyond 0 or 1."""
    x0, y0, x1, y1 = box
    return (
        (x0 - square.left) / square.width,
        (y0 - square.top) / square.height,
        (x1 - square.left) / square.width,
        (y1 - square.top) / square.height,
    )


def from_square(box: Box, square: Square) -> Box:
    """The inverse of `to_square`."""
    x0, y0, x1, y1 = box
    return (
        x0 * square.width + square.left,
        y0 * square.height + square.top,
        x1 * square.width + square.left,
        y1 * square.height + square.top,
    )


def to_millimetres(x: float, y: float, plane: float, affine: NDArray[np.float64]) -> tuple[float, float, float]:
    """A point in source pixels of slice `plane` to LPS millimetres."""
    point = affine @ np.array([x - 0.5, y - 0.5, plane, 1.0])
    return float(point[0]), float(point[1]), float(point[2])


def from_millimetres(point: tuple[float, float, float], affine: NDArray[np.float64]) -> tuple[float, float, float]:
    """The inverse of `to_millimetres`: x, y in source pixels and the (fractional) slice."""
    i, j, k, _ = np.linalg.solve(affine, np.array([*point, 1.0]))
    return float(i) + 0.5, float(j) + 0.5, float(k)


def clip_box(box: Box, columns: float, rows: float) -> Box | None:
    """The part of a box inside the image; None where nothing of it is."""
    x0, y0, x1, y1 = max(box[0], 0.0), max(box[1], 0.0), min(box[2], float(columns)), min(box[3], float(rows))
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def box_of_mask(mask: NDArray[Any]) -> Box | None:
    """The smallest box about the set pixels, (H, W) or over all slices of (D, H, W), to their outer edges."""
    flat = np.asarray(mask.any(axis=0) if mask.ndim == 3 else mask, bool)
    rows, columns = np.flatnonzero(flat.any(axis=1)), np.flatnonzero(flat.any(axis=0))
    if not len(rows):
        return None
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def plane_of_mask(mask: NDArray[Any]) -> int | None:
    """Of (D, H, W): the slice with the largest area, the middle one of equals; None of a flat or empty mask."""
    if mask.ndim != 3 or not mask.any():
        return None
    areas = mask.sum(axis=(1, 2))
    best = np.flatnonzero(areas == areas.max())
    return int(best[len(best) // 2])


def region_of_mask(mask: NDArray[Any], *, image_id: str, digest: str, label: str = "") -> Region:
    """The region of a mask in source pixels; of a volume with the slice that shows it best. BadStudy if empty."""
    box = box_of_mask(mask)
    if box is None:
        raise BadStudy("an empty mask has no region")
    return Region(
        image_id=image_id, kind="mask", frame="source_pixels", box=box, mask_digest=digest,
        plane=plane_of_mask(mask), label=label,
    )  # fmt: skip


def region_from_square(
    box: Box, square: Square, *, image_id: str, columns: int, rows: int, label: str = ""
) -> Region | None:
    """A model's box (0..1 of the square it saw) as a region in source pixels, clipped; None where it is outside."""
    inside = clip_box(from_square(box, square), columns, rows)
    if inside is None:
        return None
    return Region(image_id=image_id, kind="box", frame="source_pixels", box=inside, label=label)
