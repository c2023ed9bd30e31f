"""Boxes between frames: each conversion has its exact inverse, whatever the image's shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readingroom.errors import BadStudy
from readingroom.imaging.geometry import (
    How,
    box_of_mask,
    clip_box,
    from_millimetres,
    from_square,
    plane_of_mask,
    region_from_square,
    region_of_mask,
    square_of,
    to_millimetres,
    to_square,
)

SIZES = st.integers(1, 4001)
HOW = st.sampled_from(["crop", "pad", "pad_corner", "stretch"])
COORDINATES = st.tuples(*[st.floats(-100, 5000)] * 4)


@given(SIZES, SIZES, HOW, COORDINATES)
def test_square_and_back(columns: int, rows: int, how: How, box: tuple[float, float, float, float]) -> None:
    square = square_of(columns, rows, how)
    assert from_square(to_square(box, square), square) == pytest.approx(box, abs=1e-6)


@given(SIZES, SIZES)
def test_padding_holds_the_image_and_cropping_its_middle(columns: int, rows: int) -> None:
    whole = (0.0, 0.0, float(columns), float(rows))
    x0, y0, x1, y1 = to_square(whole, square_of(columns, rows, "pad"))
    assert min(x0, y0) >= -1e-9
    assert max(x1, y1) <= 1 + 1e-9
    assert (x0 + x1, y0 + y1) == pytest.approx((1, 1))
    inner = from_square((0, 0, 1, 1), square_of(columns, rows, "crop"))
    assert clip_box(inner, columns, rows) == pytest.approx(inner)


def test_the_box_of_a_cropped_landscape_is_moved_by_the_margin() -> None:
    """The published formula x = box_x * c + (W - c) / 2 with W 2000, H 1600."""
    square = square_of(2000, 1600, "crop")
    region = region_from_square((0.0, 0.0, 0.5, 0.5), square, image_id="a", columns=2000, rows=1600)
    assert region is not None
    assert region.box == (200, 0, 1000, 800)


def test_a_box_in_the_padding_is_no_region() -> None:
    square = square_of(100, 50, "pad")
    assert region_from_square((0.1, 0.0, 0.9, 0.2), square, image_id="a", columns=100, rows=50) is None


@given(st.floats(0, 500), st.floats(0, 500), st.floats(0, 90), st.integers(0, 10_000))
def test_millimetres_and_back(x: float, y: float, plane: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    affine = np.eye(4)
    affine[:3, :3] = turn * rng.uniform(0.3, 6, 3)
    affine[:3, 3] = rng.uniform(-400, 400, 3)
    assert from_millimetres(to_millimetres(x, y, plane, affine), affine) == pytest.approx((x, y, plane), abs=1e-6)


def test_the_first_pixels_centre_is_at_half() -> None:
    affine = np.diag([2.0, 3.0, 4.0, 1.0])
    assert to_millimetres(0.5, 0.5, 0, affine) == (0, 0, 0)
    assert to_millimetres(1.5, 2.5, 1, affine) == (2, 6, 4)


def test_a_mask_has_its_box_and_best_plane() -> None:
    mask = np.zeros((5, 10, 12), bool)
    mask[1, 2:4, 3:5] = True
    mask[3, 2:8, 3:9] = True
    assert box_of_mask(mask) == (3, 2, 9, 8)
    assert plane_of_mask(mask) == 3
    region = region_of_mask(mask, image_id="a", digest="d", label="liver")
    assert (region.kind, region.frame, region.plane, region.box) == ("mask", "source_pixels", 3, (3, 2, 9, 8))
    with pytest.raises(BadStudy):
        region_of_mask(np.zeros((4, 4), bool), image_id="a", digest="d")
