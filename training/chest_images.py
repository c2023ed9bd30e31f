"""The pictures a chest network learns from: radiographs with masks, our outlines, and pictures of other things."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pydicom
from numpy.typing import NDArray

Image = NDArray[np.float32]
Masks = NDArray[np.uint8]

STORED = 320
"""Side of the stored square; a film is squeezed to it, whatever its aspect, as the network sees it."""

OUTLINES = Path(__file__).with_name("heart_outlines.json")
SIDES = ("right lung", "left lung")
"""The patient's right lung is on the image left: channel 0; the left lung is channel 1; the heart is channel 2."""


OTHER_CONVENTION = {("gb_X-ray-of-cyst-in-pneumocystis-pneumonia-", "left lung")}
"""Masks that stop at the heart, unlike the rest: measured against, never learnt from."""


@dataclass(frozen=True)
class Film:
    """One radiograph, squeezed to STORED, with what is known of its three targets."""

    case_id: str
    source: Image
    """Source pixels, 0..1."""
    image: Image
    masks: Masks
    """(3, STORED, STORED), 0 or 1."""
    known: tuple[bool, bool, bool]
    """Which of the three targets has a truth."""
    learn: tuple[bool, bool, bool]
    """Which of them is drawn by the convention that the network shall learn."""
    trainable: bool
    """False where the licence (share-alike) keeps the image out of what is shipped."""


def read_gray(path: Path) -> Image:
    """A picture or a DICOM radiograph as (H, W) float32 in 0..1, MONOCHROME1 inverted."""
    if path.suffix == ".dcm":
        header = pydicom.dcmread(path)
        pixels = header.pixel_array.astype(np.float32)
        low, high = float(pixels.min()), float(pixels.max())
        scaled = (pixels - low) / max(high - low, 1e-6)
        return np.asarray(1 - scaled if header.PhotometricInterpretation == "MONOCHROME1" else scaled, np.float32)
    pixels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    return np.asarray(pixels, np.float32) / 255


def squeeze(image: Image, side: int = STORED) -> Image:
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), np.float32)


def fill(points: list[list[float]], shape: tuple[int, int]) -> Masks:
    """A closed smooth curve through points given as fractions of width and height, filled."""
    return fill_curve(smooth(np.asarray(points, np.float64)), shape)


def smooth(points: NDArray[np.float64], steps: int = 12) -> NDArray[np.float64]:
    """Centripetal-free Catmull-Rom spline through a closed ring of points."""
    before, after, beyond = np.roll(points, 1, 0), np.roll(points, -1, 0), np.roll(points, -2, 0)
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    p0, p1, p2, p3 = (ring[:, None, :] for ring in (before, points, after, beyond))
    curve = 0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3)
    return np.asarray(curve.reshape(-1, 2))


def fill_curve(curve: NDArray[np.float64], shape: tuple[int, int]) -> Masks:
    mask = np.zeros(shape, np.uint8)
    at = np.round(curve * np.array([shape[1], shape[0]]) * 256).astype(np.int32)
    cv2.fillPoly(mask, [at], 1, lineType=cv2.LINE_8, shift=8)
    return mask


def read_films(data: Path) -> list[Film]:
    """Every frontal radiograph of the data folder that has lung masks or an outline of ours."""
    dev = data / "dev"
    outlines = {case["case_id"]: case for case in json.loads(OUTLINES.read_text())["cases"]}
    files: dict[str, dict[str, str]] = {}
    licences: dict[str, tuple[str, str]] = {}
    with (dev / "manifest.csv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            if row["file"].startswith("x_ray_chest/") or row["case_id"] == "rsna_mono2":
                files.setdefault(row["case_id"], {"": row["file"]})[row["target"]] = row["mask"]
                files[row["case_id"]][""] = row["file"]
                licences[row["case_id"]] = (row["licence"], row["redistributable"])
    return [
        film
        for case, found in sorted(files.items())
        if (film := _film(dev, case, found, outlines.get(case, {}), licences[case])) is not None
    ]


def _film(dev: Path, case: str, found: dict[str, str], outline: dict, licence: tuple[str, str]) -> Film | None:
    source = read_gray(dev / found[""])
    masks = np.zeros((3, STORED, STORED), np.uint8)
    known = [False, False, False]
    for channel, target in enumerate((*SIDES, "heart")):
        drawn = outline.get(target)
        if drawn:
            masks[channel], known[channel] = fill(drawn, (STORED, STORED)), True
        elif found.get(target):
            truth = (cv2.imread(str(dev / found[target]), cv2.IMREAD_GRAYSCALE) > 0).astype(np.float32)
            masks[channel], known[channel] = squeeze(truth) > 0.5, True
    if not any(known):
        return None
    trainable = "BY-SA" not in licence[0] and licence[1] == "yes"
    learn = [k and (case, target) not in OTHER_CONVENTION for k, target in zip(known, (*SIDES, "heart"), strict=True)]
    return Film(
        case, source, squeeze(source), masks, (known[0], known[1], known[2]), (learn[0], learn[1], learn[2]), trainable
    )


def read_others(data: Path) -> list[tuple[str, Image]]:
    """Pictures that are no chest radiograph, licence permitting: what must be answered with empty masks."""
    dev, seen = data / "dev", {}
    with (dev / "manifest.csv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            flat = Path(row["file"]).suffix in {".png", ".jpg", ".jpeg"}
            free = row["redistributable"] == "yes" and "SA" not in row["licence"]
            if flat and free and not row["file"].startswith("x_ray_chest/"):
                seen[row["case_id"]] = dev / row["file"]
    return [(case, squeeze(read_gray(path))) for case, path in sorted(seen.items())]
