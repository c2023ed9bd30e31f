"""A request to MedImageInsight as a network on this machine needs it: cells by column, and the params it honours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from readingroom.errors import InputRefused
from readingroom.imaging.cleared import Cleared
from readingroom.tools.backends.local.pixels import STANDARD_QUALITY, STANDARD_SIZE
from readingroom.tools.contracts.ask import Ask


@dataclass(frozen=True)
class Wish:
    """What the request's params ask for."""

    scaling: bool
    size: int
    quality: int


def wish_of(ask: Ask) -> Wish:
    """Raises InputRefused for columns or params that the contract does not have."""
    if not ask.columns or not set(ask.columns) <= {"image", "text"}:
        raise InputRefused(f"the columns are {', '.join(ask.columns)}", where="columns", do="Send image, text or both.")
    scaling = str(ask.params.get("get_scaling_factor", True)).lower()
    size = str(ask.params.get("image_standardization_image_size") or STANDARD_SIZE)
    quality = str(ask.params.get("image_standardization_jpeg_compression_ratio") or STANDARD_QUALITY)
    if scaling not in ("true", "false") or not (size.isdigit() and quality.isdigit()):
        raise InputRefused("a param is not of its type", where="params", do="Send true or false, and whole numbers.")
    if not (16 <= int(size) <= 4096 and 1 <= int(quality) <= 100):
        raise InputRefused("a param is out of range", where="params", do="Size 16 to 4096, JPEG quality 1 to 100.")
    return Wish(scaling == "true", int(size), int(quality))


def column(ask: Ask, name: str) -> list[Any]:
    """The column's cells, an empty text as None; raises InputRefused for a cell of the wrong kind."""
    if name not in ask.columns:
        return [None] * len(ask.rows)
    place = ask.columns.index(name)
    cells = [row[place] or None for row in ask.rows]
    if not all(cell is None or isinstance(cell, Cleared if name == "image" else str) for cell in cells):
        raise InputRefused(f"a cell of {name} is of the wrong kind", where=name, do="Images in image, texts in text.")
    return cells
