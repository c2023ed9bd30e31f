"""Lungs and heart on a frontal chest film, by a small network of our own, and the cardiothoracic ratio from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from readingroom.errors import BadStudy
from readingroom.imaging import thorax
from readingroom.tools.backends.classical.segment import ASSESSABLE, Gray, Mask, Segment

Planes = NDArray[np.float32]
"""(3, height, width) probabilities: lung on the image left, lung on the image right, heart."""

TARGETS = ("lung on the image left", "lung on the image right", "heart")
METHOD = "U-Net of 0.4 million weights trained on 24 radiographs and on drawn ones (chest_card.md)"
LUNG_CAVEAT = "includes the lung behind the heart, ends at the domes (V7 convention)"
HEART_CAVEAT = "learnt from outlines drawn by the project, not by a radiologist"

SIDE = 160
"""Height and width of the network's input; the film is squeezed to it whatever its aspect (train_chest.py)."""
SMALLEST_SIDE = 64
WORK_SIDE, HEART_WORK_SIDE = 1024, 384
OUTGROWTH = 0.1
"""Radius, in roots of its area, of the disk that must fit everywhere into the heart: hilar vessels hold none."""
FLAT = 0.04
"""Rows and columns at the rim whose 2nd to 98th percentile spans less are a border, not film."""
MARGIN = 0.12
"""Rim left around the lungs, in parts of their bounding box, when a small film is looked at a second time."""
SMALL = 0.62
"""Where the lungs fill less of the frame than this in either direction, the network looks again, closer."""


@dataclass(frozen=True)
class ChestReading:
    """What the network found on one film, by image side: the caller knows which side is the patient's left."""

    image_left_lung: Segment
    image_right_lung: Segment
    heart: Segment
    likeness: float
    """0..1: how far the three shapes and the network's certainty are those of an upright frontal chest film."""
    likeness_reason: str
    """What speaks least for it."""


@dataclass(frozen=True)
class Cardiothoracic:
    """Greatest transverse cardiac diameter over the greatest inner width of the thorax; lines in source pixels."""

    ratio: float | None
    uncertainty: float
    """Standard deviation of the ratio against outlines drawn by eye, from cross-validation (chest_card.md)."""
    quality: float
    reason: str
    """Why there is no ratio, or what the ratio rests on."""
    heart: thorax.Line | None = None
    """The transverse cardiac diameter, end to end."""
    wall: thorax.Line | None = None
    """The inner width of the thorax, on the row on which the lungs together are widest."""


class Likeness(NamedTuple):
    score: float
    reason: str


class Look(NamedTuple):
    """Probabilities over one rectangle of the film, from several views of it."""

    views: NDArray[np.float32]
    """(n, 3, SIDE, SIDE)"""
    rows: slice
    columns: slice

    @property
    def mean(self) -> Planes:
        return np.asarray(self.views.mean(0), np.float32)


@cache
def shipped_network() -> onnxruntime.InferenceSession:
    """The network of chest_card.md, loaded once in a process."""
    return open_network(files("readingroom.tools.backends.classical").joinpath("chest.onnx").read_bytes())


