"""Cardiothoracic ratio and symmetry on drawn chests whose truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.imaging.thorax import area_ratio, border_seen, cardiothoracic, thorax_width, zone_densities, zone_of


def chest(thorax: int = 300, heart: int = 150, *, left_scale: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Right lung, left lung and heart as rectangles on a 400 x 400 film; the patient's right at the left."""
    right, left, middle = (np.zeros((400, 400), bool) for _ in range(3))
    edge = 200 - thorax // 2
    right[60:340, edge:180] = True
    left[60 : 60 + int(280 * left_scale), 220 : 200 + thorax // 2] = True
    middle[220:330, 200 - heart // 3 : 200 - heart // 3 + heart] = True
    return right, left, middle


@given(thorax=st.integers(200, 380).map(lambda n: n // 2 * 2), share=st.floats(0.3, 0.7))
@settings(max_examples=40, deadline=None)
def test_the_ratio_is_width_over_width_and_survives_a_mirror(thorax, share):
    heart = max(30, int(thorax * share))
    right, left, middle = chest(thorax, heart)
    found = cardiothoracic(middle, right | left)
    mirrored = cardiothoracic(middle[:, ::-1], (right | left)[:, ::-1])
    assert found.ratio == pytest.approx(heart / thorax)
    assert mirrored.ratio == pytest.approx(found.ratio)


def test_uncertainty_follows_the_outlines():
    right, left, heart = chest()
    sharp = cardiothoracic(heart, right | left, heart_sd=0.5, lung_sd=0.5).sd
    blurred = cardiothoracic(heart, right | left, heart_sd=5.0, lung_sd=0.5).sd
    assert blurred == pytest.approx(5 * np.sqrt(2) / 300, rel=0.02)
    assert sharp < blurred / 5


def test_a_stray_pixel_does_not_widen_the_chest():
    right, left, _ = chest()
    lungs = right | left
    lungs[100, 2] = True
    low, high, _ = thorax_width(lungs)
    assert (low, high) == (50, 350)


def test_zones_split_a_lung_in_three():
    right, _, _ = chest()
    parts = [zone_of(right, zone) for zone in ("upper", "middle", "lower")]
    assert sum(int(part.sum()) for part in parts) == int(right.sum())
    assert np.flatnonzero(parts[2].any(axis=1))[0] > np.flatnonzero(parts[0].any(axis=1))[-1]


@pytest.mark.parametrize(("side", "sign"), [("right", 1), ("left", -1)])
def test_a_dense_base_is_found_on_its_side(side, sign):
    right, left, heart = chest()
    gray = np.full((400, 400), 0.8, np.float32)
    gray[right | left] = 0.3
    rng = np.random.default_rng(0)
    gray += rng.normal(0, 0.02, gray.shape).astype(np.float32)
    lung = right if side == "right" else left
    gray[zone_of(lung, "lower")] += 0.3
    zones = {zone.zone: zone for zone in zone_densities(gray, right, left, heart)}
    assert sign * zones["lower"].difference > 0.5
    assert abs(zones["upper"].difference) < 0.1


def test_area_ratio_is_right_over_left():
    right, left, _ = chest(left_scale=0.5)
    assert area_ratio(right, left) == pytest.approx(2.0)


def test_a_border_is_seen_where_lung_lies_against_it():
    right, left, heart = chest(thorax=340, heart=150)
    lungs = right | left | heart
    assert border_seen(heart, lungs) == (1.0, 1.0)
    drowned = left.copy()
    drowned[200:] = False
    assert border_seen(heart, right | drowned) == (1.0, 0.0)
    assert border_seen(heart[:, ::-1], (right | drowned)[:, ::-1]) == (0.0, 1.0)
