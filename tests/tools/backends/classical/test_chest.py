"""The chest network on drawn films of known ratio, on mirrored, bordered and turned films, and on what is no chest."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy import ndimage

from readingroom.errors import BadStudy
from readingroom.tools.backends.classical import chest
from readingroom.tools.backends.classical.chest import (
    ChestReading,
    cardiothoracic,
    looks_like_frontal_chest,
    segment_chest,
)
from readingroom.tools.backends.classical.segment import ASSESSABLE, Gray, Mask, Segment

REPO = Path(__file__).resolve().parents[4]
RECORD = json.loads((REPO / "training" / "chest_cv.json").read_text())
CARD = (REPO / "tools" / "backends" / "classical" / "chest_card.md").read_text()

MIDDLE, HALF = 0.5, 0.36
"""Midline and half the inner thoracic width of the drawn film, in parts of its width."""


def drawn_film(height: int, width: int, ratio: float) -> Gray:
    """Two elliptical lungs whose outer rims are 2 * HALF apart, and a heart of ratio times that width."""
    y, x = np.mgrid[0:height, 0:width]
    x, y = (x + 0.5) / width, (y + 0.5) / height

    def inside(centre: tuple[float, float], radii: tuple[float, float]) -> Gray:
        distance = 1 - ((x - centre[0]) / radii[0]) ** 2 - ((y - centre[1]) / radii[1]) ** 2
        return np.asarray(1 / (1 + np.exp(np.clip(-40 * distance, -50, 50))), np.float32)

    wide = HALF * 0.42
    film = 0.15 + 0.55 * (np.abs((x - MIDDLE) / (HALF * 1.3)) < 1) * (y > 0.04)
    film -= 0.35 * np.maximum(
        inside((MIDDLE - HALF + wide, 0.5), (wide, 0.33)), inside((MIDDLE + HALF - wide, 0.5), (wide, 0.33))
    )
    film = np.maximum(film, 0.66 * (np.abs(x - MIDDLE) < 0.05))
    film = np.maximum(film, 0.72 * inside((MIDDLE + 0.05, 0.64), (ratio * HALF, 0.17)))
    return np.asarray(film + np.random.default_rng(3).normal(0, 0.01, film.shape), np.float32)


def real_films(data: Path) -> list[tuple[str, Gray, Mask | None]]:
    """case, pixels and lung truth of every chest film of the development set."""
    found: dict[str, tuple[str, str]] = {}
    with (data / "dev" / "manifest.csv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            if row["file"].startswith("x_ray_chest/") and row["target"] in ("", "lung"):
                found[row["case_id"]] = (row["file"], row["mask"])
    films = []
    for case, (file, mask) in sorted(found.items()):
        pixels = np.asarray(cv2.imread(str(data / "dev" / file), cv2.IMREAD_GRAYSCALE), np.float32) / 255
        truth = cv2.imread(str(data / "dev" / mask), cv2.IMREAD_GRAYSCALE) > 0 if mask else None
        films.append((case, pixels, truth))
    return films


def overlap(one: Mask, other: Mask) -> float:
    return float(2 * (one & other).sum() / max(int(one.sum() + other.sum()), 1))


def parts(reading: ChestReading) -> tuple[Segment, Segment, Segment]:
    return reading.image_left_lung, reading.image_right_lung, reading.heart


@pytest.mark.parametrize("shape", [(430, 350), (215, 175), (144, 117), (900, 1000)])
@pytest.mark.parametrize("ratio", [0.42, 0.5, 0.58])
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_ratio_of_a_drawn_film_is_within_three_hundredths(shape, ratio, mirrored):
    film = drawn_film(*shape, ratio)
    found = cardiothoracic(segment_chest(np.ascontiguousarray(film[:, ::-1]) if mirrored else film))
    assert found.ratio == pytest.approx(ratio, abs=0.03), found.reason


def test_the_diameters_lie_where_they_were_drawn():
    found = cardiothoracic(segment_chest(drawn_film(430, 350, 0.5)))
    assert found.wall[0] == pytest.approx((MIDDLE - HALF) * 350, abs=6)
    assert found.wall[2] == pytest.approx((MIDDLE + HALF) * 350, abs=6)
    assert found.heart[0] == pytest.approx((MIDDLE + 0.05 - HALF * 0.5) * 350, abs=6)
    assert found.heart[2] == pytest.approx((MIDDLE + 0.05 + HALF * 0.5) * 350, abs=6)
    assert 0.3 * 430 < found.wall[1] < 0.7 * 430


def test_a_mirrored_film_gives_the_mirrored_reading():
    film = drawn_film(400, 380, 0.52)
    straight, turned = segment_chest(film), segment_chest(np.ascontiguousarray(film[:, ::-1]))
    assert overlap(straight.image_left_lung.mask, turned.image_right_lung.mask[:, ::-1]) > 0.99
    assert overlap(straight.heart.mask, turned.heart.mask[:, ::-1]) > 0.99


def test_masks_are_one_piece_without_holes_on_the_source_pixels():
    for part in parts(segment_chest(drawn_film(301, 257, 0.5))):
        assert (part.mask.shape, part.mask.dtype) == ((301, 257), np.bool_)
        assert ndimage.label(part.mask, np.ones((3, 3)))[1] == 1
        assert np.array_equal(ndimage.binary_fill_holes(part.mask), part.mask)


def test_a_border_changes_nothing():
    film = drawn_film(400, 360, 0.5)
    framed = np.pad(film, ((80, 60), (90, 120)), constant_values=0.0).astype(np.float32)
    for inner, outer in zip(parts(segment_chest(film)), parts(segment_chest(framed)), strict=True):
        assert overlap(inner.mask, outer.mask[80:480, 90:450]) > 0.97


@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
def test_a_flat_image_is_no_chest(value):
    reading = segment_chest(np.full((200, 240), value, np.float32))
    assert looks_like_frontal_chest(reading).score < ASSESSABLE
    assert not any(part.assessable for part in parts(reading))
    assert cardiothoracic(reading).ratio is None


@pytest.mark.parametrize("seed", range(4))
def test_noise_and_blobs_are_no_chest(seed):
    rng = np.random.default_rng(seed)
    noise = rng.random((256, 256)).astype(np.float32)
    for image in (noise, cv2.GaussianBlur(noise, (0, 0), 20), np.cumsum(noise, 0, dtype=np.float32) / 200):
        assert looks_like_frontal_chest(segment_chest(image)).score < ASSESSABLE


def test_what_cannot_be_read_is_refused_in_one_line():
    for image in (np.zeros((40, 400)), np.zeros((100, 100, 3)), np.full((100, 100), np.nan)):
        with pytest.raises(BadStudy, match="64 pixels a side"):
            segment_chest(image.astype(np.float32))


def test_a_chest_wall_at_the_edge_gives_a_reason_and_no_ratio():
    whole = segment_chest(drawn_film(400, 400, 0.5))
    reaching = whole.image_left_lung.mask.copy()
    reaching[180:220, :100] = True
    cut = cardiothoracic(replace(whole, image_left_lung=replace(whole.image_left_lung, mask=reaching)))
    assert (cut.ratio, cut.reason) == (None, "the chest wall reaches the edge of the image")


def test_half_a_chest_gives_no_ratio():
    assert cardiothoracic(segment_chest(np.ascontiguousarray(drawn_film(400, 400, 0.5)[:, 120:]))).ratio is None


def test_real_films_pass_and_lungs_fit(data_dir):
    readings = {case: (segment_chest(film), truth) for case, film, truth in real_films(data_dir)}
    passed = [looks_like_frontal_chest(reading).score >= ASSESSABLE for reading, _ in readings.values()]
    assert np.mean(passed) >= 0.95
    fits = [overlap(r.image_left_lung.mask | r.image_right_lung.mask, t) for r, t in readings.values() if t is not None]
    assert np.mean(fits) > 0.95


def test_films_on_their_side_or_upside_down_are_not_assessed(data_dir):
    turned = [np.ascontiguousarray(np.rot90(film, k)) for _, film, _ in real_films(data_dir)[::4] for k in (1, 2, 3)]
    assert np.mean([looks_like_frontal_chest(segment_chest(film)).score < ASSESSABLE for film in turned]) >= 0.95


def test_other_pictures_are_not_taken_for_a_chest(data_dir):
    folders = ("dermoscopy_skin", "fundus_retinal", "ultrasound_breast", "ct_abdomen", "mri_brain", "octa_retinal")
    files = [file for folder in folders for file in sorted((data_dir / "dev" / folder).glob("*.*"))]
    scores = [
        looks_like_frontal_chest(segment_chest(np.asarray(cv2.imread(str(f), cv2.IMREAD_GRAYSCALE), np.float32) / 255))
        for f in files
    ]
    assert len(scores) >= 30
    assert np.mean([found.score < ASSESSABLE for found in scores]) >= 0.97


def test_the_network_is_small():
    assert (REPO / "tools" / "backends" / "classical" / "chest.onnx").stat().st_size < 1_000_000


@pytest.mark.parametrize("target", ["lung", "image-left lung", "image-right lung", "heart"])
def test_the_recorded_means_are_those_of_the_recorded_films_and_stand_in_the_card(target):
    values = [film["dice"][target] for film in RECORD["films"] if target in film["dice"]]
    told = RECORD["summary"][target]
    assert (told["n"], told["dice"]) == (len(values), pytest.approx(np.mean(values), abs=1e-4))
    assert f"{told['dice']:.3f}" in CARD


def test_the_recorded_ratio_meets_its_bar_and_the_shipped_uncertainty():
    pairs = [film["cardiothoracic"] for film in RECORD["films"]]
    errors = [p["found"] - p["truth"] for p in pairs if p["found"] is not None and p["truth"] is not None]
    assert np.mean(np.abs(errors)) <= 0.04
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(chest.RATIO_SD, abs=0.005)
    assert f"{np.mean(np.abs(errors)):.3f}" in CARD
