"""What is known of one image or volume, without its pixels: the reference that evidence and reports carry."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from readingroom.domain.terms import Laterality, Modality, Side, View
from readingroom.domain.value import Value

Source = Literal["header", "pixels", "stated", "convention", "none"]
"""How we know: from the file's header, inferred from pixels, said by the user, by convention, or not at all."""


class Spacing(Value):
    """Millimetres between pixel centres, and where they are true."""

    row: float = Field(gt=0)
    """Millimetres from one row to the next (down)."""
    column: float = Field(gt=0)
    """Millimetres from one column to the next (right)."""
    slice: float | None = Field(default=None, gt=0)
    """Millimetres from one slice of a volume to the next."""
    source: str
    """The attribute it was read from: PixelSpacing, ImagerPixelSpacing, NIfTI affine ..."""
    plane: Literal["patient", "detector"]
    """A radiograph's spacing holds at the detector: lengths in the patient are smaller by the magnification."""


class ImageRef(Value):
    """One image or volume of a study."""

    id: str
    """Opaque, issued by us: tools and models name images by it, never by a path."""
    sha256: str
    """Of the bytes it was read from (of a series: of its files' digests in slice order)."""
    kind: Literal["image", "volume", "frames"]
    rows: int = Field(gt=0)
    columns: int = Field(gt=0)
    depth: int = Field(default=1, gt=0)
    """Slices of a volume or frames of a multi-frame image."""
    colour: bool = False
    units: Literal["grey", "HU", "colour"] = "grey"
    modality: Modality = "unknown"
    modality_source: Source = "none"
    anatomy: str = "unknown"
    """chest, abdomen, brain, skin ... lower case."""
    anatomy_source: Source = "none"
    view: View = "unknown"
    view_source: Source = "none"
    laterality: Laterality = "not_applicable"
    """The side of a paired body part (eye, breast, hand), from the header."""
    image_left: Side = "unknown"
    """Which side of the patient lies at the left edge of the image."""
    image_left_source: Source = "none"
    spacing: Spacing | None = None
    spacing_note: str = ""
    """Why there is no spacing, or what to mind about it."""
    burned_in: Literal["yes", "no", "unknown"] = "unknown"
    """Whether the header says that text is burned into the pixels (BurnedInAnnotation, PS3.3 C.7.6.1)."""
    role: Literal["current", "lateral", "prior"] = "current"
    name: str = ""
    """What to call it in a report: "frontal radiograph", "CT series 2, 133 slices"; never a path or an identifier."""
    notes: tuple[str, ...] = ()
    """What reading it had to decide or assume."""
