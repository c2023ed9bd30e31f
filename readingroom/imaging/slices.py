"""One slice of a volume, or one frame, as an image of its own."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from readingroom.imaging.image import Image
from readingroom.imaging.windowing import default_window, plane_of


def slice_of(image: Image, plane: int) -> Image:
    """Plane `plane` seen through the whole volume's window, by a digest of its own. Raises BadRequest beyond the last.

    The pixels are a view of the volume's.
    """
    pixels = plane_of(image, plane)
    if image.ref.kind == "image":
        return image
    digest = hashlib.sha256(f"{image.ref.sha256}:{plane}".encode()).hexdigest()
    ref = image.ref.model_copy(update={"kind": "image", "depth": 1, "sha256": digest, "id": f"{image.ref.id}:{plane}"})
    window = None if image.ref.colour else default_window(image)
    return replace(image, ref=ref, pixels=pixels, window=window, affine=None)
