"""Filling outlines: exact at pixel centres, and areas that agree with the curve."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.phantoms.canvas import Canvas, filled
from readingroom.phantoms.truth import area_cm2


def test_a_rectangle_covers_the_pixels_whose_centres_it_holds() -> None:
    mask = filled(np.array([[1.4, 0.6], [3.5, 0.6], [3.5, 2.6], [1.4, 2.6]]), (4, 5))
    assert np.argwhere(mask).tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]


def test_outlines_may_leave_the_sheet() -> None:
    assert filled(np.array([[-9.0, -9.0], [99.0, -9.0], [99.0, 99.0], [-9.0, 99.0]]), (3, 4)).all()


def test_area_of_a_circle_by_pixels_and_by_the_shoelace() -> None:
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    ring = np.stack([60 * np.cos(angle), 100 + 60 * np.sin(angle)], 1)
    canvas = Canvas((200.0, 200.0), (400, 400), offset=5.0)
    mask = canvas.filled(ring)
    assert mask.sum() * 0.25 / 100 == pytest.approx(area_cm2(ring), rel=0.002)
    assert area_cm2(ring) == pytest.approx(np.pi * 36, rel=1e-3)
    assert np.nonzero(mask)[1].mean() * 0.5 + 0.25 == pytest.approx(105, abs=0.01)


def test_a_ball_is_as_thick_as_it_is_told_and_nothing_outside() -> None:
    canvas = Canvas((100.0, 100.0), (200, 200), offset=0.0)
    ball = canvas.ball((0.0, 50.0), (20.0, 10.0), 7.0)
    assert ball.max() == pytest.approx(7, abs=0.02)
    assert ball.sum() * 0.25 == pytest.approx(2 / 3 * np.pi * 20 * 10 * 7, rel=0.01)
