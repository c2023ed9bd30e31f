"""A frontal film read once: lungs and heart by image side, turned into the patient's sides at this one edge."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from readingroom.errors import NotServed
from readingroom.imaging.image import Image
from readingroom.imaging.sides import side_of_image_half
from readingroom.imaging.windowing import display_gray
from readingroom.tools.backends.classical.chest import looks_like_frontal_chest, segment_chest
from readingroom.tools.backends.classical.segment import ASSESSABLE, Gray, Segment
from readingroom.tools.backends.protocol import Model, Segmented


@dataclass(frozen=True, eq=False)
class ChestSegments:
    """The patient's right lung, left lung and heart on the source pixels, and the film as displayed."""

    gray: Gray
    right: Segmented
    left: Segmented
    heart: Segmented
    plausible: float
    """How much it looks like a frontal chest film; below ASSESSABLE nothing of it is assessable."""
    plausible_reason: str

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
    plausible, why = looks_like_frontal_chest(reading)
    by_half = {"left": reading.image_left_lung, "right": reading.image_right_lung}

    def named(found: Segment, target: str) -> Segmented:
        doubtful = plausible < ASSESSABLE
        return Segmented(
            target=target,
            mask=np.asarray(found.mask),
            quality=min(found.quality, plausible) if doubtful else found.quality,
            quality_reason=why if doubtful else found.reason,
            method=found.method,
            model=model,
            caveat=found.caveat,
            boundary_sd=getattr(found, "boundary_sd", None),
        )

    return ChestSegments(
        gray=gray,
        right=named(by_half[halves["right"]], "right lung"),
        left=named(by_half[halves["left"]], "left lung"),
        heart=named(reading.heart, "heart"),
        plausible=plausible,
        plausible_reason=why,
    )
