"""Lengths, areas and volumes against figures known by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.imaging.morphometry import area, diameters, perimeter, volume


def drawn_ellipse(a: float, b: float, angle: float, size: int = 240) -> np.ndarray:
    y, x = np.mgrid[:size, :size] + 0.5 - size / 2
    u, v = x * math.cos(angle) + y * math.sin(angle), -x * math.sin(angle) + y * math.cos(angle)
    return (u / a) ** 2 + (v / b) ** 2 <= 1


def test_one_pixel_is_one_pixel_wide():
    mask = np.zeros((5, 5), bool)
    mask[2, 3] = True
    longest, across = diameters(mask)
    assert longest.length == pytest.approx(math.sqrt(2))
    assert across.length == pytest.approx(math.sqrt(2))
    assert area(mask)[0] == 1


def test_rectangle_in_millimetres():
    mask = np.zeros((40, 60), bool)
    mask[10:20, 5:45] = True  # 40 by 10 pixels
    longest, _ = diameters(mask, (0.5, 2.0))
    assert longest.length == pytest.approx(math.hypot(20, 20))
    assert area(mask, 1.0)[0] == 400


@settings(max_examples=40, deadline=None)
@given(a=st.floats(15, 100), ratio=st.floats(0.3, 0.95), angle=st.floats(0, math.pi))
def test_an_ellipse_has_its_axes_as_diameters(a, ratio, angle):
    mask = drawn_ellipse(a, a * ratio, angle)
    longest, across = diameters(mask)
    assert longest.length == pytest.approx(2 * a, abs=2.5)
    assert across.length == pytest.approx(2 * a * ratio, abs=4.5)
    assert math.dist(longest.start, longest.end) == pytest.approx(longest.length, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(a=st.floats(20, 100), ratio=st.floats(0.4, 1.0))
def test_area_lies_within_its_own_uncertainty(a, ratio):
    value, sd = area(drawn_ellipse(a, a * ratio, 0.3))
    assert abs(value - math.pi * a * a * ratio) < 6 * sd


def test_perimeter_counts_holes():
    disc = drawn_ellipse(50, 50, 0)
    ring = disc & ~drawn_ellipse(20, 20, 0)
    assert perimeter(ring) > perimeter(disc) * 1.3


def test_volume_of_a_ball():
    z, y, x = np.mgrid[:60, :60, :60] - 29.5
    ball = x**2 + y**2 + z**2 <= 20**2
    value, sd = volume(ball, 0.001)
    assert value == pytest.approx(4 / 3 * math.pi * 20**3 / 1000, rel=0.01)
    assert sd == pytest.approx(0.5 * 4 * math.pi * 20**2 / 1000, rel=0.25)
