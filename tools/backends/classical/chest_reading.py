"""A frontal film read once: lungs and heart by image side, turned into the patient's sides at this one edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from readingroom.domain.terms import Side
from readingroom.errors import NotServed
from readingroom.imaging.image import Image
from readingroom.imaging.sides import side_of_image_half
from readingroom.imaging.thorax import border_seen, reaches_edge, thorax_width
from readingroom.imaging.windowing import display_gray
from readingroom.tools.backends.classical.chest import ChestReading, looks_like_frontal_chest, segment_chest
from readingroom.tools.backends.classical.segment import ASSESSABLE, Gray, Mask, Segment
from readingroom.tools.backends.protocol import Model, Segmented

HEART_EDGE, LUNG_EDGE = 0.022, 0.008
"""Standard deviation of where each outline's side runs, as a share of the thorax's inner width. Together they give the
cardiothoracic ratio about 0.03: more than the 0.02 of cross-validation (training/chest_cv.json), which the refusal of
doubtful hearts flatters."""

LEAST_BORDER = 0.5
"""Share of the heart's outermost border with lung against it, below which its width is a guess."""


@dataclass(frozen=True, eq=False)
class ChestSegments:
    """The patient's right lung, left lung and heart on the source pixels, and the film as displayed."""

    gray: Gray
    right: Segmented
    left: Segmented
    heart: Segmented

    def by_target(self, target: str) -> Segmented:
        named = {"right lung": self.right, "left lung": self.left, "heart": self.heart}
        if target in named:
            return named[target]
        return replace(
            self.right,
            target="lung",
            mask=self.right.mask | self.left.mask,
            quality=min(self.right.quality, self.left.quality),
        )


def read_chest(image: Image, model: Model) -> ChestSegments:
    """Raises NotServed where it is not known which side of the patient lies at the left of the image."""
    halves = {side_of_image_half(half, image.ref): half for half in ("left", "right")}
    if "unknown" in halves:
        raise NotServed(
            "which side of the patient lies at the left of the image is not known, so no side can be named",
            do="Say it with --image-left right (the usual) or left.",
        )
    gray = display_gray(image)
    reading = segment_chest(gray)
    likeness = _likeness(gray, reading)
    by_half = {"left": reading.image_left_lung, "right": reading.image_right_lung}
    right, left = by_half[halves["right"]], by_half[halves["left"]]
    lungs = right.mask | left.mask
    low, high, _ = thorax_width(lungs) if lungs.any() else (0.0, 0.0, 0.0)

    def named(found: Segment, target: str, edge: float) -> Segmented:
        quality, reason = (found.quality, found.reason)
        if likeness[0] < ASSESSABLE:
            quality, reason = min(found.quality, likeness[0]), likeness[1]
        elif target == "heart" and (hidden := _unmeasurable(found.mask, lungs, halves)):
            quality, reason = min(found.quality, ASSESSABLE / 2), hidden
        return Segmented(
            target=target,
            mask=np.asarray(found.mask),
            quality=quality,
            quality_reason=reason,
            method=found.method,
            model=model,
            caveat=found.caveat,
            boundary_sd=max(0.5, edge * (high - low)),
        )

    return ChestSegments(
        gray=gray,
        right=named(right, "right lung", LUNG_EDGE),
        left=named(left, "left lung", LUNG_EDGE),
        heart=named(reading.heart, "heart", HEART_EDGE),
    )


def _likeness(gray: Gray, reading: ChestReading) -> tuple[float, str]:
    """How much it looks like a frontal film and why; of what does not, whether its negative would."""
    score, why = looks_like_frontal_chest(reading)
    if score < ASSESSABLE and looks_like_frontal_chest(segment_chest(1 - gray))[0] >= ASSESSABLE:
        return score, "the film looks like a negative, whatever its header says of black and white"
    return score, why


def _unmeasurable(heart: Mask, lungs: Mask, halves: Mapping[Side, str]) -> str:
    """Why the heart cannot be measured beside these lungs, in words; empty where it can."""
    if not heart.any():
        return ""
    if reaches_edge(lungs):
        return "the chest wall reaches the edge of the image"
    seen = dict(zip(("left", "right"), border_seen(heart, lungs), strict=True))
    hidden = [side for side in ("right", "left") if seen[halves[side]] < LEAST_BORDER]
    return f"no lung lies against its {' and '.join(hidden)} border" if hidden else ""
