"""What the baseline can honestly say of a frontal chest film: heart size, and symmetry of the lungs. No pathology."""

from __future__ import annotations

from typing import Literal

from readingroom.domain.measurement import Measurement
from readingroom.domain.terms import Laterality, Presence, View
from readingroom.imaging.image import Image
from readingroom.imaging.thorax import ZoneDensity, cardiothoracic, height_ratio, zone_densities, zone_of
from readingroom.tools.backends.classical.chest_reading import ChestSegments
from readingroom.tools.backends.protocol import Drafted, Segmented

NOT_ASSESSED: tuple[str, ...] = (
    "pleural effusion",
    "pneumothorax",
    "consolidation",
    "nodules and masses",
    "pulmonary edema",
    "atelectasis",
    "fractures",
    "devices and lines",
    "hilar and mediastinal contours",
)
"""What a reader of a chest film looks for and this baseline does not."""

UPPER_LIMIT: dict[View, tuple[float, float]] = {"PA": (0.50, 0.50), "AP": (0.55, 0.55)}
"""Upper limit of normal of the cardiothoracic ratio in adults: 0.50 on PA films (Danzer 1919) and, by convention, 0.55
on AP films, which magnify the heart. A film of unknown projection is judged by both."""

EITHER = (0.50, 0.55)

DENSITY = (0.20, 0.35)
"""Difference of a zone's median grey, as a share of the lungs' range: below the first symmetric, above the second
asymmetric, between them indeterminate. Set on the development films (benchmarks/chest_symmetry.py)."""

HEIGHT = (0.85, 0.90)
"""Shorter lung field's height over the taller's: below the first asymmetric, above the second similar. Set on the
development films, whose heights differ less than their areas (benchmarks/chest_symmetry.py prints both)."""


def _enlargement(view: View, ratio: float, sd: float) -> Presence:
    """Beyond the limit by more than one sd is a yes or a no; within it the film does not tell."""
    low, high = UPPER_LIMIT.get(view, EITHER)
    if ratio > high + sd:
        return "present"
    return "absent" if ratio < low - sd else "indeterminate"


def heart_size(image: Image, chest: ChestSegments) -> tuple[Drafted, ...]:
    """Cardiac enlargement by the cardiothoracic ratio; nothing where heart or lungs are not assessable."""
    if not (chest.heart.assessable and chest.right.assessable and chest.left.assessable):
        return ()
    found = cardiothoracic(
        chest.heart.mask,
        chest.right.mask | chest.left.mask,
        heart_sd=chest.heart.boundary_sd or 0.5,
        lung_sd=max(chest.right.boundary_sd or 0.5, chest.left.boundary_sd or 0.5),
    )
    presence = _enlargement(image.ref.view, found.ratio, found.sd)
    drowned = height_ratio(chest.right.mask, chest.left.mask) > 1 / HEIGHT[0]
    if drowned and presence == "absent":
        # What shortens the left lung field can hide the apex: the heart is at least as wide as measured.
        presence = "indeterminate"
    limit = " or ".join(f"{value:.2f}" for value in dict.fromkeys(UPPER_LIMIT.get(image.ref.view, EITHER)))
    return (
        Drafted(
            observation="cardiac_enlargement",
            presence=presence,
            laterality="not_applicable",
            summary=f"cardiothoracic ratio {found.ratio:.2f} (sd {found.sd:.2f}), limit {limit}: {presence}",
            masks=(chest.heart,),
            quality=min(part.quality for part in (chest.heart, chest.right, chest.left)),
            quality_reason="the left lung field is short, which can hide the heart's left border"
            if drowned
            else "the lowest of heart and lungs",
        ),
    )


def _percent(name: str, value: float, method: str) -> Measurement:
    return Measurement(name=name, value=round(100 * value, 2), unit="%", decimals=0, method=method)


def _zone_part(segment: Segmented, zone: ZoneDensity) -> Segmented:
    return Segmented(
        target=f"{segment.target}, {zone.zone} zone",
        mask=zone_of(segment.mask, zone.zone),
        quality=segment.quality,
        quality_reason=segment.quality_reason,
        method=segment.method,
        model=segment.model,
    )


def density(chest: ChestSegments) -> tuple[Drafted, ...]:
    """The zone in which the lungs differ most, and whether that is an asymmetry.

    Nothing where the heart is not assessable: unless it can be left out, the left base is the denser on any film.
    """
    if not (chest.right.assessable and chest.left.assessable and chest.heart.assessable):
        return ()
    zones = zone_densities(chest.gray, chest.right.mask, chest.left.mask, chest.heart.mask)
    if not zones:
        return ()
    widest = max(zones, key=lambda zone: abs(zone.difference))
    size = abs(widest.difference)
    presence: Presence = "present" if size > DENSITY[1] else "absent" if size < DENSITY[0] else "indeterminate"
    side: Literal["right", "left"] = "right" if widest.difference > 0 else "left"
    denser = chest.right if side == "right" else chest.left
    told: Laterality = side if presence == "present" else "unspecified"
    return (
        Drafted(
            observation="lung_density_asymmetry",
            presence=presence,
            laterality=told,
            zone=f"{widest.zone} lung zone" if presence == "present" else "",
            summary=f"{widest.zone} zone denser on the {side} by {100 * size:.0f} % of the lungs' range: {presence}",
            measurements=(
                _percent(
                    "density_difference", size, "difference of the zones' median grey over the lungs' 5-95 % range"
                ),
            ),
            masks=(_zone_part(denser, widest),) if presence == "present" else (chest.right, chest.left),
            quality=min(chest.right.quality, chest.left.quality),
            quality_reason="the lower of the two lungs",
        ),
    )


def size(chest: ChestSegments) -> tuple[Drafted, ...]:
    """Whether one lung field is much shorter than the other: a raised dome, lost volume or fluid."""
    if not (chest.right.assessable and chest.left.assessable):
        return ()
    ratio = height_ratio(chest.right.mask, chest.left.mask)
    shorter: Literal["right", "left"] = "right" if ratio < 1 else "left"
    value = min(ratio, 1 / ratio)
    presence: Presence = "present" if value < HEIGHT[0] else "absent" if value > HEIGHT[1] else "indeterminate"
    return (
        Drafted(
            observation="lung_size_asymmetry",
            presence=presence,
            laterality=shorter if presence == "present" else "unspecified",
            summary=f"height of the {shorter} lung field over the other {value:.2f}: {presence}",
            measurements=(
                Measurement(
                    name="height_ratio",
                    value=round(value, 4),
                    unit="1",
                    decimals=2,
                    method=f"height of the {shorter} lung field, apex to base, over the other",
                ),
            ),
            masks=((chest.right if shorter == "right" else chest.left),)
            if presence == "present"
            else (chest.right, chest.left),
            quality=min(chest.right.quality, chest.left.quality),
            quality_reason="the lower of the two lungs",
        ),
    )


def draft_chest(image: Image, chest: ChestSegments) -> tuple[Drafted, ...]:
    """All that the baseline says of one film; empty where the film does not look like a frontal chest."""
    return (*heart_size(image, chest), *density(chest), *size(chest))
