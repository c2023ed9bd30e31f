"""An adapter: trained heads for labels, bound to one space of vectors, as one JSON value that runs no code."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from readingroom.domain.value import Value, canonical_json, digest_of
from readingroom.errors import BadFile, BadRequest
from readingroom.index.entry import Space
from readingroom.learning.calibrator import Calibrator, bounded
from readingroom.learning.heads import Head, HeadKind, Layer
from readingroom.learning.operating import Called, Cuts
from readingroom.learning.rates import Rate

FORMAT: Literal["readingroom adapter 1"] = "readingroom adapter 1"
ENOUGH = 20
"""Patients with and without, below which probabilities are not called calibrated: ten for each of Platt's two numbers
(the events-per-variable rule of Peduzzi 1996)."""
MOST_NUMBERS = 50_000_000
MOST_LAYERS = 4


class Packed(Value):
    """An array as base64 of little-endian float32, with the digest of its bytes."""

    shape: tuple[int, ...] = Field(max_length=2)
    data: str
    sha256: str

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        count = int(np.prod(self.shape, dtype=np.int64))
        if min(self.shape, default=0) < 1 or count > MOST_NUMBERS:
            raise ValueError(f"an array of shape {list(self.shape)} is not kept here")
        try:
            content = base64.b64decode(self.data, validate=True)
        except binascii.Error as error:
            raise ValueError("an array is not base64") from error
        if len(content) != 4 * count:
            raise ValueError(f"an array of shape {list(self.shape)} has {len(content)} bytes")
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise ValueError("an array is not what its digest says: the file was changed")
        if not np.isfinite(np.frombuffer(content, "<f4")).all():
            raise ValueError("an array holds numbers that are not finite")
        return self

    def array(self) -> NDArray[np.float32]:
        """The numbers, of this shape."""
        return np.frombuffer(base64.b64decode(self.data), "<f4").reshape(self.shape).astype(np.float32)


def packed(array: NDArray[np.floating]) -> Packed:
    """An array to be kept."""
    content = np.ascontiguousarray(array, dtype="<f4").tobytes()
    return Packed(shape=array.shape, data=base64.b64encode(content).decode(),
                  sha256=hashlib.sha256(content).hexdigest())  # fmt: skip


class KeptLayer(Value):
    """One layer of a head."""

    weights: Packed
    bias: Packed


class KeptHead(Value):
    """A head with its scaler."""

    kind: HeadKind
    recipe: str
    """In words: "logistic, C 0.01"."""
    mean: Packed
    scale: Packed
    layers: tuple[KeptLayer, ...] = Field(min_length=1, max_length=MOST_LAYERS)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        sizes = [self.mean.shape]
        if self.mean.shape != self.scale.shape or len(self.mean.shape) != 1:
            raise ValueError("mean and scale are not rows of the same length")
        if not (self.scale.array() > 0).all():
            raise ValueError("a scale is not above 0")
        for layer in self.layers:
            if len(layer.weights.shape) != 2 or sizes[-1] != layer.weights.shape[:1]:
                raise ValueError("the layers do not follow on one another")
            sizes.append(layer.weights.shape[1:])
            if layer.bias.shape != sizes[-1]:
                raise ValueError("a bias does not fit its layer")
        if sizes[-1] != (1,):
            raise ValueError("the last layer gives more than one number")
        return self

    def head(self) -> Head:
        """Ready to be applied."""
        layers = tuple(Layer(one.weights.array(), one.bias.array()) for one in self.layers)
        return Head(self.kind, self.mean.array(), self.scale.array(), layers)


def kept(head: Head, recipe: str) -> KeptHead:
    """A head to be kept."""
    layers = tuple(KeptLayer(weights=packed(one.weights), bias=packed(one.bias)) for one in head.layers)
    return KeptHead(kind=head.kind, recipe=recipe, mean=packed(head.mean), scale=packed(head.scale), layers=layers)


class Figures(Value):
    """What the outer loop measured of a label, on patients that nothing was chosen on."""

    auroc: Rate
    sensitivity: Rate
    """At Youden's cut."""
    specificity: Rate
    found: Rate
    """Of the images with it, the share called present."""
    missed: Rate
    """Of the images with it, the share called absent."""
    cleared: Rate
    """Of the images without, the share called absent."""
    false: Rate
    """Of the images without, the share called present."""
    undecided: Rate
    """Of all images, the share left indeterminate."""
    brier: float
    calibration_error: float
    """ECE in ten bins."""
    bins: tuple[tuple[float, float, int], ...]
    """Reliability: mean probability, share present, images."""
    chosen: str
    """Recipes that the outer folds chose."""


