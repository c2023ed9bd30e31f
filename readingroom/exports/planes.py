"""An image as small pictures: of a volume the axial, coronal and sagittal planes in which most of an outline lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readingroom.exports import wording
from readingroom.exports.figure import SIDES, Figure, Mask, Overlay, shown, true_png
from readingroom.exports.outline import mask_path
from readingroom.imaging.image import Image
from readingroom.imaging.windowing import default_window

LONGEST = 480
"""Pixels on the long side of a picture beside two others."""


class Outlined(NamedTuple):
    """One outline that is to be drawn."""

    evidence: str
    label: str
    mask: Mask
    """(H, W) of a single image, (D, H, W) of a volume."""


class _Plane(NamedTuple):
    name: str
    at: int
    of: int
    pixels: NDArray[Any]
    masks: tuple[NDArray[np.bool_], ...]
    height: float
    """Of a pixel, in pixel widths."""
    sides: tuple[str, str]


def planes_of(image: Image, outlines: Sequence[Outlined] = (), longest: int = LONGEST) -> tuple[Figure, ...]:
    """Three figures of a volume (axes S, P, L), head up and front to the left; one of anything else.

    Without outlines the middle planes; of several frames the middle one.
    """
    if image.ref.kind != "volume" or image.ref.colour:
        return (_flat(image, outlines, longest),)
    deep = [one for one in outlines if one.mask.shape == image.pixels.shape]
    return tuple(_figure(image, plane, deep, longest) for plane in _three(image, [one.mask for one in deep]))


def _three(image: Image, masks: Sequence[Mask]) -> tuple[_Plane, ...]:
    pixels, spacing = image.pixels, image.ref.spacing
    row, column = (spacing.row, spacing.column) if spacing else (1.0, 1.0)
    through = spacing.slice if spacing and spacing.slice else row
    union = np.logical_or.reduce(list(masks)) if masks else np.zeros(pixels.shape, np.bool_)
    if not union.any():
        k, j, i = (size // 2 for size in pixels.shape)
    else:
        k, j, i = (int(np.argmax(union.sum(axis=axes))) for axes in ((1, 2), (0, 2), (0, 1)))
    depth, rows, columns = pixels.shape
    across = SIDES[image.ref.image_left]
    return (
        _Plane("axial", k, depth, pixels[k], tuple(one[k] for one in masks), row / column, across),
        _Plane("coronal", j, rows, pixels[::-1, j], tuple(one[::-1, j] for one in masks), through / column, across),
        _Plane("sagittal", i, columns, pixels[::-1, :, i], tuple(one[::-1, :, i] for one in masks), through / row,
               ("A", "P")),
    )  # fmt: skip


def _figure(image: Image, plane: _Plane, outlines: Sequence[Outlined], longest: int) -> Figure:
    rows, columns = plane.pixels.shape
    flat = image.ref.model_copy(update={"kind": "image", "rows": rows, "columns": columns, "depth": 1, "spacing": None})
    upright = Image(flat, np.ascontiguousarray(plane.pixels), window=image.window or default_window(image))
    png = true_png(shown(upright, None), plane.height, longest)
    caption = f"{wording.image_words(image.ref)}, {plane.name}, {plane.at + 1} of {plane.of}"
    overlays = _overlays(outlines, plane.masks)
    return Figure(image.ref.id, None, png, columns, rows, caption, image.ref.role, overlays, *plane.sides, plane.height)


def _flat(image: Image, outlines: Sequence[Outlined], longest: int) -> Figure:
    ref = image.ref
    height = ref.spacing.row / ref.spacing.column if ref.spacing else 1.0
    plane = None if ref.kind == "image" else ref.depth // 2
    own = [one for one in outlines if one.mask.shape == (ref.rows, ref.columns)]
    png = true_png(shown(image, plane), height, longest)
    sides = SIDES[ref.image_left] if ref.image_left != "unknown" else ("", "")
    overlays = _overlays(own, tuple(one.mask for one in own))
    return Figure(
        ref.id, plane, png, ref.columns, ref.rows, wording.image_words(ref), ref.role, overlays, *sides, height
    )


def _overlays(outlines: Sequence[Outlined], masks: Sequence[NDArray[np.bool_]]) -> tuple[Overlay, ...]:
    paths = ((one, mask_path(np.ascontiguousarray(mask))) for one, mask in zip(outlines, masks, strict=True))
    return tuple(Overlay((one.evidence,), "mask", path, one.label) for one, path in paths if path)
