"""Fundus photographs: a drawn disc, field and vessels are found, and other pictures are not measured."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.tools.backends.classical.fundus import (
    find_field_of_view,
    looks_like_fundus,
    segment_optic_disc,
    segment_vessels,
)
from readingroom.tools.backends.classical.segment import Colour, Mask

CENTRE, RADIUS = (300, 225), 215


def dice(one: Mask, other: Mask) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def drawn(x: int = 420, y: int = 225) -> tuple[Colour, Mask, Mask, Mask]:
    """A retina 600 x 450 with field, disc and vessels that leave the disc, each with its mask."""
    random = np.random.default_rng(5)
    field, disc, vessels = (np.zeros((450, 600), np.uint8) for _ in range(3))
    cv2.circle(field, CENTRE, RADIUS, 1, -1)
    cv2.ellipse(disc, (x, y), (29, 32), 0, 0, 360, 1, -1)
    for turn in np.arange(8) * np.pi / 4 + 0.3:
        cv2.line(vessels, (x, y), (round(x + 190 * np.cos(turn)), round(y + 190 * np.sin(turn))), 1, 5)
    vessels &= cv2.erode(field, np.ones((13, 13), np.uint8))
    picture = np.tile(np.array([168.0, 86.0, 38.0]), (450, 600, 1))
    for mask, colour, blur in ((disc, [240, 190, 110], 2.0), (vessels, [120, 42, 22], 0.8)):
        soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), blur)[..., None]
        picture = (1 - soft) * picture + soft * np.array(colour)
    picture = (picture + random.normal(0, 3, (450, 600, 1))) * field[..., None]
    return np.clip(picture, 0, 255).astype(np.uint8), field.astype(bool), disc.astype(bool), vessels.astype(bool)


def test_finds_the_drawn_field_disc_and_vessels() -> None:
    image, field, disc, vessels = drawn()
    assert looks_like_fundus(image)[0] >= 0.8
    assert dice(find_field_of_view(image), field) > 0.98
    found = segment_optic_disc(image)
    assert dice(found.mask, disc) > 0.9
    assert found.assessable
    lines = segment_vessels(image)
    assert dice(lines.mask & ~disc, vessels & ~disc) > 0.7
    assert lines.quality <= 0.7


def test_a_brighter_exudate_without_vessels_is_not_the_disc() -> None:
    image, _, disc, _ = drawn()
    cv2.circle(image, (190, 120), 12, (255, 250, 200), -1)
    assert dice(segment_optic_disc(image).mask, disc) > 0.9


@settings(max_examples=4, deadline=None)
@given(x=st.integers(170, 430), y=st.integers(170, 280))
def test_place_and_mirror_do_not_matter(x: int, y: int) -> None:
    image, _, disc, _ = drawn(x, y)
    assert dice(segment_optic_disc(image).mask, disc) > 0.85
    assert dice(segment_optic_disc(np.ascontiguousarray(image[:, ::-1])).mask[:, ::-1], disc) > 0.85


@pytest.mark.parametrize("scale", [0.4, 2.5])
def test_masks_are_on_the_source_pixels(scale: float) -> None:
    image, _, disc, _ = drawn()
    bigger = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    expected = np.asarray(cv2.resize(disc.astype(np.uint8), bigger.shape[1::-1], interpolation=cv2.INTER_NEAREST), bool)
    found = segment_optic_disc(bigger).mask
    assert found.shape == expected.shape
    assert dice(found, expected) > 0.88


@pytest.mark.parametrize("segment", [segment_optic_disc, segment_vessels])
def test_a_constant_image_gives_nothing_and_says_why(segment) -> None:  # type: ignore[no-untyped-def]
    found = segment(np.full((200, 200, 3), 90, np.uint8))
    assert (found.quality, found.mask.any(), found.reason) == (0, False, "image is constant")


def test_a_red_square_and_noise_are_no_retina() -> None:
    square = np.zeros((300, 400, 3), np.uint8)
    square[40:260, 60:340] = (190, 90, 40)
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    for image in (square, noise):
        assert looks_like_fundus(image)[0] < 0.5
        assert not segment_optic_disc(image).assessable
        assert not segment_vessels(image).assessable


def test_real_discs_reach_the_floor(data_dir: Path) -> None:
    with (data_dir / "dev" / "manifest.csv").open() as lines:
        rows = [row for row in csv.DictReader(lines) if row["target"] == "optic disc"]
    scores = []
    for row in rows:
        image = cv2.cvtColor(cv2.imread(str(data_dir / "dev" / row["file"])), cv2.COLOR_BGR2RGB)
        found = segment_optic_disc(image)
        assert looks_like_fundus(image)[0] >= 0.5
        assert found.assessable
        scores.append(dice(found.mask, cv2.imread(str(data_dir / "dev" / row["mask"]), cv2.IMREAD_GRAYSCALE) > 0))
        share = (segment_vessels(image).mask.sum()) / find_field_of_view(image).sum()
        assert 0.04 < share < 0.2
    assert len(scores) == 6
    assert np.mean(scores) >= 0.91


def test_real_pictures_of_other_kinds_are_refused(data_dir: Path) -> None:
    for folder in ("dermoscopy_skin", "pathology_he", "endoscope_colon", "x_ray_chest"):
        for path in sorted((data_dir / "dev" / folder).glob("*.*g"))[:5]:
            image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
            assert looks_like_fundus(image)[0] < 0.5, path.name
            assert not segment_optic_disc(image).assessable, path.name
