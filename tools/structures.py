"""What is worth measuring of each kind of structure: the general quantities and those of its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from readingroom.domain.measurement import Measurement
from readingroom.imaging.geometry import box_of_mask
from readingroom.imaging.image import Image
from readingroom.imaging.windowing import display_rgb
from readingroom.later import Later
from readingroom.tools.quantities import Scale, area_of, diameters_of, intensity_of, scale_of, volume_of

if TYPE_CHECKING:
    from readingroom.tools.backends.classical import fundus, histology
else:  # only for their own kinds of image: they stand on scipy
    fundus = Later("readingroom.tools.backends.classical.fundus")
    histology = Later("readingroom.tools.backends.classical.histology")

Mask = NDArray[np.bool_]

COMPACT_EXCEPTIONS: frozenset[str] = frozenset(
    {
        "lung",
        "heart",
        "body",
        "bone",
        "airway",
        "brain",
        "retinal_vessels",
        "nuclei",
        "liver",
        "optic_disc",
        "fetal_head",
    }
)
"""Structures of which a longest diameter says nothing, or which have diameters of their own."""


def ellipse_of(mask: Mask, scale: Scale) -> tuple[Measurement, Measurement]:
    """Head circumference and biparietal diameter of the ellipse with the mask's own second moments.

    Circumference by Ramanujan's second approximation (1914); the shorter axis stands for the biparietal diameter,
    outer to outer.
    """
    rows, columns = np.nonzero(mask)
    points = np.stack([(columns + 0.5) * scale.column, (rows + 0.5) * scale.row])
    axes = 2 * np.sqrt(np.linalg.eigvalsh(np.cov(points)))
    b, a = float(axes[0]), float(axes[1])
    h = ((a - b) / (a + b)) ** 2
    around = math.pi * (a + b) * (1 + 3 * h / (10 + math.sqrt(4 - 3 * h)))
    sd = 0.5 * math.sqrt(2) * (scale.column + scale.row) / 2
    common: dict[str, Any] = {"unit": scale.unit, "spacing_source": scale.source, "at_detector": scale.at_detector}
    return (
        Measurement(
            name="head_circumference",
            value=round(around, 4),
            decimals=0 if scale.unit == "px" else 1,
            sd=round(math.pi * sd, 4),
            method="ellipse of the mask's second moments, Ramanujan's perimeter",
            **common,
        ),
        Measurement(
            name="biparietal_diameter",
            value=round(2 * b, 4),
            decimals=0 if scale.unit == "px" else 1,
            sd=round(sd, 4),
            method="shorter axis of the same ellipse, outer to outer",
            **common,
        ),
    )


def disc_of(mask: Mask, scale: Scale) -> tuple[Measurement, ...]:
    """Vertical and horizontal diameter of the optic disc: the sides of its upright box."""
    box = box_of_mask(mask)
    if box is None:
        return ()
    sides = (
        ("vertical_diameter", (box[3] - box[1]) * scale.row),
        ("horizontal_diameter", (box[2] - box[0]) * scale.column),
    )
    return tuple(
        Measurement(
            name=name,
            value=round(value, 4),
            unit=scale.unit,
            decimals=0 if scale.unit == "px" else 1,
            sd=round(0.5 * math.sqrt(2) * scale.row, 4),
            method="extent of the outline",
            spacing_source=scale.source,
        )
        for name, value in sides
    )


def fraction_of(mask: Mask, field: Mask, of: str) -> Measurement:
    """Share of a field that a mask covers."""
    share = 100 * float((mask & field).sum()) / max(int(field.sum()), 1)
    return Measurement(name="area_fraction", value=round(share, 4), unit="%", decimals=1, method=f"share of {of}")


def nuclei_of(image: Image, mask: Mask) -> tuple[Measurement, ...]:
    """How many nuclei, what share of the image they cover, and how large the middle one is."""
    found = histology.count_nuclei(mask)
    scale = scale_of(image.ref)
    method = "watershed of the distance to the outline"
    return (
        Measurement(name="count", value=found.count, unit="count", decimals=0, method=method, qualifier="estimated"),
        fraction_of(mask, np.ones_like(mask), "the whole image"),
        Measurement(
            name="median_area",
            value=round(found.median_area * scale.pixel, 4),
            unit=scale.area_unit,
            decimals=0,
            method=method,
            spacing_source=scale.source,
        ),
    )


def vessels_of(image: Image, mask: Mask) -> tuple[Measurement, ...]:
    """What share of the field of view the vessels cover."""
    return (fraction_of(mask, fundus.find_field_of_view(display_rgb(image)), "the field of view"),)


OWN: dict[str, Callable[[Image, Mask], tuple[Measurement, ...]]] = {
    "nuclei": nuclei_of,
    "retinal_vessels": vessels_of,
    "optic_disc": lambda image, mask: disc_of(mask, scale_of(image.ref)),
    "fetal_head": lambda image, mask: ellipse_of(mask, scale_of(image.ref)),
}


def quantities_of(image: Image, mask: Mask, observation: str, boundary_sd: float | None) -> tuple[Measurement, ...]:
    """Of a volume its volume; of an image its area, then diameters or the structure's own; then the intensity.

    A radiograph's grey levels mean nothing by themselves, so its intensity is left out.
    """
    if mask.ndim == 3:
        return (volume_of(mask, image.ref), *intensity_of(image, mask))
    scale = scale_of(image.ref)
    found: tuple[Measurement, ...] = (area_of(mask, scale, boundary_sd),)
    if observation in OWN:
        found += OWN[observation](image, mask)
    elif observation not in COMPACT_EXCEPTIONS:
        found += diameters_of(mask, scale)[0]
    return found if image.ref.modality == "x_ray" else found + intensity_of(image, mask)
