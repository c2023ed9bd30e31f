"""Ultrasound: a drawn skull and a drawn dark region in speckle are found, and other pictures are not measured."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.tools.backends.classical.segment import Gray, Mask
from readingroom.tools.backends.classical.ultrasound import (
    find_fetal_head,
    looks_like_ultrasound,
    segment_fetal_head,
    segment_hypoechoic_lesion,
)


def dice(one: Mask, other: Mask) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def speckled(echo: Gray, seed: int = 2) -> Gray:
    """Multiplicative noise, longer across the beam than along it, as a scanner's."""
    random = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(random.rayleigh(1.0, echo.shape), (0, 0), sigmaX=3.0, sigmaY=1.2)
    noise = noise / noise.mean()
    return np.clip(echo * np.clip(1 + 1.5 * (noise - 1), 0, 3), 0, 1).astype(np.float32)


def head(x: int = 260, y: int = 200, a: int = 130, b: int = 100, turn: int = 15) -> tuple[Gray, Mask]:
    """A bright skull 8 px thick in dim tissue, and the ellipse along its outer edge."""
    echo = np.full((400, 520), 0.14, np.float32)
    outer = np.zeros((400, 520), np.uint8)
    cv2.ellipse(outer, (x, y), (a, b), turn, 0, 360, 1, -1)
    echo[outer > 0] = 0.75
    cv2.ellipse(echo, (x, y), (a - 8, b - 8), turn, 0, 360, 0.12, -1)
    return speckled(cv2.GaussianBlur(echo, (0, 0), 1.5)), outer.astype(bool)


def breast(x: int = 250, y: int = 150) -> tuple[Gray, Mask]:
    echo = np.full((400, 520), 0.42, np.float32)
    mask = np.zeros((400, 520), np.uint8)
    cv2.ellipse(mask, (x, y), (75, 48), 0, 0, 360, 1, -1)
    echo[mask > 0] = 0.13
    return speckled(cv2.GaussianBlur(echo, (0, 0), 2)), mask.astype(bool)


def test_finds_the_drawn_head_and_measures_it() -> None:
    image, truth = head()
    found = find_fetal_head(image)
    assert dice(found.segment.mask, truth) > 0.95
    assert found.segment.assessable
    assert found.ellipse is not None
    assert (found.ellipse.x, found.ellipse.y) == pytest.approx((260, 200), abs=5)
    assert found.biparietal == pytest.approx(200, rel=0.05)
    assert found.circumference == pytest.approx(2 * np.pi * np.sqrt((130**2 + 100**2) / 2), rel=0.04)
    assert np.array_equal(segment_fetal_head(image).mask, found.segment.mask)


@settings(max_examples=4, deadline=None)
@given(x=st.integers(220, 300), y=st.integers(180, 220), a=st.integers(105, 150), turn=st.integers(0, 40))
def test_place_size_turn_and_mirror_do_not_matter(x: int, y: int, a: int, turn: int) -> None:
    image, truth = head(x, y, a, round(0.78 * a), turn)
    assert dice(segment_fetal_head(image).mask, truth) > 0.92
    mirrored = segment_fetal_head(np.ascontiguousarray(image[:, ::-1]))
    assert dice(mirrored.mask[:, ::-1], truth) > 0.92


def test_the_ellipse_is_in_source_pixels() -> None:
    image, _ = head()
    double = find_fetal_head(np.asarray(cv2.resize(image, None, fx=2, fy=2), np.float32))
    assert double.segment.mask.shape == (800, 1040)
    assert double.biparietal == pytest.approx(400, rel=0.05)


def test_finds_the_drawn_dark_region_with_moderate_trust_at_most() -> None:
    image, truth = breast()
    found = segment_hypoechoic_lesion(image)
    assert dice(found.mask, truth) > 0.85
    assert 0 < found.quality <= 0.55


def test_a_dark_region_is_no_head() -> None:
    image, _ = breast()
    assert not segment_fetal_head(image).assessable


def test_speckle_without_a_ring_is_no_head() -> None:
    assert not segment_fetal_head(speckled(np.full((400, 520), 0.3, np.float32))).assessable


@pytest.mark.parametrize("segment", [segment_fetal_head, segment_hypoechoic_lesion])
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_a_constant_image_gives_nothing_and_says_why(segment, level: float) -> None:  # type: ignore[no-untyped-def]
    found = segment(np.full((120, 160), level, np.float32))
    assert (found.quality, found.mask.any(), found.reason) == (0, False, "image is constant")


def test_noise_and_colour_are_no_ultrasound() -> None:
    noise = np.random.default_rng(0).random((200, 300)).astype(np.float32)
    assert looks_like_ultrasound(noise)[0] < 0.5
    image, _ = head()
    tinted = np.clip(image[..., None] * np.array([255, 150, 60]), 0, 255).astype(np.uint8)
    assert looks_like_ultrasound(tinted)[0] < 0.5
    assert looks_like_ultrasound(image)[0] >= 0.5


def real(data_dir: Path, target: str) -> list[tuple[Gray, Mask]]:
    with (data_dir / "dev" / "manifest.csv").open() as lines:
        rows = [row for row in csv.DictReader(lines) if row["target"] == target]
    read = [(row["file"], row["mask"]) for row in rows if row["file"].startswith("ultrasound_")]
    return [
        (
            cv2.imread(str(data_dir / "dev" / file), cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255,
            cv2.imread(str(data_dir / "dev" / mask), cv2.IMREAD_GRAYSCALE) > 0,
        )
        for file, mask in read
    ]


def test_real_heads_reach_the_floor(data_dir: Path) -> None:
    found = [(segment_fetal_head(image), truth) for image, truth in real(data_dir, "fetal head")]
    scores = [dice(segment.mask, truth) for segment, truth in found]
    assert len(scores) == 6
    assert np.mean(scores) >= 0.95
    assert all(segment.assessable for segment, _ in found)


def test_real_breast_lesions_reach_the_floor_and_hold_no_head(data_dir: Path) -> None:
    cases = real(data_dir, "tumor")
    scores = [dice(segment_hypoechoic_lesion(image).mask, truth) for image, truth in cases]
    assert len(scores) == 10
    assert np.mean(scores) >= 0.65
    assert not any(segment_fetal_head(image).assessable for image, _ in cases)


def test_real_pictures_of_other_kinds_are_refused(data_dir: Path) -> None:
    for folder in ("ct_abdomen", "ct_chest", "mri_brain", "x_ray_chest", "octa_retinal", "mammography_breast"):
        for path in sorted((data_dir / "dev" / folder).glob("*.*g"))[:5]:
            image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
            assert looks_like_ultrasound(image)[0] < 0.5, path.name
            assert not segment_fetal_head(image).assessable, path.name
