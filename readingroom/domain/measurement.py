"""A number with its unit, its method and its uncertainty."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from readingroom.domain.value import Value

Unit = Literal["mm", "cm", "mm2", "cm2", "mm3", "mL", "px", "px2", "voxel", "HU", "1", "%", "count", "grey"]
"""Units we print. UCUM codes are in `codes.UCUM`; px, px2, voxel, count and grey are UCUM annotations."""

PHYSICAL: frozenset[str] = frozenset({"mm", "cm", "mm2", "cm2", "mm3", "mL"})


class Measurement(Value):
    """One measured quantity."""

    name: str
    """A concept of the lexicon: cardiothoracic_ratio, area, longest_diameter, volume, mean_intensity ..."""
    value: float
    unit: Unit
    decimals: int = Field(default=1, ge=-9, le=4)
    """Digits after the point that the uncertainty allows to print; -2 rounds to hundreds."""
    method: str
    sd: float | None = Field(default=None, ge=0)
    """One standard deviation, in the same unit; None where it was not estimated."""
    qualifier: Literal["exact", "approximate", "estimated"] = "approximate"
    spacing_source: str = "none"
    """Where millimetres come from; "none" allows no physical unit."""
    at_detector: bool = False
    """True of a radiograph: the length holds at the detector, not in the patient."""

    @model_validator(mode="after")
    def _physical_needs_spacing(self) -> Self:
        if self.unit in PHYSICAL and self.spacing_source == "none":
            raise ValueError(f"{self.name} in {self.unit} needs a known spacing; without one it is in pixels")
        return self

    @property
    def title(self) -> str:
        """Its name as a reader sees it: "mean HU", "longest diameter"."""
        return " ".join("HU" if word == "hu" else word for word in self.name.split("_"))

    @property
    def spread(self) -> str:
        """Its sd with as many digits; empty where there is none."""
        return "" if self.sd is None else f"{round(self.sd, max(self.decimals, 0)):.{max(self.decimals, 0)}f}"

    @property
    def text(self) -> str:
        """The number and unit as a report prints them: "12.4 mm", "0.52", "31 %"."""
        number = f"{round(self.value, self.decimals):.{max(self.decimals, 0)}f}"
        return number if self.unit in ("1", "count") else f"{number} {PRINTED.get(self.unit, self.unit)}"


PRINTED: dict[str, str] = {"px": "pixels", "px2": "square pixels", "voxel": "voxels", "mm2": "mm²", "cm2": "cm²",
                           "mm3": "mm³", "grey": "grey levels"}  # fmt: skip
"""How a unit is written in a sentence where that differs from its name."""
