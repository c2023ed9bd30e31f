"""A number read in a sentence as a measurement, for evidence that rests on words."""

from __future__ import annotations

from readingroom.domain.measurement import PHYSICAL, Measurement, Unit
from readingroom.language.quantities import Quantity


def measurement_of(number: Quantity) -> Measurement:
    """The number with its unit as it was written; litres become millilitres, a number without a name is a size."""
    unit: Unit = number.unit or ("count" if number.name == "count" else "1")  # type: ignore[assignment]
    name = number.name or "size"
    return Measurement(
        name=f"prior_{name}" if number.role == "prior" else name,
        value=number.value * (1000 if number.unit == "L" else 1),
        unit="mL" if number.unit == "L" else unit,
        decimals=min(number.decimals, 4),
        sd=number.sd,
        method="read from text",
        qualifier="estimated" if number.role in ("bound", "floor") else "approximate",
        spacing_source="text" if unit in PHYSICAL else "none",
    )
