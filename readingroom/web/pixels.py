"""Planes of an image as the viewer draws them: raw samples in the image's own units, head up, one at a time."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from readingroom.errors import ToolFailed
from readingroom.imaging.image import Image
from readingroom.imaging.windowing import display_bytes
from readingroom.web.refusals import NotHere

Axis = Literal["stored", "axial", "coronal", "sagittal"]
SampleType = Literal["u8", "u16", "i16", "f32", "rgb8"]

VOLUME_AXES: tuple[Axis, ...] = ("axial", "coronal", "sagittal")
LONGEST_THUMBNAIL = 160
"""Pixels."""

_DTYPES: dict[SampleType, str] = {"u8": "u1", "u16": "<u2", "i16": "<i2", "f32": "<f4", "rgb8": "u1"}


class Facts(NamedTuple):
    """What one look at all samples of an image tells."""

    type: SampleType
    low: float
    high: float


class Plane(NamedTuple):
    """One plane, ready to be sent."""

    rows: int
    columns: int
    type: SampleType
    data: bytes
    """Little-endian, row by row; of a colour image three bytes a pixel, red first."""


def axes_of(image: Image) -> tuple[Axis, ...]:
    """The ways in which an image can be scrolled through."""
    return VOLUME_AXES if image.ref.kind == "volume" and not image.ref.colour else ("stored",)


def facts_of(image: Image) -> Facts:
    """Its samples' range, and the smallest type that holds each exactly: whole HU go as 16 bits, half the bytes.

    Looks at a volume plane by plane, so that nothing of its size is made.
    """
    if image.ref.colour:
        return Facts("rgb8", 0, 255)
    pixels = image.pixels
    planes = pixels if pixels.ndim == 3 else pixels[None]
    low, high = float(min(plane.min() for plane in planes)), float(max(plane.max() for plane in planes))
    return Facts(_type_of(planes, low, high), low, high)


def _type_of(planes: NDArray[Any], low: float, high: float) -> SampleType:
    fits: tuple[tuple[SampleType, int, int], ...] = (("u8", 0, 255), ("u16", 0, 65535), ("i16", -32768, 32767))
    if planes.dtype in (np.uint8, np.bool_):
        return "u8"
    named = next((name for name, least, most in fits[1:] if least <= low and high <= most), None)
    whole = np.issubdtype(planes.dtype, np.integer) or all(np.array_equal(one, np.rint(one)) for one in planes)
    return named if named and whole else "f32"


def section(stack: NDArray[Any], axis: Axis, index: int) -> NDArray[Any]:
    """(H, W) of a volume (S, P, L) or of its mask, as it is shown: front up, or head up with the front at the left.

    Axial: (P, L). Coronal: (S, L), head up. Sagittal: (S, P), head up. Raises NotHere for a plane it does not have.
    """
    count = stack.shape[{"coronal": 1, "sagittal": 2}.get(axis, 0)]
    if not 0 <= index < count:
        raise NotHere(f"there is no {axis} plane {index}", do=f"Choose 0 to {count - 1}.")
    found: NDArray[Any] = (
        stack[index]
        if axis in ("stored", "axial")
        else (stack[::-1, index, :] if axis == "coronal" else stack[::-1, :, index])
    )
    return found


def picture_of(image: Image, axis: Axis, index: int) -> NDArray[Any]:
    """(H, W[, 3]) of any image. Raises NotHere for an axis or a plane it does not have."""
    if axis not in axes_of(image):
        raise NotHere(f"there is no axis {axis!r}", do=f"Choose {', '.join(axes_of(image))}.")
    if image.ref.kind == "image":
        return section(image.pixels[None], axis, index)
    return section(image.pixels, axis, index)


def plane_of(image: Image, axis: Axis, index: int, kind: SampleType) -> Plane:
    """One plane as bytes of the image's type."""
    picture = picture_of(image, axis, index)
    data = np.ascontiguousarray(picture, _DTYPES[kind]).tobytes()
    return Plane(picture.shape[0], picture.shape[1], kind, data)


def thumbnail(image: Image) -> bytes:
    """PNG of the image, or of its middle plane, through its own window."""
    shown = display_bytes(image)
    scale = min(1.0, LONGEST_THUMBNAIL / max(shown.shape[:2]))
    size = max(1, round(shown.shape[1] * scale)), max(1, round(shown.shape[0] * scale))
    small = cv2.resize(np.ascontiguousarray(shown), size, interpolation=cv2.INTER_AREA)
    fine, png = cv2.imencode(".png", small[..., ::-1] if image.ref.colour else small)
    if not fine:
        raise ToolFailed("could not encode a thumbnail as PNG")
    return png.tobytes()