class Label(Value):
    """One label that an adapter tells."""

    label: str = Field(min_length=1, max_length=200)
    head: KeptHead
    calibrator: Calibrator
    cuts: Cuts
    images: int = Field(ge=1)
    with_it: int = Field(ge=0)
    patients: int = Field(ge=1)
    patients_with: int = Field(ge=0)
    patients_without: int = Field(ge=0)
    figures: Figures

    @property
    def calibrated(self) -> bool:
        """A calibrator was fitted, on enough patients of both kinds."""
        return self.calibrator.kind != "none" and min(self.patients_with, self.patients_without) >= ENOUGH

    @property
    def wording(self) -> str:
        """ "calibrated on 80 patients", or "uncalibrated"."""
        return f"calibrated on {self.patients} patients" if self.calibrated else "uncalibrated"


class Training(Value):
    """What an adapter was made from."""

    made_by: str
    """This program and its version."""
    name: str
    data: str
    """What the user calls it."""
    labels_sha256: str
    """Of the table of labels."""
    vectors_sha256: str
    """Of ids and vectors."""
    images: int
    patients: int
    nameless: int
    """Images that name no patient, and count as one each."""
    unlabelled: int
    """Images of the index that the table does not speak of."""
    strangers: int
    """Rows of the table that the index does not hold."""
    outer: int
    inner: int
    seed: int
    sensitivity: float
    specificity: float


class Told(NamedTuple):
    """One label of one image."""

    label: str
    probability: float
    called: Called


class Adapter(Value):
    """Frozen; `digest` names it in every evidence."""

    format: Literal["readingroom adapter 1"] = FORMAT
    space: Space
    labels: tuple[Label, ...] = Field(min_length=1, max_length=1000)
    training: Training

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        names = [one.label for one in self.labels]
        if len(set(names)) < len(names):
            raise ValueError("a label stands twice")
        if any(one.head.mean.shape != (self.space.dimensions,) for one in self.labels):
            raise ValueError(f"a head does not fit {self.space.dimensions} numbers")
        return self

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON, which is the file."""
        return digest_of(self)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.label for one in self.labels)

    def served(self, name: str) -> Label:
        """By name, whatever its case. Raises BadRequest where it has none of that name."""
        for one in self.labels:
            if one.label.casefold() == name.casefold():
                return one
        raise BadRequest(f"the adapter has no label {name!r}", do=f"It has {', '.join(self.names)}.")

    def accept(self, space: Space) -> None:
        """Raises BadRequest for vectors of another space, naming both."""
        if space != self.space:
            what = f"the adapter {self.training.name!r} was trained on {self.space.title}, and these are {space.title}"
            raise BadRequest(what, do="Train one on vectors of the same model, version and preparation.")

    def apply(
        self, vectors: NDArray[np.floating], space: Space, labels: tuple[str, ...] = ()
    ) -> tuple[tuple[Told, ...], ...]:
        """One row a vector (N, D) of length 1, one word a label. Raises BadRequest as `accept` and `served` do."""
        self.accept(space)
        chosen = tuple(self.served(name) for name in labels) or self.labels
        columns = [(one, bounded(one.calibrator.apply(one.head.head().scores(vectors)), one.patients).tolist())
                   for one in chosen]  # fmt: skip
        return tuple(
            tuple(Told(one.label, told[row], one.cuts.called(told[row])) for one, told in columns)
            for row in range(len(vectors))
        )


def to_text(adapter: Adapter) -> str:
    """The file: canonical JSON."""
    return canonical_json(adapter)


def from_text(text: str, where: str) -> Adapter:
    """Raises BadFile naming the field where it is no adapter, or was changed."""
    try:
        return Adapter.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        what = f"is no {FORMAT}: {field or 'the whole'}: {first['msg'].removeprefix('Value error, ')[:200]}"
        raise BadFile(what, where=where, do="Make one with `readingroom adapt train`.") from None
