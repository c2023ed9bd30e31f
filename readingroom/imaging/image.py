"""One image or volume with its pixels, and a study of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readingroom.domain.image import ImageRef

Pixels = NDArray[Any]


@dataclass(frozen=True)
class Window:
    """A linear display window in the image's own units (HU, grey levels)."""

    low: float
    high: float
    name: str = ""
    """Where it comes from: "VOI LUT 1 of 2 (WINDOW1)", "preset lung", "percentiles 0.5-99.5"."""


@dataclass(frozen=True, eq=False)
class Image:
    """Pixels and what is known of them.

    `pixels` is (H, W) or (H, W, 3) for kind "image", (D, H, W) for "volume", (N, H, W[, 3]) for "frames"; colour is
    uint8 sRGB; grey keeps its own depth and units after the modality rescale (float32 HU for CT), with MONOCHROME1
    already inverted, so that dense or bright is high. A volume's axes run to the patient's Superior, Posterior and
    Left (index order S, P, L: pixels[k, j, i], k upwards, j to the back, i to the patient's left); `affine` maps
    (i, j, k, 1) to DICOM patient coordinates (LPS) in millimetres.
    """

    ref: ImageRef
    pixels: Pixels
    window: Window | None = None
    affine: NDArray[np.float64] | None = None
    sources: tuple[str, ...] = field(default=(), repr=False)
    """SOP instance UIDs of the files it was made from, for exports that refer to them; empty without DICOM."""


@dataclass(frozen=True, eq=False)
class Study:
    """What is read together: current images first, then lateral and prior ones."""

    subject: str
    """A pseudonym: HMAC of the patient identifier with this installation's key; "unknown" where there is none."""
    images: tuple[Image, ...]
    notes: tuple[str, ...] = ()
    """Decisions on the way in: which series was picked and which were left, what was skipped and why."""
    marks: frozenset[str] = field(default=frozenset(), repr=False)
    """Of the patient's name and numbers (domain.name_marks), for keeping them out of texts that leave."""

    @property
    def current(self) -> tuple[Image, ...]:
        return tuple(image for image in self.images if image.ref.role == "current")

    @property
    def priors(self) -> tuple[Image, ...]:
        return tuple(image for image in self.images if image.ref.role == "prior")

    @property
    def laterals(self) -> tuple[Image, ...]:
        return tuple(image for image in self.images if image.ref.role == "lateral")
