"""The golden images: digital phantoms of this package and drawn tissue, never a patient's."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from readingroom.domain.image import ImageRef, Spacing
from readingroom.imaging.geometry import Box, box_of_mask
from readingroom.imaging.image import Image, Pixels
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.ct import CtPhantom, make_ct
from readingroom.phantoms.ct_paint import LABELS
from readingroom.phantoms.parameters import ChestPhantom, Consolidation, Effusion
from readingroom.tools.contracts.model_ids import ModelId

Mask = NDArray[np.bool_]

FILMS = (
    ChestPhantom(seed=1, field_mm=(450, 340), spacing_mm=0.8, cardiothoracic_ratio=0.6, marker="R",
                 effusion=Effusion("right", "moderate")),
    ChestPhantom(seed=2, field_mm=(345, 445), spacing_mm=0.8, cardiothoracic_ratio=0.45, marker="L",
                 consolidation=Consolidation("left", "upper")),
    ChestPhantom(seed=3, field_mm=(400, 400), spacing_mm=0.8, cardiothoracic_ratio=0.38),
)  # fmt: skip
"""Landscape, portrait and square; three patients, each unlike its own mirror image."""

SCAN = CtPhantom(seed=4, region="trunk", spacing_mm=(8.0, 4.0, 5.0))
"""66 slices of 73 x 74: no two axes of one length, no two steps of one size."""

TILE = 224
"""Pixels of a pathology tile as Prov-GigaPath takes it: 14 x 14 patches of 16."""


@dataclass(frozen=True, eq=False)
class Golden:
    """One image made here, with what is true of it."""

    name: str
    image: Image
    masks: dict[str, Mask] = field(default_factory=dict)
    """By target, in source pixels; empty where nothing of it is known."""

    @property
    def boxes(self) -> dict[str, Box]:
        """About each mask, in source pixels."""
        found = {name: box_of_mask(mask) for name, mask in self.masks.items()}
        return {name: box for name, box in found.items() if box}


@cache
def golden(model: ModelId) -> tuple[Golden, ...]:
    """The images for a model; the first is the one most checks use, all are distinct (of volumes there is one)."""
    if model in ("gigapath", "gigatime"):
        return tuple(_tile(seed) for seed in (1, 2, 3))
    if model == "medimageparse3d":
        return (_scan(),)
    return tuple(_film(phantom) for phantom in FILMS)


def _digest(pixels: Pixels) -> str:
    return hashlib.sha256(pixels.tobytes()).hexdigest()


@cache
def _film(phantom: ChestPhantom) -> Golden:
    made = make_chest(phantom)
    rows, columns = made.pixels.shape
    shape = "landscape" if columns > rows else "portrait" if columns < rows else "square"
    ref = ImageRef(
        id="img-0", sha256=_digest(made.pixels), kind="image", rows=rows, columns=columns, modality="x_ray",
        modality_source="stated", anatomy="chest", anatomy_source="stated", view="PA", view_source="stated",
        image_left=made.truth.image_left, image_left_source="stated", name=f"{shape} chest phantom",
        spacing=Spacing(row=phantom.spacing_mm, column=phantom.spacing_mm, source="phantom", plane="detector"),
    )  # fmt: skip
    return Golden(ref.name, Image(ref, made.pixels), made.masks)


def _scan() -> Golden:
    made = make_ct(SCAN)
    depth, rows, columns = made.hu.shape
    step = SCAN.spacing_mm
    ref = ImageRef(
        id="img-0", sha256=_digest(made.hu), kind="volume", rows=rows, columns=columns, depth=depth, units="HU",
        modality="ct", modality_source="stated", anatomy="abdomen", anatomy_source="stated", view="axial",
        view_source="stated", image_left="right", image_left_source="stated", name="CT phantom of the trunk",
        spacing=Spacing(slice=step[0], row=step[1], column=step[2], source="phantom", plane="patient"),
    )  # fmt: skip
    masks = {name: made.labels == LABELS[name] for name in ("liver", "kidney")}
    return Golden(ref.name, Image(ref, made.hu.astype(np.float32), affine=made.affine), masks)


def _tile(seed: int) -> Golden:
    """Pink ground with fibres and purple nuclei, as a haematoxylin and eosin stain shows tissue."""
    rng = np.random.default_rng([seed, 7])
    pixels = np.full((TILE, TILE, 3), (232, 190 - 12 * seed, 214), np.uint8)
    for _ in range(40):
        ends = rng.integers(-20, TILE + 20, 4)
        cv2.line(pixels, (int(ends[0]), int(ends[1])), (int(ends[2]), int(ends[3])), (222, 160, 196), 2)
    for _ in range(30 + 25 * seed):
        place, radii = rng.integers(0, TILE, 2), rng.integers(3, 8, 2)
        turn = float(rng.uniform(0, 180))
        colour = tuple(int(v) for v in rng.integers((70, 40, 120), (120, 80, 170)))
        cv2.ellipse(pixels, (int(place[0]), int(place[1])), (int(radii[0]), int(radii[1])), turn, 0, 360, colour, -1)
    grain = rng.normal(0, 3, pixels.shape)
    pixels = np.clip(pixels + grain, 0, 255).astype(np.uint8)
    ref = ImageRef(
        id="img-0", sha256=_digest(pixels), kind="image", rows=TILE, columns=TILE, colour=True, units="colour",
        modality="pathology", modality_source="stated", anatomy="unknown", name=f"drawn tissue {seed}",
    )  # fmt: skip
    return Golden(ref.name, Image(ref, pixels))
