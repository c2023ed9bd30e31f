"""What a chest phantom is asked to be: plain numbers and words, no pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from readingroom.errors import BadRequest

LungSide = Literal["left", "right"]
"""A side of the patient, never of the image."""

SIGNS: dict[LungSide, int] = {"right": -1, "left": 1}
"""Which way a side lies from the midline, on a film that is not mirrored."""

Zone = Literal["upper", "middle", "lower"]
Size = Literal["small", "moderate", "large"]

CTR_RANGE = (0.36, 0.68)
"""Below, no heart fits between spine and lung; above, the left border would touch the chest wall."""
MOST_TILT = 5.0
"""Degrees; a film taken more askew is repeated."""


@dataclass(frozen=True)
class Nodule:
    """A round solid nodule inside a lung."""

    side: LungSide
    zone: Zone
    diameter_mm: float


@dataclass(frozen=True)
class Effusion:
    """Free pleural fluid in an erect patient, with its meniscus."""

    side: LungSide
    size: Size


@dataclass(frozen=True)
class Consolidation:
    """A patch of lung without air."""

    side: LungSide
    zone: Zone


@dataclass(frozen=True)
class ChestPhantom:
    """One frontal chest film. Equal parameters give equal pixels; lengths are millimetres at the detector."""

    seed: int = 0
    """The patient: the same seed is the same anatomy, whatever else is asked."""
    study: int = 0
    """The visit: changes the noise and nothing of the anatomy."""
    field_mm: tuple[float, float] = (400.0, 400.0)
    """Width and height of the exposed field."""
    spacing_mm: float = 1.0
    cardiothoracic_ratio: float = 0.45
    projection: Literal["PA", "AP"] = "PA"
    effusion: Effusion | None = None
    nodule: Nodule | None = None
    pneumothorax: LungSide | None = None
    consolidation: Consolidation | None = None
    tilt_degrees: float = 0.0
    """How far the patient leans; positive turns the head towards the image right."""
    mirrored: bool = False
    """The finished film is flipped left to right, marker and all."""
    marker: Literal["", "R", "L"] = ""
    """A lead letter on the side it names."""
    noise: float = 1.0
    """Times the noise of an ordinary exposure."""
    photometric: Literal["MONOCHROME1", "MONOCHROME2"] = "MONOCHROME2"

    def __post_init__(self) -> None:
        low, high = CTR_RANGE
        if not low <= self.cardiothoracic_ratio <= high:
            raise BadRequest(f"a cardiothoracic ratio of {self.cardiothoracic_ratio} cannot be drawn",
                             do=f"Ask for {low} to {high}.")  # fmt: skip
        if not 0.1 <= self.spacing_mm <= 4:
            raise BadRequest(f"a pixel spacing of {self.spacing_mm} mm cannot be drawn", do="Ask for 0.1 to 4 mm.")
        if min(self.field_mm) < 340 or max(self.field_mm) > 450:
            raise BadRequest(f"a field of {self.field_mm} mm holds no adult chest", do="Ask for 340 to 450 mm.")
        if abs(self.tilt_degrees) > MOST_TILT:
            raise BadRequest(f"a tilt of {self.tilt_degrees} degrees is refused", do=f"Ask for at most {MOST_TILT}.")
        if self.nodule and not 4 <= self.nodule.diameter_mm <= 40:
            raise BadRequest(f"a nodule of {self.nodule.diameter_mm} mm cannot be drawn", do="Ask for 4 to 40 mm.")
        if self.noise < 0 or self.seed < 0 or self.study < 0:
            raise BadRequest("seed, study and noise of a phantom cannot be negative")
        for word, allowed in ((self.projection, ("PA", "AP")), (self.marker, ("", "R", "L")),
                              (self.pneumothorax, (None, *get_args(LungSide)))):  # fmt: skip
            if word not in allowed:
                raise BadRequest(f"{word!r} is not one of {allowed}")

    @property
    def columns(self) -> int:
        return round(self.field_mm[0] / self.spacing_mm)

    @property
    def rows(self) -> int:
        return round(self.field_mm[1] / self.spacing_mm)

    def earlier(self, cardiothoracic_ratio: float) -> ChestPhantom:
        """The same patient at an earlier visit: only the heart's width, the noise and any disease differ."""
        return replace(self, study=self.study + 1, cardiothoracic_ratio=cardiothoracic_ratio, effusion=None,
                       nodule=None, pneumothorax=None, consolidation=None)  # fmt: skip
