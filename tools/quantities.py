"""What is worth measuring of one outline, and in which unit: pure functions from a mask to measurements."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readingroom.domain.image import ImageRef
from readingroom.domain.measurement import Measurement, Unit
from readingroom.imaging.image import Image
from readingroom.imaging.morphometry import BOUNDARY_SD, Extent, area, diameters, volume

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Scale:
    """What a pixel is worth."""

    column: float
    row: float
    unit: Unit
    area_unit: Unit
    source: str
    at_detector: bool

    @property
    def pixel(self) -> float:
        return self.column * self.row


def scale_of(ref: ImageRef) -> Scale:
    """Millimetres where the spacing is known, pixels where it is not."""
    if ref.spacing is None:
        return Scale(1.0, 1.0, "px", "px2", "none", False)
    spacing = ref.spacing
    return Scale(spacing.column, spacing.row, "mm", "mm2", spacing.source, spacing.plane == "detector")


def decimals_for(sd: float, most: int = 1) -> int:
    """Digits after the point such that the last one is of the size of the uncertainty; negative where it is tens or
    hundreds, at most `most`."""
    return most if sd <= 0 else min(most, -math.floor(math.log10(sd)))


def area_of(mask: Mask, scale: Scale, boundary_sd: float | None) -> Measurement:
    """In mm² below 10 cm², else in cm²; in square pixels without spacing."""
    value, sd = area(mask, scale.pixel, BOUNDARY_SD if boundary_sd is None else boundary_sd)
    method = "count of pixels inside the outline"
    if boundary_sd is not None:
        method += "; sd from the outline's cross-validated position error"
    unit = scale.area_unit
    if unit == "mm2" and value >= 1000:
        value, sd, unit = value / 100, sd / 100, "cm2"
    return Measurement(
        name="area",
        value=round(value, 4),
        unit=unit,
        decimals=decimals_for(sd),
        method=method,
        sd=round(sd, 4),
        spacing_source=scale.source,
        at_detector=scale.at_detector,
    )


def _length(name: str, extent: Extent, scale: Scale, method: str) -> Measurement:
    return Measurement(
        name=name,
        value=round(extent.length, 4),
        unit=scale.unit,
        decimals=decimals_for(extent.sd, 0 if scale.unit == "px" else 1),
        method=method,
        sd=round(extent.sd, 4),
        spacing_source=scale.source,
        at_detector=scale.at_detector,
    )


def diameters_of(mask: Mask, scale: Scale) -> tuple[tuple[Measurement, Measurement], tuple[Extent, Extent]]:
    """Longest and perpendicular diameter, with the lines they were taken along."""
    longest, across = diameters(mask, (scale.column, scale.row))
    return (
        _length("longest_diameter", longest, scale, "greatest distance of two points of the outline's convex hull"),
        _length("perpendicular_diameter", across, scale, "width of the convex hull at a right angle to the longest"),
    ), (longest, across)


def volume_of(mask: Mask, ref: ImageRef) -> Measurement:
    """In mL where all three spacings are known, else in voxels."""
    spacing = ref.spacing
    if spacing is None or spacing.slice is None:
        value, sd = volume(mask)
        return Measurement(
            name="volume",
            value=value,
            unit="voxel",
            decimals=decimals_for(sd, 0),
            method="count of voxels",
            sd=round(sd, 2),
        )
    value, sd = volume(mask, spacing.row * spacing.column * spacing.slice / 1000)
    return Measurement(
        name="volume",
        value=round(value, 4),
        unit="mL",
        decimals=decimals_for(sd),
        method="count of voxels times their volume",
        sd=round(sd, 4),
        spacing_source=spacing.source,
    )


def intensity_of(image: Image, mask: Mask) -> tuple[Measurement, ...]:
    """Mean and spread of the values inside: HU where the image has them, else its own grey levels."""
    if image.ref.colour or image.pixels.shape[: mask.ndim] != mask.shape:
        return ()
    values = image.pixels[mask]
    names: tuple[str, str, Unit] = (
        ("mean_hu", "hu_sd", "HU") if image.ref.units == "HU" else ("mean_intensity", "intensity_sd", "grey")
    )
    mean, spread = float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64))
    digits = 0 if abs(mean) >= 10 else 2
    return (
        Measurement(
            name=names[0],
            value=round(mean, 4),
            unit=names[2],
            decimals=digits,
            method="mean inside the outline",
            sd=round(spread / math.sqrt(values.size), 4),
            qualifier="exact",
        ),
        Measurement(
            name=names[1],
            value=round(spread, 4),
            unit=names[2],
            decimals=digits,
            method="standard deviation inside the outline",
            qualifier="exact",
        ),
    )
