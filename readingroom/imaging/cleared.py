"""An image that may leave this machine: file bytes made here from pixels alone, and what was found in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from readingroom.imaging.geometry import Box, How


@dataclass(frozen=True, eq=False)
class Cleared:
    """The bytes of a PNG (or of a .nii.gz of a volume) for one model.

    Only `readingroom.imaging.clearance` makes one: no header, name or path of the source is in it, and text burned
    into the pixels was looked for. The egress lets no other pixels out.
    """

    content: bytes = field(repr=False)
    media: Literal["image/png", "application/gzip"]
    sha256: str
    """Of `content`."""
    preprocessing_id: str
    """Names the exact way from source pixels to `content`."""
    columns: int
    """Width of `content` in pixels."""
    rows: int
    depth: int
    """Slices of a volume, 1 of a picture."""
    source_columns: int
    source_rows: int
    how: How
    """How the source was brought into the square; with the two sizes it gives the way back."""
    text_found: tuple[Box, ...] = ()
    """Where burned-in text was found, in source pixels."""
    clearance: Literal["clean", "masked", "allowed"] = "clean"
    """clean: no text was found; masked: it was painted over; allowed: the user lets it be sent."""
