"""How a hostile file is described and written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from readingroom.errors import BadInput
from tests.imaging.dicom_files import dicom_bytes, ramp

Write = Callable[[Path], object]


@dataclass(frozen=True)
class Recipe:
    name: str
    why: str
    write: Write
    outcome: type[BadInput] | None
    says: str = ""
    gate: str = ""
    bomb: bool = False


def plain(content: bytes) -> Write:
    return lambda path: path.write_bytes(content)


def saved(make: Callable[[], Dataset]) -> Write:
    return lambda path: path.write_bytes(dicom_bytes(make()))


def cut_short(make: Callable[[], Dataset], share: float) -> Write:
    def write(path: Path) -> None:
        content = dicom_bytes(make())
        path.write_bytes(content[: int(len(content) * share)])

    return write


def rainbow() -> np.ndarray:
    grey = ramp(kind=np.uint8)
    return np.stack([grey, np.roll(grey, 20, 1), 255 - grey], axis=-1)
