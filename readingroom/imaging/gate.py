"""The gate before any tool: can this image be read, as what, and how well; each answer with its reason."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from readingroom.domain.gate import Gate, GateCheck
from readingroom.domain.image import ImageRef
from readingroom.domain.terms import Modality
from readingroom.imaging.grey import is_grey
from readingroom.imaging.image import Image
from readingroom.imaging.sides import SIDELESS_VIEWS
from readingroom.imaging.windowing import plane_of

Outcome = Literal["pass", "warn", "refuse"]

MIN_SIDE = 64
"""Pixels; below it no organ's outline means anything."""
MIN_SIDE_VOLUME = 16
"""The same of a volume, whose third axis adds to it."""
SAME_SHARE = 0.995
"""An image of which this share has one value shows nothing."""
EXTREME_SHARE = 0.95
"""Pixels at the darkest and brightest value together; beyond it, it is a mask or a drawing."""
BRIGHT_SHARE = 0.10
DARK_SHARE = 0.60
"""Shares at the brightest, or on a radiograph the darkest, value from which clipping is named."""
LOW_CONTRAST_8_BIT = 32
LOW_CONTRAST_HU = 100
FEW_LEVELS = 16
"""Spread of the middle 98 % of the pixels, and distinct values, below which contrast is named low."""

GREY_MODALITIES: frozenset[Modality] = frozenset(("x_ray", "ct", "mr", "mammography"))
SIDED: frozenset[Modality] = frozenset(("x_ray", "ct", "mr"))
_SAMPLES = 1_000_000


def inspect(image: Image) -> Gate:
    """Every question about one image; `Gate.refusals` and `Gate.warnings` are what is wrong with it."""
    picture = plane_of(image, None)
    sample = _sample(image.pixels)
    checks = (
        _modality(image.ref), _anatomy(image.ref), _view(image.ref), _side(image.ref), _spacing(image.ref),
        _size(image.ref), _constant(sample), _clipped(image.ref, sample), _colour(image.ref, picture),
        _contrast(image.ref, sample),
    )  # fmt: skip
    return Gate(image_id=image.ref.id, checks=checks)


def _sample(pixels: NDArray[Any]) -> NDArray[Any]:
    flat = pixels.reshape(-1, 3)[:, 1] if pixels.shape[-1] == 3 and pixels.ndim >= 3 else pixels.reshape(-1)
    return flat[:: max(1, flat.size // _SAMPLES)]


def _modality(ref: ImageRef) -> GateCheck:
    if ref.modality == "unknown":
        return _check("modality", "warn", "neither the file nor the user says how the image was made")
    return _check("modality", "pass", f"{ref.modality}, {_from(ref.modality_source)}")


def _anatomy(ref: ImageRef) -> GateCheck:
    if ref.anatomy == "unknown":
        return _check("anatomy", "warn", "neither the file nor the user says which body part it shows")
    return _check("anatomy", "pass", f"{ref.anatomy}, {_from(ref.anatomy_source)}")


def _view(ref: ImageRef) -> GateCheck:
    if ref.view != "unknown":
        return _check("view", "pass", f"{ref.view}, {_from(ref.view_source)}")
    if ref.modality == "x_ray":
        return _check("view", "warn", "it is not known from which direction the radiograph was taken")
    return _check("view", "pass", "not asked of this kind of image")


def _side(ref: ImageRef) -> GateCheck:
    if ref.view in SIDELESS_VIEWS:
        return _check("side", "pass", f"a {ref.view} view shows both sides over each other")
    if ref.image_left == "unknown":
        if ref.modality in SIDED or ref.modality == "unknown":
            return _check("side", "warn", "it is not known which side of the patient lies at image left")
        return _check("side", "pass", "not asked of this kind of image")
    if ref.image_left_source == "convention":
        return _check("side", "warn", f"the patient's {ref.image_left} is at image left by convention only")
    return _check("side", "pass", f"the patient's {ref.image_left} lies at image left, {_from(ref.image_left_source)}")


def _spacing(ref: ImageRef) -> GateCheck:
    if ref.spacing is None:
        return _check("spacing", "warn", f"lengths can be given in pixels only. {ref.spacing_note}".strip())
    where = "in the patient" if ref.spacing.plane == "patient" else "at the detector"
    return _check("spacing", "pass", f"{ref.spacing.row:.3g} x {ref.spacing.column:.3g} mm {where}")


def _size(ref: ImageRef) -> GateCheck:
    least = MIN_SIDE_VOLUME if ref.kind == "volume" else MIN_SIDE
    size = f"{ref.columns} x {ref.rows} pixels"
    if min(ref.rows, ref.columns) < least:
        return _check("size", "refuse", f"{size} are too few; at least {least} each way are needed")
    return _check("size", "pass", size)


def _constant(sample: NDArray[Any]) -> GateCheck:
    low, high = float(sample.min()), float(sample.max())
    if low == high:
        return _check("constant", "refuse", "all pixels have the same value; there is nothing in the image")
    share = max(float(np.mean(sample == value)) for value in (low, high, float(np.median(sample))))
    if share > SAME_SHARE:
        return _check("constant", "refuse", f"{100 * share:.1f} % of the pixels have the same value")
    return _check("constant", "pass", "the pixels differ")


def _clipped(ref: ImageRef, sample: NDArray[Any]) -> GateCheck:
    dark, bright = float(np.mean(sample == sample.min())), float(np.mean(sample == sample.max()))
    if EXTREME_SHARE < dark + bright < 2:  # of one value both are 1; that is another check's
        return _check("clipped", "refuse", "nearly all pixels are black or white: this is a mask or a drawing")
    if bright > BRIGHT_SHARE:
        return _check("clipped", "warn", f"{100 * bright:.0f} % of the pixels are at the brightest value")
    if ref.modality == "x_ray" and dark > DARK_SHARE:
        return _check("clipped", "warn", f"{100 * dark:.0f} % of the pixels are at the darkest value")
    return _check("clipped", "pass", "few pixels are at the ends of the scale")


def _colour(ref: ImageRef, picture: NDArray[Any]) -> GateCheck:
    if not ref.colour:
        return _check("colour", "pass", "grey")
    if ref.modality in GREY_MODALITIES and not is_grey(picture):
        return _check("colour", "refuse", f"it is in colour, which no {ref.modality.replace('_', '-')} image is")
    return _check("colour", "pass", "colour")


def _contrast(ref: ImageRef, sample: NDArray[Any]) -> GateCheck:
    low, high = (float(value) for value in np.percentile(sample, (1, 99)))
    least = LOW_CONTRAST_HU if ref.units == "HU" else LOW_CONTRAST_8_BIT if sample.dtype == np.uint8 else 0
    if high - low < least or len(np.unique(sample)) < FEW_LEVELS:
        return _check("contrast", "warn", f"its values spread over {high - low:.0f} only")
    return _check("contrast", "pass", f"98 % of its values lie between {low:.0f} and {high:.0f}")


def _from(source: str) -> str:
    return {
        "header": "from the file's header", "pixels": "inferred from the pixels", "stated": "said by the user",
        "convention": "by convention", "none": "from nowhere",
    }[source]  # fmt: skip


def _check(
    name: Literal[
        "modality", "anatomy", "view", "side", "spacing", "size", "constant", "clipped", "colour", "contrast"
    ],
    outcome: Outcome,
    reason: str,
) -> GateCheck:
    return GateCheck(name=name, outcome=outcome, reason=reason)
