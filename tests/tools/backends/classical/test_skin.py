"""Dermoscopy: drawn lesions are found where they were drawn, and what is not skin is not measured."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.tools.backends.classical.segment import Colour, Mask
from readingroom.tools.backends.classical.skin import looks_like_dermoscopy, segment_lesion


def dice(one: Mask, other: Mask) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def drawn(
    width: int = 480, *, x: float = 0.5, y: float = 0.5, size: float = 0.15, hairs: int = 0
) -> tuple[Colour, Mask]:
    """Skin with one brown ellipse, noise and dark hairs, and the ellipse."""
    random = np.random.default_rng(7)
    height = width * 2 // 3
    mask = np.zeros((height, width), np.uint8)
    axes = (round(size * width), round(0.75 * size * width))
    cv2.ellipse(mask, (round(x * width), round(y * height)), axes, 20, 0, 360, 1, -1)
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 2)[..., None]
    picture = (1 - soft) * np.array([214, 170, 146]) + soft * np.array([132, 84, 58])
    picture = picture + cv2.GaussianBlur(random.normal(0, 8, (height, width, 1)), (0, 0), 1.5)[..., None]
    for _ in range(hairs):
        a, b = (tuple(int(v) for v in random.uniform(0, (width, height))) for _ in range(2))
        cv2.line(picture, a, b, (50, 35, 30), 2)
    return np.clip(picture, 0, 255).astype(np.uint8), mask.astype(bool)


@pytest.mark.parametrize("hairs", [0, 14])
def test_finds_the_drawn_lesion_with_and_without_hair(hairs: int) -> None:
    image, truth = drawn(hairs=hairs)
    found = segment_lesion(image)
    assert found.target == "lesion"
    assert dice(found.mask, truth) > 0.9
    assert found.assessable


def test_a_black_corner_is_no_lesion() -> None:
    image, truth = drawn()
    y, x = np.ogrid[: image.shape[0], : image.shape[1]]
    image[np.hypot(x - 240, y - 160) > 255] = 4
    assert dice(segment_lesion(image).mask, truth) > 0.9


def test_marker_ink_beside_the_lesion_is_left_out() -> None:
    image, truth = drawn(x=0.6)
    cv2.rectangle(image, (40, 40), (90, 280), (95, 60, 165), -1)
    assert dice(segment_lesion(image).mask, truth) > 0.9


@settings(max_examples=6, deadline=None)
@given(x=st.floats(0.38, 0.62), y=st.floats(0.38, 0.62), size=st.floats(0.09, 0.24))
def test_place_size_and_mirror_do_not_matter(x: float, y: float, size: float) -> None:
    image, truth = drawn(x=x, y=y, size=size)
    assert dice(segment_lesion(image).mask, truth) > 0.85
    mirrored = segment_lesion(np.ascontiguousarray(image[:, ::-1]))
    assert dice(mirrored.mask[:, ::-1], truth) > 0.85


@pytest.mark.parametrize("width", [96, 300, 2000])
def test_any_size_gives_the_same_outline_on_its_own_pixels(width: int) -> None:
    image, truth = drawn(480)
    size = (width, width * 2 // 3)
    scaled = segment_lesion(np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8))
    expected = np.asarray(cv2.resize(truth.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST), bool)
    assert scaled.mask.shape == expected.shape
    assert dice(scaled.mask, expected) > 0.88


def test_the_same_image_gives_the_same_segment() -> None:
    image, _ = drawn(hairs=5)
    first, second = segment_lesion(image), segment_lesion(image)
    assert np.array_equal(first.mask, second.mask)
    assert (first.quality, first.reason) == (second.quality, second.reason)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_constant_image_gives_nothing_and_says_why(level: int) -> None:
    found = segment_lesion(np.full((120, 160, 3), level, np.uint8))
    assert found.quality == 0
    assert not found.mask.any()
    assert found.reason == "image is constant"


def test_skin_without_a_lesion_is_not_assessable() -> None:
    random = np.random.default_rng(3)
    texture = cv2.GaussianBlur(random.normal(0, 12, (320, 480)), (0, 0), 2)[..., None]
    plain = np.clip(np.array([214, 170, 146]) + texture, 0, 255).astype(np.uint8)
    assert looks_like_dermoscopy(plain)[0] >= 0.5
    assert not segment_lesion(plain).assessable


def test_noise_and_grey_are_not_skin() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    grey = np.repeat(noise[..., :1], 3, axis=2)
    for image in (noise, grey):
        assert looks_like_dermoscopy(image)[0] < 0.5
        assert not segment_lesion(image).assessable


@pytest.fixture(scope="module")
def cases(data_dir: Path) -> list[tuple[Colour, Mask]]:
    with (data_dir / "dev" / "manifest.csv").open() as lines:
        rows = [row for row in csv.DictReader(lines) if row["file"].startswith("dermoscopy_skin/")]
    return [
        (
            cv2.cvtColor(cv2.imread(str(data_dir / "dev" / row["file"])), cv2.COLOR_BGR2RGB),
            cv2.imread(str(data_dir / "dev" / row["mask"]), cv2.IMREAD_GRAYSCALE) > 0,
        )
        for row in rows
    ]


def test_real_lesions_reach_the_floor(cases: list[tuple[Colour, Mask]]) -> None:
    found = [(segment_lesion(image), truth) for image, truth in cases]
    scores = [dice(segment.mask, truth) for segment, truth in found]
    assert len(scores) == 9
    assert np.mean(scores) >= 0.82
    assert min(scores) >= 0.7
    assert sum(segment.assessable for segment, _ in found) >= 7


def test_real_dermoscopy_looks_like_it_and_the_rest_does_not(data_dir: Path, cases: list[tuple[Colour, Mask]]) -> None:
    assert all(looks_like_dermoscopy(image)[0] >= 0.5 for image, _ in cases)
    for folder in ("fundus_retinal", "pathology_he", "ultrasound_breast", "x_ray_chest"):
        for path in sorted((data_dir / "dev" / folder).glob("*.*g"))[:4]:
            image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
            assert looks_like_dermoscopy(image)[0] < 0.5, path.name
            assert not segment_lesion(image).assessable, path.name
