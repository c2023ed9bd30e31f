"""Histology: drawn nuclei are marked and counted in both stains, and other pictures are not measured."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.tools.backends.classical.histology import count_nuclei, looks_like_histology, segment_nuclei
from readingroom.tools.backends.classical.segment import Colour, Mask

HE = ((226, 178, 206), (110, 80, 150))
PURPLE = ((178, 158, 208), (80, 30, 175))


def dice(one: Mask, other: Mask) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def drawn(stain: tuple[tuple[int, ...], tuple[int, ...]], seed: int = 1) -> tuple[Colour, Mask, int]:
    """Tissue with nuclei on a jittered grid, none touching; their mask and number."""
    random = np.random.default_rng(seed)
    mask = np.zeros((300, 400), np.uint8)
    places = [(x, y) for x in range(30, 390, 48) for y in range(30, 290, 48)]
    for x, y in places:
        dx, dy = random.integers(-6, 7, 2)
        axes = (int(random.integers(9, 14)), int(random.integers(8, 12)))
        cv2.ellipse(mask, (x + int(dx), y + int(dy)), axes, int(random.integers(0, 180)), 0, 360, 1, -1)
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.2)[..., None]
    picture = (1 - soft) * np.array(stain[0]) + soft * np.array(stain[1])
    texture = cv2.GaussianBlur(random.normal(0, 14, (300, 400, 1)), (0, 0), 1.5)[..., None]
    return np.clip(picture + texture, 0, 255).astype(np.uint8), mask.astype(bool), len(places)


@pytest.mark.parametrize(("stain", "word"), [(HE, "Macenko"), (PURPLE, "red against blue")])
def test_marks_and_counts_the_drawn_nuclei(stain: tuple[tuple[int, ...], tuple[int, ...]], word: str) -> None:
    image, truth, number = drawn(stain)
    found = segment_nuclei(image)
    assert word in found.method
    assert dice(found.mask, truth) > 0.9
    assert found.assessable
    counted = count_nuclei(found.mask)
    assert abs(counted.count - number) <= 2
    assert counted.median_area == pytest.approx(truth.sum() / number, rel=0.2)


def test_touching_nuclei_are_parted() -> None:
    mask = np.zeros((80, 120), np.uint8)
    for x in (35, 58, 81):
        cv2.circle(mask, (x, 40), 14, 1, -1)
    counted = count_nuclei(mask.astype(bool))
    assert counted.count == 3
    assert sorted(np.unique(counted.labels)) == [0, 1, 2, 3]
    assert np.array_equal(counted.labels > 0, mask > 0)
    assert counted.median_area == pytest.approx(mask.sum() / 3, rel=0.1)


def test_no_mask_counts_none() -> None:
    counted = count_nuclei(np.zeros((50, 60), bool))
    assert (counted.count, counted.median_area, int(counted.labels.max())) == (0, 0.0, 0)


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 100))
def test_mirroring_mirrors_the_mask(seed: int) -> None:
    image, truth, _ = drawn(HE, seed)
    straight = segment_nuclei(image).mask
    mirrored = segment_nuclei(np.ascontiguousarray(image[:, ::-1])).mask[:, ::-1]
    assert dice(straight, mirrored) > 0.97
    assert dice(straight, truth) > 0.88


def test_a_picture_blown_up_is_worked_on_smaller() -> None:
    image, truth, _ = drawn(HE)
    large = segment_nuclei(np.asarray(cv2.resize(image, (2400, 1800), interpolation=cv2.INTER_CUBIC), np.uint8))
    assert large.mask.shape == (1800, 2400)
    assert dice(large.mask[3::6, 3::6], truth) > 0.85
    assert large.assessable


def test_twice_the_pixels_give_the_same_nuclei() -> None:
    image, truth, number = drawn(HE)
    double = segment_nuclei(np.asarray(cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8))
    assert double.mask.shape == (600, 800)
    assert dice(double.mask[::2, ::2], truth) > 0.85
    assert abs(count_nuclei(double.mask).count - number) <= 3


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_constant_image_gives_nothing_and_says_why(level: int) -> None:
    found = segment_nuclei(np.full((120, 160, 3), level, np.uint8))
    assert (found.quality, found.mask.any(), found.reason) == (0, False, "image is constant")


def test_noise_is_no_tissue() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    assert looks_like_histology(noise)[0] < 0.5
    assert not segment_nuclei(noise).assessable


def test_real_nuclei_reach_the_floor_in_both_stains(data_dir: Path) -> None:
    with (data_dir / "dev" / "manifest.csv").open() as lines:
        rows = [row for row in csv.DictReader(lines) if row["file"].startswith("pathology_he/")]
    scores: dict[bool, list[float]] = {True: [], False: []}
    for row in rows:
        image = cv2.cvtColor(cv2.imread(str(data_dir / "dev" / row["file"])), cv2.COLOR_BGR2RGB)
        found = segment_nuclei(image)
        assert looks_like_histology(image)[0] >= 0.5
        assert found.assessable
        truth = cv2.imread(str(data_dir / "dev" / row["mask"]), cv2.IMREAD_GRAYSCALE) > 0
        scores["red against blue" in found.method].append(dice(found.mask, truth))
    assert {purple: len(group) for purple, group in scores.items()} == {True: 10, False: 6}
    assert np.mean(scores[True]) >= 0.82
    assert np.mean(scores[False]) >= 0.77


def test_real_pictures_of_other_kinds_are_refused(data_dir: Path) -> None:
    for folder in ("dermoscopy_skin", "fundus_retinal", "endoscope_colon", "x_ray_chest"):
        for path in sorted((data_dir / "dev" / folder).glob("*.*g"))[:2]:
            image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
            assert looks_like_histology(image)[0] < 0.5, path.name
            assert not segment_nuclei(image).assessable, path.name
