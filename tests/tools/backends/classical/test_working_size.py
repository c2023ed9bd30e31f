"""Working copies: masks come back on the source pixels, and closing does not glue to the frame."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.tools.backends.classical import working_size as ws


def test_a_mask_goes_there_and_back() -> None:
    image = np.zeros((300, 500, 3), np.uint8)
    image[90:210, 150:350] = 255
    small = ws.working_copy(image, 100)
    assert small.shape == (60, 100, 3)
    back = ws.source_mask(small[..., 0] > 127, image.shape)
    assert back.shape == (300, 500)
    assert back.sum() == pytest.approx(120 * 200, rel=0.02)


def test_closing_fills_a_gap_but_leaves_the_frame_alone() -> None:
    mask = np.zeros((40, 40), bool)
    mask[3:20, 5:15] = mask[3:20, 18:28] = True
    closed = ws.closed(mask, 4)
    assert closed[10, 16]
    assert not closed[0].any()


def test_the_largest_piece_has_no_holes() -> None:
    mask = np.zeros((30, 30), bool)
    mask[2:5, 2:5] = True
    mask[10:25, 10:25] = True
    mask[15:18, 15:18] = False
    piece = ws.largest_piece(mask)
    assert piece.sum() == 15 * 15
    assert not ws.largest_piece(np.zeros((5, 5), bool)).any()


def test_a_wide_blur_keeps_the_mean_and_a_constant() -> None:
    assert ws.broad_blur(np.full((80, 120), 0.3, np.float32), 20) == pytest.approx(0.3, abs=1e-5)


def test_ramps_rise_and_fall() -> None:
    assert [ws.ramp(v, 1, 3) for v in (0, 2, 4)] == [0, 0.5, 1]
    assert [ws.ramp(v, 3, 1) for v in (0, 2, 4)] == [1, 0.5, 0]


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (np.zeros((10, 90, 3), np.uint8), "image of 90 x 10 px is too small"),
        (np.full((90, 90), 0.5, np.float32), "image is constant"),
        (np.full((90, 90), np.nan, np.float32), "image has values that are not numbers"),
    ],
)
def test_what_cannot_be_seen_is_said(image: np.ndarray, why: str) -> None:
    assert ws.unseen(image) == why
