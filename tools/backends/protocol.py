"""The one protocol behind every tool: what a place where models run can be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from readingroom.domain.image import ImageRef
from readingroom.domain.measurement import Measurement
from readingroom.domain.request import Request
from readingroom.domain.terms import Certainty, Change, Laterality, Presence, Severity
from readingroom.domain.value import Value
from readingroom.imaging.image import Image

Mask = NDArray[np.bool_]

ASSESSABLE = 0.5
"""A quality at or above this supports a statement; below it the target ends in "not assessable"."""


class Model(Value):
    """Who answered: enough to name it in every piece of evidence."""

    backend: str
    name: str
    version: str
    preprocessing_id: str
    description: str
    """What it is, in words a report prints: "classical image analysis, not a foundation model"."""


@dataclass(frozen=True)
class Segmented:
    """One target of one image: a mask on the source pixels, and how far to trust it."""

    target: str
    mask: Mask
    quality: float
    quality_reason: str
    method: str
    model: Model
    caveat: str = ""
    boundary_sd: float | None = None
    """Standard deviation of the outline's position in source pixels, where cross-validation measured it."""
    absent: bool = False
    """The model was asked and, by a test of its answer, outlined nothing of the kind; the mask is then empty."""

    @property
    def assessable(self) -> bool:
        """Only then may a statement rest on it."""
        return self.quality >= ASSESSABLE and (self.absent or bool(self.mask.any()))


@dataclass(frozen=True)
class Embedded:
    """A vector of unit length that stands for an image or a text."""

    vector: NDArray[np.float32]
    model: Model
    scaling: float | None = None
    """Log of the temperature: p = softmax(exp(scaling) x image . texts), where the model tells one."""


@dataclass(frozen=True)
class Scored:
    """One label with its score."""

    label: str
    score: float


@dataclass(frozen=True)
class Classified:
    """Labels with scores, best first; `label` is "unknown" where none stands out."""

    label: str
    scores: tuple[Scored, ...]
    reason: str
    calibrated: bool
    model: Model


@dataclass(frozen=True)
class Drafted:
    """One finding that a model returned for an image, before it becomes evidence. Boxes are in source pixels."""

    observation: str
    presence: Presence
    summary: str
    laterality: Laterality = "unspecified"
    zone: str = ""
    severity: Severity | None = None
    certainty: Certainty = "definite"
    change: Change | None = None
    prior_image_id: str | None = None
    measurements: tuple[Measurement, ...] = ()
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    masks: tuple[Segmented, ...] = ()
    score: float | None = None
    quality: float | None = None
    quality_reason: str = ""
    quote: str = ""


@dataclass(frozen=True)
class Draft:
    """All that a model found in a study, and what it says it did not look for."""

    findings: tuple[Drafted, ...]
    not_assessed: tuple[str, ...]
    """Concepts of the lexicon that the model cannot see or did not look for."""
    model: Model
    unspoken: tuple[str, ...] = ()
    """What a reader expects to be told and the model said nothing of, where it does not tell what it looked for."""
    unread: tuple[str, ...] = ()
    """What the model said and nothing rests on: a reason and its words."""
    lateral_seen: bool = False
    """Whether the lateral view was among what it looked at."""


class Backend(Protocol):
    """A place where models run. A call raises NotServed for what it does not serve, naming what would."""

    name: str
    version: str

    def targets(self, ref: ImageRef) -> tuple[str, ...]:
        """What it segments without being asked by name, for such an image; empty: nothing."""
        ...

    def targets_by_name(self, ref: ImageRef) -> tuple[str, ...] | None:
        """What it segments when asked by name, for such an image; None: it takes any words."""
        ...

    async def segment(self, image: Image, targets: tuple[str, ...]) -> tuple[Segmented, ...]:
        """One answer a target, in order. Raises NotServed naming the targets it does not serve for this image."""
        ...

    async def embed(self, image: Image, model: str = "") -> Embedded:
        """`model` names one of several that embed; empty: the backend's own choice for such an image."""
        ...

    async def embed_texts(self, texts: tuple[str, ...], model: str = "") -> tuple[Embedded, ...]:
        """One vector a text, in the space of `embed` with the same `model`."""
        ...

    async def classify(self, image: Image, labels: tuple[str, ...]) -> Classified: ...

    async def draft(self, images: tuple[Image, ...], request: Request) -> Draft:
        """Findings of the current image, with lateral and prior images as context."""
        ...
