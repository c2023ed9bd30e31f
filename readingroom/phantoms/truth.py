"""What is true of a chest phantom, measured on the curves it was drawn from and never on its pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from readingroom.phantoms.anatomy import Curve
from readingroom.phantoms.parameters import LungSide, Size, Zone

Point = tuple[float, float]


@dataclass(frozen=True)
class NoduleTruth:
    """Where the nodule is; the centre in source pixels (x right, y down, pixel centres at + 0.5)."""

    side: LungSide
    zone: Zone
    diameter_mm: float
    centre: Point


@dataclass(frozen=True)
class ChestTruth:
    """Lengths hold at the detector; sides are the patient's; positions are in pixels of the finished film."""

    cardiothoracic_ratio: float
    """Cardiac width over thoracic width, both horizontal on the film."""
    cardiac_width_mm: float
    thoracic_width_mm: float
    """The greatest inner width of the rib cage."""
    cardiac_line: tuple[float, float]
    """The columns (pixels) between which the heart lies, image left first."""
    thoracic_line: tuple[float, float, float]
    """The columns between which the thorax is widest, and the row where."""
    right_lung_cm2: float
    """As V7 draws it: with what lies behind the heart, without what lies behind the dome; fluid taken off."""
    left_lung_cm2: float
    effusion: LungSide | None
    effusion_size: Size | None
    nodule: NoduleTruth | None
    pneumothorax: LungSide | None
    consolidation: tuple[LungSide, Zone] | None
    image_left: LungSide
    """Which side of the patient lies at the left edge of the image."""


def area_cm2(curve: Curve) -> float:
    """Area inside a closed curve in millimetres (the shoelace formula), in square centimetres."""
    x, y = curve[:, 0], curve[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 200)
