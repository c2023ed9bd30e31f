"""Pixels into the model's square and masks back: nothing drifts, whatever the shape of the image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from readingroom.imaging.geometry import Box, How, box_of_mask, square_of, to_square
from readingroom.imaging.resample import into_square, mask_from_square

HOW: tuple[How, ...] = ("crop", "pad", "pad_corner", "stretch")


def centroid(weights: NDArray[np.uint8]) -> tuple[float, float]:
    total = weights.sum(dtype=np.float64)
    across, down = np.arange(weights.shape[1]) + 0.5, np.arange(weights.shape[0]) + 0.5
    return float((weights.sum(0) @ across) / total), float((weights.sum(1) @ down) / total)


def lopsided(columns: int, rows: int, how: How, rng: np.random.Generator, least: float) -> NDArray[np.uint8]:
    """An L-shaped blob, at least `least` wide and high, somewhere in the part that the model sees."""
    square = square_of(columns, rows, how)
    left, top = max(square.left, 0) + 2, max(square.top, 0) + 2
    right, bottom = min(square.left + square.width, columns) - 2, min(square.top + square.height, rows) - 2
    x, y = int(rng.uniform(left, right - 1.5 * least)), int(rng.uniform(top, bottom - 1.5 * least))
    wide, high = int(rng.uniform(least, right - x)), int(rng.uniform(least, bottom - y))
    pixels = np.zeros((rows, columns), np.uint8)
    pixels[y : y + high, x : x + wide] = 255
    pixels[y : y + high // 2, x : x + wide // 2] = 0
    return pixels


@given(
    st.integers(120, 900),
    st.integers(120, 900),
    st.sampled_from(HOW),
    st.sampled_from([128, 255, 512]),
    st.integers(0, 10_000),
)
def test_a_lopsided_blob_goes_where_it_should_and_comes_back(
    columns: int, rows: int, how: How, side: int, seed: int
) -> None:
    square = square_of(columns, rows, how)
    least = 6 * max(1.0, square.width / side, square.height / side)
    source = lopsided(columns, rows, how, np.random.default_rng(seed), least)
    sent = into_square(source, side, how)
    assert sent.shape == (side, side)
    x, y = centroid(source)
    expected = to_square((x, y, x, y), square)
    found = centroid(sent)
    limit = max(1.0, 0.5 * max(square.width, square.height) / side)  # a source pixel, or half of the model's
    assert abs(found[0] / side - expected[0]) * square.width <= limit
    assert abs(found[1] / side - expected[1]) * square.height <= limit
    back = mask_from_square(sent, columns, rows, how)
    assert back.shape == source.shape
    assert back.dtype == np.uint8
    assert np.abs(np.subtract(centroid(back), (x, y))).max() <= limit
    assert edges_moved(box_of_mask(back > 127), box_of_mask(source > 127)) <= max(
        1.0, square.width / side, square.height / side
    )


def edges_moved(found: Box | None, true: Box | None) -> float:
    assert found is not None
    assert true is not None
    return max(abs(a - b) for a, b in zip(found, true, strict=True))


@pytest.mark.parametrize("how", HOW)
def test_a_square_image_of_the_models_size_is_sent_as_it_is(how: How) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (96, 96)).astype(np.uint8)
    assert (into_square(pixels, 96, how) == pixels).all()
    assert (mask_from_square(pixels, 96, 96, how) == pixels).all()


@pytest.mark.parametrize(("columns", "rows"), [(101, 64), (64, 101), (100, 64)])
def test_a_crop_at_its_own_size_moves_no_pixel(columns: int, rows: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (rows, columns)).astype(np.uint8)
    side = min(columns, rows)
    sent = into_square(pixels, side, "crop")
    back = mask_from_square(sent, columns, rows, "crop")
    assert (back[back > 0] == pixels[back > 0]).all()
    assert (back > 0).sum() == (sent > 0).sum()


def test_padding_is_black_and_on_both_sides_unless_told() -> None:
    white = np.full((50, 100, 3), 255, np.uint8)
    both, corner = into_square(white, 100, "pad"), into_square(white, 100, "pad_corner")
    assert both[:25].max() == both[75:].max() == 0
    assert both[25:75].min() == 255
    assert corner[:50].min() == 255
    assert corner[50:].max() == 0


def test_what_a_crop_left_out_is_empty_in_the_mask() -> None:
    full = mask_from_square(np.full((64, 64), 255, np.uint8), 200, 100, "crop")
    assert full[:, 50:150].min() == 255
    assert full[:, :50].max() == full[:, 150:].max() == 0


def test_probabilities_stay_between_those_given() -> None:
    scores = np.random.default_rng(2).random((64, 64)).astype(np.float32)
    back = mask_from_square(scores, 317, 211, "pad")
    assert back.dtype == np.float32
    assert scores.min() - 1e-6 <= back.min() <= back.max() <= scores.max() + 1e-6


def test_a_large_film_is_averaged_as_by_exact_areas() -> None:
    rng = np.random.default_rng(3)
    film = rng.integers(0, 256, (2500, 2048)).astype(np.uint8)
    whole = film[:2048].reshape(512, 4, 512, 4).mean(axis=(1, 3))
    assert np.abs(into_square(film[:2048], 512, "stretch") - whole).max() <= 1.5
    assert abs(float(into_square(film, 512, "stretch").mean()) - float(film.mean())) < 0.5
