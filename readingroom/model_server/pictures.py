"""What a row brings, decoded as carefully as a file: a picture or a volume, and what kind of image it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from readingroom.domain.image import ImageRef
from readingroom.errors import BadFile
from readingroom.imaging.grid import Grid
from readingroom.imaging.image import Image
from readingroom.imaging.limits import Limits
from readingroom.imaging.nifti import nifti_grid
from readingroom.imaging.raster import PICTURE_ERRORS, read_picture
from readingroom.imaging.sniff import HEAD_BYTES, sniff
from readingroom.tools.backends.classical.text_vector import named_classes
from readingroom.tools.backends.protocol import Backend

_CAPS = Limits()
_PICTURES = ("png", "jpeg", "bmp", "gif")
_VOLUMES = ("nifti", "nifti_gz")
_ORIENTATION = 0x0112
_AS_STORED: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
    2: lambda turned: turned[:, ::-1],
    3: lambda turned: turned[::-1, ::-1],
    4: lambda turned: turned[::-1],
    5: lambda turned: turned.swapaxes(0, 1),
    6: np.rot90,
    7: lambda turned: turned.swapaxes(0, 1)[::-1, ::-1],
    8: lambda turned: np.rot90(turned, -1),
}
"""What undoes each EXIF orientation: the models take a file's pixels as they are stored, and so do masks and boxes."""
_GREY = ("ct ", "mr ")
"""What a picture in colour cannot be, whatever a text says."""
LEAST_SHARE = 0.25
"""Score that a label of a known modality needs, as where studies are read from files."""


async def picture(content: bytes, where: str) -> Image:
    """PNG or JPEG bytes as an image. Raises BadFile for anything else and for a broken one."""
    return await asyncio.to_thread(_picture, content, where)


def picture_size(content: bytes, where: str) -> tuple[int, int]:
    """Width and height from a picture's header. Raises BadFile."""
    try:
        with Pillow.open(BytesIO(content), formats=["PNG", "JPEG", "BMP", "GIF"]) as found:
            return found.size
    except PICTURE_ERRORS as error:
        raise BadFile("this is no picture", where=where, do="Send the bytes of a PNG or JPEG in base64.") from error


def _picture(content: bytes, where: str) -> Image:
    kind = sniff(content[:HEAD_BYTES], where=where)
    if kind not in _PICTURES:
        raise BadFile(f"this is {kind}", where=where, do="Send the bytes of a PNG or JPEG in base64.")
    image = read_picture(content, kind, _CAPS, where=where)
    with Pillow.open(BytesIO(content)) as header:
        back = _AS_STORED.get(header.getexif().get(_ORIENTATION, 1))
    if back is None:
        return image
    pixels = np.ascontiguousarray(back(image.pixels))
    return replace(
        image, pixels=pixels, ref=image.ref.model_copy(update={"rows": pixels.shape[0], "columns": pixels.shape[1]})
    )


def volume_grid(content: bytes, where: str) -> Grid:
    """.nii or .nii.gz bytes as the voxels they hold. Raises BadFile for anything else and for a broken one."""
    kind = sniff(content[:HEAD_BYTES], where=where)
    if kind not in _VOLUMES:
        raise BadFile(f"this is {kind}", where=where, do="Send the bytes of a .nii or .nii.gz in base64.")
    return nifti_grid(content, _CAPS, where=where)


async def routed(backend: Backend, image: Image, text: str = "") -> Image:
    """The image with modality and body part: what the text names goes before the pixels, as what a user states does.

    Stays unknown where neither tells; a frontal chest film is taken as facing the reader.
    """
    stated = named_classes(text) if image.ref.modality == "unknown" else ()
    if len(stated) == 1 and not (image.ref.colour and stated[0].startswith(_GREY)):
        return replace(image, ref=labelled(image.ref, stated[0]))
    found = await backend.classify(image, ())
    label = found.label
    known = image.ref.modality
    if known != "unknown":
        fits = [item for item in found.scores if item.label.startswith(f"{known} ") and item.score >= LEAST_SHARE]
        label = fits[0].label if fits else "unknown"
    elif label == "unknown" or (image.ref.kind == "volume" and not label.startswith(("ct ", "mr "))):
        return image
    return replace(image, ref=labelled(image.ref, label)) if label != "unknown" else image


def labelled(ref: ImageRef, label: str) -> ImageRef:
    """Modality and body part from a label such as "x_ray chest"; a chest film is taken as facing the reader."""
    modality, _, anatomy = label.partition(" ")
    changes: dict[str, object] = {"modality": modality, "modality_source": "pixels"}
    changes |= {"anatomy": anatomy, "anatomy_source": "pixels"}
    if label == "x_ray chest":
        changes |= {"image_left": "right", "image_left_source": "convention"}
    return ImageRef.model_validate({**ref.model_dump(), **changes})
