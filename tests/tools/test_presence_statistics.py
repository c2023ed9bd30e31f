"""Statistics of one probability map, against shapes whose numbers are known."""

import math

import cv2
import numpy as np
import pytest

from readingroom.tools.presence_statistics import statistics_of

ALL = (slice(0, 100), slice(0, 100))


def plane(*parts):
    drawn = np.zeros((100, 100), np.uint8)
    for rows, columns, level in parts:
        drawn[rows, columns] = level
    return drawn


def test_a_crisp_square():
    told = statistics_of(plane((slice(10, 30), slice(10, 30), 255)), ALL)
    assert (told.peak, told.least, told.strength, told.concentration) == (1, 0, 1, 1)
    assert (told.mass, told.above) == (pytest.approx(0.04), pytest.approx(0.04))
    assert (told.soft, told.edge, told.pieces, told.largest, told.solidity) == (0, 0, 1, 1, 1)
    assert told.entropy == pytest.approx(0, abs=1e-6)


def test_an_empty_map():
    told = statistics_of(plane(), ALL)
    assert (told.peak, told.strength, told.concentration, told.pieces, told.largest, told.solidity) == (0,) * 6
    assert (told.edge, told.padding) == (0, 0)


def test_the_mask_begins_above_127():
    assert statistics_of(plane((slice(0, 10), slice(0, 10), 127)), ALL).above == 0
    assert statistics_of(plane((slice(0, 10), slice(0, 10), 128)), ALL).above == pytest.approx(0.01)


def test_two_levels_by_hand():
    told = statistics_of(plane((slice(0, 10), slice(0, 10), 255), (slice(50, 60), slice(0, 30), 51)), ALL)
    assert told.strength == 1
    assert told.mass == pytest.approx((100 + 300 * 0.2) / 10_000)
    assert told.concentration == pytest.approx((100 + 300 * 0.04) / (100 + 300 * 0.2))
    assert told.soft == pytest.approx(0.03)
    bits = -0.2 * math.log2(0.2) - 0.8 * math.log2(0.8)
    assert told.entropy == pytest.approx(0.03 * bits, abs=1e-6)
    assert told.edge == pytest.approx(300 / (10 + 9) / 100)


def test_a_faint_veil_is_no_part_of_what_was_found():
    veiled = plane((slice(None), slice(None), 12), (slice(0, 10), slice(0, 10), 255))
    assert statistics_of(veiled, ALL).concentration == 1


def test_pieces_and_solidity():
    told = statistics_of(plane((slice(0, 20), slice(0, 20), 255), (slice(50, 60), slice(50, 60), 255)), ALL)
    assert (told.pieces, told.largest, told.solidity) == (2, pytest.approx(0.8), 1)
    corner = statistics_of(plane((slice(0, 40), slice(0, 10), 255), (slice(30, 40), slice(0, 40), 255)), ALL)
    assert corner.pieces == 1
    assert 0.5 < corner.solidity < 0.75
    assert statistics_of(plane((slice(3, 4), slice(3, 4), 255)), ALL).solidity == 1


def test_only_the_picture_counts_and_the_padding_is_told():
    drawn = plane((slice(0, 10), slice(0, 10), 255), (slice(90, 100), slice(0, 30), 255))
    told = statistics_of(drawn, (slice(0, 50), slice(0, 100)))
    assert (told.above, told.pieces) == (pytest.approx(100 / 5000), 1)
    assert told.padding == pytest.approx(0.75)


def test_nothing_depends_on_the_size_of_the_square():
    small = cv2.GaussianBlur(plane((slice(20, 70), slice(30, 60), 255)), (0, 0), 3)
    large = cv2.resize(small, (400, 400), interpolation=cv2.INTER_LINEAR)
    one, other = statistics_of(small, ALL), statistics_of(large, (slice(0, 400), slice(0, 400)))
    for name in ("mass", "above", "strength", "concentration", "soft", "entropy", "largest", "solidity"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), abs=0.02)
    assert one.edge == pytest.approx(other.edge, rel=0.15)
