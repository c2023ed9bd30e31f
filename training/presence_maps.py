"""Probability maps of the chest fold networks where the object is there and where it is not, with what they tell.

No network sees a film, or another picture, that it was trained on: the one of the same fold answers. The networks were
taught to answer pictures of other things with empty masks, though not these.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import nibabel as nib
import numpy as np
import pydicom
from chest_images import STORED, Film, Image, Masks, read_films, read_gray, read_others
from film_faults import expose, move, whiten, write_over
from numpy.typing import NDArray
from onnxruntime import InferenceSession

from readingroom.tools.presence_agreement import agreement_of
from readingroom.tools.presence_statistics import HALF, Inside, statistics_of

TARGETS = ("right lung", "left lung", "heart")
SQUARE = 1024
"""Side of the square that MedImageParse is sent."""
NET_SIDE = 160
GOOD = 0.7
"""Dice from which a map shows the object; below it the object is there but not outlined."""
DAMAGES = (2, 4, 6)
"""Strengths of the damage, as in score_chest.py."""
FOLDS = 5
NOT_WITHOUT = {"ct_chest", "ct_lung", "ct_abdomen", "volumes", "dicom"}
"""Folders whose pictures may show lung or heart; what is used of them is chosen by its labels."""
LUNG_AND_HEART = (10, 11, 12, 13, 14, 51)
"""TotalSegmentator classes (v2, task "total"): the five lobes and the heart."""


@dataclass(frozen=True)
class Scene:
    """One picture with what is known of the three targets in it."""

    picture: str
    """Whose picture it is: all scenes of one patient or volume fall into one half."""
    kind: str
    image: Image
    truth: Masks
    """(3, H, W)"""
    asked: tuple[bool, bool, bool]
    """Targets that are wholly there or wholly absent here, and known."""
    fold: int
    aspect: float
    """Width over height of the picture as it would be sent."""


def whole(position: int, film: Film) -> Scene:
    height, width = film.source.shape
    return Scene(film.case_id, "film", film.image, film.masks, film.known, position % FOLDS, width / height)


def damaged(scene: Scene) -> Iterator[Scene]:
    """Moved, whitened, written on and badly exposed, each stronger than the last (as score_chest.py does)."""
    rng = np.random.default_rng(len(scene.picture) * 1000 + scene.fold)
    for number in DAMAGES:
        image, masks = move(rng, scene.image, scene.truth, STORED, strength=0.3 * number)
        for _ in range(number // 3):
            image = whiten(rng, image, masks)
        image = expose(rng, write_over(rng, image))
        image = (image + rng.normal(0, 0.03 * number, image.shape)).astype(np.float32)
        kept = [k and m.sum() > 0.6 * t.sum() for k, m, t in zip(scene.asked, masks, scene.truth, strict=True)]
        yield Scene(scene.picture, "damaged film", image, masks, (kept[0], kept[1], kept[2]), scene.fold, scene.aspect)


def cropped(scene: Scene, least: int = 80) -> Iterator[Scene]:
    """Parts of a film that some of the targets do not reach: above the heart, beside it, below everything."""
    if not all(scene.asked):
        return
    right, left, heart = scene.truth > 0
    rows = np.flatnonzero(heart.any(1))
    below = int(np.flatnonzero((right | left | heart).any(1))[-1]) + 5
    beside = int(np.flatnonzero((left | heart).any(0))[0]), int(np.flatnonzero((right | heart).any(0))[-1]) + 1
    parts = [
        (slice(0, int(rows[0])), slice(None)),
        (slice(below, STORED), slice(None)),
        (slice(None), slice(0, beside[0])),
        (slice(None), slice(beside[1], STORED)),
    ]
    for part in parts:
        image, truth = scene.image[part], scene.truth[:, part[0], part[1]]
        if min(image.shape) < least:
            continue
        asked = [not cut.any() or cut.sum() > 0.6 * all_.sum() for cut, all_ in zip(truth, scene.truth, strict=True)]
        aspect = scene.aspect * image.shape[1] / image.shape[0]
        sure = (bool(asked[0]), bool(asked[1]), bool(asked[2]))
        yield Scene(scene.picture, "cropped film", image, truth, sure, scene.fold, aspect)


def painted_out(scene: Scene) -> Iterator[Scene]:
    """A lung, both, or the heart replaced by what its surroundings continue to (Telea's inpainting)."""
    for gone in ((0,), (1,), (2,), (0, 1)):
        if not all(scene.asked[channel] for channel in gone):
            continue
        hole = cv2.dilate(scene.truth[list(gone)].max(0), np.ones((9, 9), np.uint8))
        plain = (np.clip(scene.image, 0, 1) * 255).astype(np.uint8)
        image = cv2.inpaint(plain, hole, 5, cv2.INPAINT_TELEA).astype(np.float32) / 255
        asked = (0 in gone, 1 in gone, 2 in gone)
        empty = np.zeros_like(scene.truth)
        yield Scene(scene.picture, "painted-out film", image, empty, asked, scene.fold, scene.aspect)


def elsewhere(picture: str, kind: str, image: Image, fold: int) -> Scene:
    """A picture that shows neither lung nor heart."""
    truth = np.zeros((3, *image.shape), np.uint8)
    return Scene(picture, kind, image, truth, (True, True, True), fold, image.shape[1] / image.shape[0])


def others(data: Path) -> Iterator[Scene]:
    """Flat pictures of other parts of the body; `read_others` gives their place among the folds."""
    fold_of = {case: at % FOLDS for at, (case, _) in enumerate(read_others(data))}
    seen = set()
    with (data / "dev" / "manifest.csv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            folder, case = row["file"].split("/")[0], row["case_id"]
            if case in seen or folder in NOT_WITHOUT or folder == "x_ray_chest":
                continue
            seen.add(case)
            kind = row["modality"] + " " + row["anatomy"]
            yield elsewhere(case, kind, read_gray(data / "dev" / row["file"]), fold_of.get(case, len(seen) % FOLDS))


def slices(data: Path) -> Iterator[Scene]:
    """CT slices without lung and heart by their labels, the same body projected as a radiograph, and brain MR."""
    dev = data / "dev"
    volume = np.asarray(nib.load(dev / "volumes" / "ts_ct_3mm.nii.gz").dataobj, np.float32)
    labels = np.asarray(nib.load(dev / "volumes" / "masks" / "ts_ct_3mm__labels.nii.gz").dataobj)
    free = [k for k in range(volume.shape[2]) if not np.isin(labels[:, :, k], LUNG_AND_HEART).any()]
    for at, k in enumerate(free[::12]):
        flat = np.clip((volume[:, ::-1, k].T + 150) / 400, 0, 1).astype(np.float32)
        yield elsewhere("ts_ct_3mm", "CT abdomen slice", flat, at % FOLDS)
    below = np.clip(volume[:, :, free] + 1000, 0, 2000)
    for at, axis in enumerate((1, 0)):
        flat = below.mean(axis).T[::-1]
        yield elsewhere("ts_ct_3mm", "CT abdomen projected", (flat / flat.max()).astype(np.float32), at)
    for folder, kind, step in (("ts_ct_series20", "CT abdomen slice", 4), ("mr_t1_20slices", "MR brain slice", 4)):
        files = sorted(path for path in (dev / "dicom" / folder).rglob("*") if path.is_file())
        for at, path in enumerate(files[::step]):
            pixels = pydicom.dcmread(path).pixel_array.astype(np.float32)
            low, high = np.percentile(pixels, (1, 99))
            flat = np.clip((pixels - low) / max(float(high - low), 1.0), 0, 1).astype(np.float32)
            yield elsewhere(folder, kind, flat, at % FOLDS)


def scenes(data: Path) -> Iterator[Scene]:
    for position, film in enumerate(read_films(data)):
        scene = whole(position, film)
        yield scene
        yield from damaged(scene)
        yield from cropped(scene)
        yield from painted_out(scene)
    yield from others(data)
    yield from slices(data)


def maps_of(scene: Scene, network: InferenceSession) -> tuple[NDArray[np.uint8], Inside]:
    """(3, SQUARE, SQUARE) as MedImageParse would answer, one look, and where the picture lies in the square."""
    image = scene.image
    how = cv2.INTER_AREA if min(image.shape) >= NET_SIDE else cv2.INTER_LINEAR
    small = cv2.resize(image, (NET_SIDE, NET_SIDE), interpolation=how)
    low, high = np.percentile(small, (1, 99))
    small = np.clip((small - low) / max(float(high - low), 1e-3), 0, 1).astype(np.float32)
    found = np.asarray(network.run(None, {"image": small[None, None]})[0][0], np.float32)
    width = min(SQUARE, round(SQUARE * scene.aspect))
    height = min(SQUARE, round(SQUARE / scene.aspect))
    planes = np.zeros((3, SQUARE, SQUARE), np.uint8)
    for channel in range(3):
        fitted = cv2.resize(found[channel], (width, height), interpolation=cv2.INTER_LINEAR)
        planes[channel, :height, :width] = np.round(np.clip(fitted, 0, 1) * 255)
    return planes, (slice(0, height), slice(0, width))


def cases_of(scene: Scene, network: InferenceSession) -> Iterator[dict]:
    """One line of presence_cases.json for each target asked."""
    planes, inside = maps_of(scene, network)
    masks = [plane[inside] > HALF for plane in planes]
    agreed = agreement_of(masks, TARGETS)
    for channel, target in enumerate(TARGETS):
        if not scene.asked[channel]:
            continue
        mask = masks[channel]
        truth = cv2.resize(scene.truth[channel], mask.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
        both = int(mask.sum() + truth.sum())
        dice = 2 * int((mask & truth).sum()) / both if both else 1.0
        answer = ("present" if dice >= GOOD else "ill outlined") if truth.any() else "absent"
        told = asdict(statistics_of(planes[channel], inside))
        yield {
            "picture": scene.picture,
            "kind": scene.kind,
            "target": target,
            "truth": answer,
            "dice": round(dice, 3) if truth.any() else None,
            "statistics": {name: round(value, 4) for name, value in told.items()},
            "twin": round(agreed[channel].twin, 3),
            "overlap": round(agreed[channel].overlap, 3),
        }


def group_of(picture: str) -> str:
    """The patient, where names tell: TotalSegmentator's CT are one, BUS-BRA views differ by their last letter."""
    plain = re.sub(r"-[slr]$", "", picture)
    return "ts_ct" if plain.startswith("ts_ct") else re.sub(r"^(busbra_)\d+-", r"\1", plain)
