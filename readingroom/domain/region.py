"""Where something is in an image: one type for boxes and masks, always with the frame its numbers are in."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from readingroom.domain.value import Value

Frame = Literal["source_pixels", "model_square", "millimetres"]
"""source_pixels: x right, y down, in pixels of the stored image, pixel centres at whole numbers + 0.5, so that the
image spans 0..columns and 0..rows. model_square: 0..1 in the square that a model saw. millimetres: patient
coordinates (DICOM LPS). Evidence carries source_pixels only; the others are converted once, at the edge."""


class Region(Value):
    """A box, a mask or a line in one image."""

    image_id: str
    kind: Literal["box", "mask", "line"]
    frame: Frame
    box: tuple[float, float, float, float]
    """x0, y0, x1, y1 in the frame's units; of a mask its bounding box, of a line its two ends."""
    mask_digest: str | None = None
    """Of a mask: the digest of its PNG (one image) or packed array (a volume) in the store."""
    plane: int | None = None
    """In a volume or a multi-frame image: the index of the slice or frame that shows it best."""
    label: str = ""

    @model_validator(mode="after")
    def _shape_fits_kind(self) -> Self:
        x0, y0, x1, y1 = self.box
        if self.kind != "line" and not (x0 < x1 and y0 < y1):
            raise ValueError(f"a {self.kind} needs x0 < x1 and y0 < y1, not {self.box!r}")
        if self.frame == "model_square" and not (min(self.box) >= 0 and max(self.box) <= 1):
            raise ValueError(f"a region in the model square lies in 0..1, not {self.box!r}")
        if self.kind == "mask" and not self.mask_digest:
            raise ValueError("a mask region names the digest of its mask")
        return self
