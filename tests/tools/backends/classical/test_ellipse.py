"""Ellipses: area, circumference, grids, and a search that climbs to a known place."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.tools.backends.classical.ellipse import Ellipse, Limits, Rows, climb, filled, fitted, ray_points


def test_the_filled_shape_has_the_area_and_the_rays_lie_on_its_rim() -> None:
    ellipse = Ellipse(60.0, 50.0, 40.0, 20.0, 0.5)
    assert filled(ellipse, (100, 120)).sum() == pytest.approx(np.pi * 40 * 20, rel=0.01)
    x, y = ray_points(np.array([ellipse], np.float32), np.linspace(0, 2 * np.pi, 24), 1.0)
    again = fitted(np.stack([x[0], y[0]], 1))
    assert sorted([again.a, again.b]) == pytest.approx([20, 40], rel=1e-3)
    assert (again.x, again.y) == pytest.approx((60, 50), abs=0.01)


def test_circumference_of_a_circle_and_of_a_known_ellipse() -> None:
    assert Ellipse(0, 0, 10, 10, 0).circumference == pytest.approx(2 * np.pi * 10)
    assert Ellipse(0, 0, 2, 1, 0).circumference == pytest.approx(9.68845, rel=1e-5)


def test_a_finer_grid_keeps_pixel_centres() -> None:
    assert Ellipse(0, 0, 1, 2, 0.3).on_grid(2) == Ellipse(0.5, 0.5, 2, 4, 0.3)


def test_the_search_finds_the_best_place_and_repeats_itself() -> None:
    aim = np.array([50, 40, 20, 15], np.float32)

    def score(rows: Rows) -> Rows:
        return -np.abs(rows[:, :4] - aim).sum(1)

    start = np.array([[x, y, 10, 10, 0] for x in (20, 45, 80) for y in (20, 45, 80)], np.float32)
    limits = Limits(smallest=5, largest=60, flattest=0.4, tallest=1.5)
    best, value = climb(score, start, limits, rounds=25)
    assert np.array(best[:4]) == pytest.approx(aim, abs=2.0)
    assert (best, value) == climb(score, start, limits, rounds=25)
