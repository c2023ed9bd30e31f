"""Whether the object asked for is there at all: for each probability map present, absent or not assessable.

MedImageParse never says that an object is absent: the map is low everywhere, or something else is outlined. A faint map
speaks for absence and a crisp one for presence, with a band between; what contradicts itself is not assessable. A crisp
outline of the wrong thing cannot be told from its map alone: BiomedParse's published parameters (presence_published.py)
and the other prompts of the same image (presence_agreement.py) are the only evidence against it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

import numpy as np
import yaml
from numpy.typing import NDArray

from readingroom.domain.value import Value
from readingroom.errors import BadReply
from readingroom.tools.presence_agreement import Agreement, agreement_of
from readingroom.tools.presence_published import Published
from readingroom.tools.presence_statistics import HALF, Inside, MapStatistics, statistics_of

__all__ = ["LIMITATION", "Presence", "Published", "Verdict", "constants", "decide", "judge", "score_of"]

Decision = Literal["present", "absent", "not_assessable"]

LIMITATION = (
    "Whether an outlined object is present was decided by a test calibrated on the baseline's chest network, "
    "not on MedImageParse."
)
"""What every report says that rests on such a decision."""


class Constants(Value):
    """presence.yaml: where each comes from is written beside it."""

    intercept: float
    weight: float
    present_from: float
    faint_below: float
    twin_from: float
    overlap_from: float
    covers_from: float
    padding_from: float
    flat_from: float
    flat_span: float
    rejected_below: float


@dataclass(frozen=True)
class Presence:
    """One answer for one map."""

    decision: Decision
    score: float
    """0..1: probability that the object is there, from how crisp the map is alone; even prior (presence.yaml)."""
    reason: str
    """One clause in words."""
    statistics: MapStatistics
    agreement: Agreement
    published_p: float | None
    """The published test's p-value; None without parameters for this image type and target."""


class Verdict(NamedTuple):
    decision: Decision
    reason: str


@cache
def constants() -> Constants:
    """The calibrated constants, read once in a process."""
    text = files("readingroom.tools").joinpath("presence.yaml").read_text(encoding="utf-8")
    return Constants(**yaml.safe_load(text))


def judge(
    probabilities: NDArray[np.uint8],
    targets: tuple[str, ...],
    shown: NDArray[np.uint8],
    inside: Inside | NDArray[np.bool_],
    *,
    published: Published | None = None,
    image_type: str = "",
) -> tuple[Presence, ...]:
    """One answer a target, in order.

    `probabilities` (N, H, W), probability x 255, on the submitted square; `shown` (H, W) or (H, W, 3), the pixels that
    were submitted; `inside` the part of the square that is picture, as slices or as a mask, which is taken by its
    bounding rectangle. `image_type` names the image in `published` ("X-Ray-Chest"; Published.image_type finds it).
    Raises BadReply where the shapes do not fit together.
    """
    rows, columns = _rectangle(inside)
    _check(probabilities, targets, shown, (rows, columns))
    masks = [plane[rows, columns] > HALF for plane in probabilities]
    answers = []
    for plane, target, agreement in zip(probabilities, targets, agreement_of(masks, targets), strict=True):
        part, seen = plane[rows, columns], shown[rows, columns]
        p = None if published is None else published.p_value(image_type, target, part, seen)
        told = statistics_of(plane, (rows, columns))
        verdict = decide(told, agreement, p)
        answers.append(Presence(verdict.decision, score_of(told), verdict.reason, told, agreement, p))
    return tuple(answers)


def score_of(told: MapStatistics) -> float:
    """Logistic in the concentration of the probability, and in nothing else: shape added nothing (docs/presence.md)."""
    held = constants()
    return 1 / (1 + math.exp(-(held.intercept + held.weight * told.concentration)))


def decide(told: MapStatistics, agreement: Agreement, published_p: float | None = None) -> Verdict:
    """What makes the map unusable first, then how crisp it is, then the published test."""
    if doubt := _unusable(told) or _contradicted(agreement):
        return Verdict("not_assessable", doubt)
    verdict = _by_crispness(told)
    if published_p is None or published_p >= constants().rejected_below or verdict.decision == "absent":
        return verdict
    rejects = f"the published mask statistics reject it (p = {published_p:.3f})"
    if verdict.decision == "present":
        return Verdict("not_assessable", f"{rejects}, though {verdict.reason}")
    return Verdict("absent", f"{rejects} and {verdict.reason}")


def _unusable(told: MapStatistics) -> str:
    held = constants()
    if told.peak >= held.flat_from and told.peak - told.least < held.flat_span:
        return f"the map is flat, between {told.least:.2f} and {told.peak:.2f}"
    if told.padding > held.padding_from:
        return f"{100 * told.padding:.0f} % of the mask lies in the padding"
    if told.above >= held.covers_from:
        return f"the mask covers {100 * told.above:.0f} % of the picture"
    return ""


def _contradicted(agreement: Agreement) -> str:
    held = constants()
    if agreement.twin >= held.twin_from:
        return f"the same outline was given for '{agreement.twin_of}' (intersection over union {agreement.twin:.2f})"
    if agreement.overlap >= held.overlap_from:
        return f"it shares {100 * agreement.overlap:.0f} % with '{agreement.overlap_with}', which it cannot be"
    return ""


def _by_crispness(told: MapStatistics) -> Verdict:
    held = constants()
    if not told.above:
        return Verdict("absent", f"the probability stays at {told.peak:.2f} or below everywhere")
    inside = f"mean probability {told.strength:.2f} inside it"
    if told.strength < held.faint_below:
        return Verdict("absent", f"the mask is faint, {inside}")
    if score_of(told) >= held.present_from:
        return Verdict("present", f"the mask is crisp, {inside}")
    return Verdict("not_assessable", f"the mask is neither crisp nor faint, {inside}")


def _rectangle(inside: Inside | NDArray[np.bool_]) -> Inside:
    if isinstance(inside, tuple):
        return inside
    spans = [np.flatnonzero(inside.any(axis)) for axis in (1, 0)]
    if not all(len(span) for span in spans):
        return slice(0, 0), slice(0, 0)
    return slice(int(spans[0][0]), int(spans[0][-1]) + 1), slice(int(spans[1][0]), int(spans[1][-1]) + 1)


def _check(
    probabilities: NDArray[np.uint8], targets: tuple[str, ...], shown: NDArray[np.uint8], inside: Inside
) -> None:
    if probabilities.dtype != np.uint8 or probabilities.ndim != 3 or len(probabilities) != len(targets):
        what = f"{len(targets)} targets need as many uint8 maps, and {probabilities.dtype} {probabilities.shape} came"
        raise BadReply(what, where="presence")
    if shown.shape[:2] != probabilities.shape[1:] or not (shown.ndim == 2 or shown.shape[2:] == (3,)):
        what = f"maps of {probabilities.shape[1:]} do not lie on an image of {shown.shape}"
        raise BadReply(what, where="presence")
    if not shown[inside].size:
        raise BadReply("no part of the square is picture", where="presence")