def open_network(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = 2, 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def segment_chest(image: Gray, network: onnxruntime.InferenceSession | None = None) -> ChestReading:
    """Both lungs and the heart on a frontal film (H, W), 0..1, dense tissue bright, upright.

    `network` is another of the same make (a cross-validation fold); by default the shipped one.
    Raises BadStudy for an image below 64 pixels a side or with values that are not numbers.
    """
    if image.ndim != 2 or min(image.shape) < SMALLEST_SIDE or not np.isfinite(image).all():
        what = f"the image is {image.shape} with values that may not be numbers"
        raise BadStudy(what, where="chest", do=f"Give one channel of at least {SMALLEST_SIDE} pixels a side.")
    look = look_at(np.asarray(image, np.float32), network or shipped_network())
    masks = [_placed(plane, look, image.shape, heart=channel == 2) for channel, plane in enumerate(look.mean)]
    likeness = _likeness(masks, look)
    segments = []
    for channel, (target, mask) in enumerate(zip(TARGETS, masks, strict=True)):
        quality, reason = _quality(look, channel)
        if channel == 2 and (spread := _width_spread(look)) > WIDTH_SPREAD:
            quality, reason = min(quality, ASSESSABLE / 2), f"views differ on its width by {spread:.2f} of the thorax"
        if likeness.score < quality:
            quality, reason = likeness.score, likeness.reason
        caveat = HEART_CAVEAT if target == "heart" else LUNG_CAVEAT
        segments.append(Segment(target, mask, quality, reason, METHOD, caveat))
    return ChestReading(segments[0], segments[1], segments[2], likeness.score, likeness.reason)


def look_at(image: Gray, network: onnxruntime.InferenceSession) -> Look:
    """Probabilities over the whole film; and closer, where the lungs turn out to be small in it."""
    rows, columns = _film(image)
    first = Look(_views(image[rows, columns], network), rows, columns)
    lungs = first.mean[:2].max(0) > 0.5
    if not lungs.any():
        return first
    spans = [np.flatnonzero(lungs.any(axis))[[0, -1]] / SIDE for axis in (1, 0)]
    if min(float(span[1] - span[0]) for span in spans) > SMALL:
        return first
    closer = [_widened(span, frame, MARGIN) for span, frame in zip(spans, (rows, columns), strict=True)]
    if min(part.stop - part.start for part in closer) < SMALLEST_SIDE // 2:
        return first
    return Look(_views(image[closer[0], closer[1]], network), closer[0], closer[1])


def _film(image: Gray) -> tuple[slice, slice]:
    """The rectangle inside flat borders; the whole image where that would leave less than half a side."""
    spread = max(float(np.ptp(image)), 1e-6)
    parts = []
    for axis, across in ((1, image[:, :: max(image.shape[1] // 256, 1)]), (0, image[:: max(image.shape[0] // 256, 1)])):
        low, high = np.percentile(across, (2, 98), axis=axis)
        busy = np.flatnonzero(high - low > FLAT * spread)
        length = image.shape[1 - axis]
        whole = len(busy) == 0 or busy[-1] + 1 - busy[0] < max(length // 2, SMALLEST_SIDE)
        parts.append(slice(0, length) if whole else slice(int(busy[0]), int(busy[-1]) + 1))
    return parts[0], parts[1]


def _widened(span: NDArray[np.float64], frame: slice, margin: float) -> slice:
    length = frame.stop - frame.start
    rim = margin * float(span[1] - span[0])
    start, stop = max(float(span[0]) - rim, 0.0), min(float(span[1]) + rim, 1.0)
    return slice(frame.start + int(start * length), frame.start + int(np.ceil(stop * length)))


def _views(part: Gray, network: onnxruntime.InferenceSession) -> NDArray[np.float32]:
    """Probabilities from the film as it is and with equalised contrast, each also mirrored and mirrored back."""
    how = cv2.INTER_AREA if min(part.shape) >= SIDE else cv2.INTER_LINEAR
    small = cv2.resize(part, (SIDE, SIDE), interpolation=how)
    low, high = np.percentile(small, (1, 99))
    plain = np.clip((small - low) / max(float(high - low), 1e-3), 0, 1).astype(np.float32)
    equal = cv2.createCLAHE(2.0, (4, 4)).apply((plain * 255).astype(np.uint8)).astype(np.float32) / 255
    batch = np.stack([plain, plain[:, ::-1], equal, equal[:, ::-1]])[:, None]
    found = np.asarray(network.run(None, {"image": np.ascontiguousarray(batch)})[0], np.float32)
    found[1::2] = found[1::2][:, [1, 0, 2], :, ::-1]
    return found


def _placed(plane: Planes, look: Look, shape: tuple[int, ...], *, heart: bool) -> Mask:
    """The largest piece above one half, holes filled, on the source pixels; a heart without narrow outgrowths."""
    height, width = look.rows.stop - look.rows.start, look.columns.stop - look.columns.start
    scale = HEART_WORK_SIDE / max(height, width) if heart else min(1.0, WORK_SIDE / max(height, width))
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    piece = _largest((cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR) > 0.5) * np.uint8(255))
    if heart:
        reach = round(OUTGROWTH * float(np.sqrt((piece > 0).sum())))
        disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        piece = _largest(np.asarray(cv2.morphologyEx(piece, cv2.MORPH_OPEN, disk), np.uint8))
    mask = np.zeros(shape, np.bool_)
    how = cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
    fitted = cv2.resize(piece, (width, height), interpolation=how)
    mask[look.rows, look.columns] = _largest(np.asarray(fitted, np.uint8)) > 0
    return mask


def _largest(piece: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The largest piece of 128 or more, holes filled, as 255."""
    rings, _ = cv2.findContours((piece > 127).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    alone = np.zeros_like(piece)
    if rings:
        cv2.drawContours(alone, [max(rings, key=cv2.contourArea)], -1, 255, cv2.FILLED)
    return alone


class Support(NamedTuple):
    """What speaks for one mask inside the network."""

    agreement: float
    """Smallest Dice of a single view with the mean of all."""
    certainty: float
    """1 where every pixel that may belong is 0 or 1, 0 where all are at one half."""
    strength: float
    """Mean probability inside the mask."""


def support_of(look: Look, channel: int) -> Support:
    mean, views = look.mean[channel], look.views[:, channel] > 0.5
    inside = mean > 0.5
    if not inside.any():
        return Support(0.0, 0.0, 0.0)
    shared = 2 * (views & inside).sum((1, 2)) / (views.sum((1, 2)) + inside.sum())
    possible = mean[mean > 0.05]
    return Support(float(shared.min()), float(1 - 4 * (possible * (1 - possible)).mean()), float(mean[inside].mean()))


QUALITY = {"lung": (-4.54, 1.34, 8.72, -1.64), "heart": (-6.36, 1.79, 5.01, 2.35)}
"""Logistic regression of "Dice at least 0.90 (heart 0.85)" on 1, agreement, certainty, strength; fitted by
train_chest.py --score on films that the fold networks had not seen, sound and damaged."""


def _quality(look: Look, channel: int) -> tuple[float, str]:
    found = support_of(look, channel)
    weights = QUALITY["heart" if channel == 2 else "lung"]
    if found.strength == 0.0:
        return 0.0, "nothing found"
    logit = weights[0] + float(np.dot(weights[1:], found))
    quality = 1 / (1 + np.exp(-logit))
    return float(quality), f"views agree {found.agreement:.2f}, certainty {found.certainty:.2f}"


WIDTH_SPREAD = 0.05
"""Range over the views of the heart's width, in parts of the thorax's, beyond which vessels may have been taken for
heart; out of fold it parts three wide misses from the rest (chest_card.md)."""


def _width_spread(look: Look) -> float:
    small = look._replace(rows=slice(0, SIDE), columns=slice(0, SIDE))
    hearts = [_placed(view[2], small, (SIDE, SIDE), heart=True) for view in look.views]
    lungs = np.flatnonzero((look.mean[:2].max(0) > 0.5).any(0))
    if not len(lungs) or not all(heart.any() for heart in hearts):
        return 1.0
    widths = [int(np.ptp(np.flatnonzero(thorax.below_hila(heart).any(0)))) for heart in hearts]
    return float((max(widths) - min(widths)) / max(int(np.ptp(lungs)), 1))


def looks_like_frontal_chest(reading: ChestReading) -> Likeness:
    """Whether this is an upright frontal chest film at all; below ASSESSABLE nothing of the reading may be used."""
    return Likeness(reading.likeness, reading.likeness_reason)


def _ramp(value: float, nothing: float, full: float) -> float:
    return float(np.clip((value - nothing) / (full - nothing), 0, 1))


def _likeness(masks: list[Mask], look: Look) -> Likeness:
    """The weakest of several marks of a frontal chest; limits chosen on films and on pictures of other things."""
    frame = (look.rows.stop - look.rows.start, look.columns.stop - look.columns.start)
    first, second = (_box(mask) for mask in masks[:2])
    if first is None or second is None:
        return Likeness(0.0, "two lungs were not found")
    areas = sorted((first.area, second.area))
    union = max(first.right, second.right) - min(first.left, second.left)
    level = (min(first.bottom, second.bottom) - max(first.top, second.top)) / min(first.height, second.height)
    held = [support_of(look, channel) for channel in (0, 1)]
    marks = [
        (_ramp(areas[0] / areas[1], 0.15, 0.45), "the two lungs differ too much in size"),
        (_ramp(sum(areas) / (frame[0] * frame[1]), 0.04, 0.14), "the lungs are too small for the frame"),
        (min(_ramp(box.height / box.width, 0.7, 1.15) for box in (first, second)), "a lung is wider than tall"),
        (min(_ramp(-box.height / box.width, -6.0, -4.5) for box in (first, second)), "a lung is too narrow"),
        (min(_ramp(box.area / (box.height * box.width), 0.3, 0.55) for box in (first, second)), "a lung is ragged"),
        (_ramp((second.middle - first.middle) / union, 0.25, 0.42), "the lungs do not stand side by side"),
        (_ramp(level, 0.3, 0.65), "the lungs are not on one level"),
        (min(_ramp(one.agreement, 0.55, 0.85) for one in held), "the views of the network disagree"),
        (min(_ramp(one.certainty, 0.52, 0.78) for one in held), "the network is uncertain"),
    ]
    score, reason = min(marks)
    return Likeness(score, reason if score < 1 else "two lungs of fitting size, shape and place")


class _Box(NamedTuple):
    left: int
    right: int
    top: int
    bottom: int
    area: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


def _box(mask: Mask) -> _Box | None:
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    if not len(columns):
        return None
    return _Box(int(columns[0]), int(columns[-1]) + 1, int(rows[0]), int(rows[-1]) + 1, int(mask.sum()))


RATIO_SD = 0.02
"""Standard deviation of the ratio against outlines drawn by eye, where the borders can be seen (chest_cv.json)."""


def cardiothoracic(reading: ChestReading) -> Cardiothoracic:
    """The ratio with its two diameters, or the reason why it is not assessable."""
    lungs = reading.image_left_lung, reading.image_right_lung
    quality = min(reading.likeness, reading.heart.quality, *(lung.quality for lung in lungs))
    if reading.likeness < ASSESSABLE:
        return Cardiothoracic(None, RATIO_SD, quality, f"not a frontal chest film: {reading.likeness_reason}")
    for part in (*lungs, reading.heart):
        if not part.assessable or not part.mask.any():
            return Cardiothoracic(None, RATIO_SD, quality, f"{part.target} not assessable: {part.reason}")
    both = lungs[0].mask | lungs[1].mask
    if thorax.reaches_edge(both):
        return Cardiothoracic(None, RATIO_SD, quality, "the chest wall reaches the edge of the image")
    found = thorax.cardiothoracic(reading.heart.mask, both)
    if not found.thorax[0] < found.heart[0] < found.heart[2] < found.thorax[2]:
        return Cardiothoracic(None, RATIO_SD, quality, "the heart found does not lie between the chest walls")
    rests = "cardiac silhouette and lungs outlined by the network"
    return Cardiothoracic(found.ratio, RATIO_SD, quality, rests, found.heart, found.thorax)
