"""A volume's slices as one vector: by hand, in length, in order, and refused where nothing is left."""

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from readingroom.errors import BadRequest
from readingroom.index.entry import Space
from readingroom.index.pooling import pooled, spread
from readingroom.index.scalar import scalar

SLICES = np.array([[1, 0, 2], [3, 0, 4], [2, 5, 9], [0, 1, 1]], np.float32)


@pytest.mark.parametrize(
    ("how", "by_hand"),
    [
        ("median", [1.5, 0.5, 3]),
        ("mean", [1.5, 1.5, 4]),
        ("max", [3, 5, 9]),
        ("std", [1.25**0.5, (17 / 4) ** 0.5, 9.5**0.5]),
    ],
)
def test_pooling_is_what_a_hand_calculation_gives_at_length_one(how, by_hand):
    wanted = np.array(by_hand) / np.linalg.norm(by_hand)
    assert np.allclose(pooled(SLICES, how), wanted, atol=1e-6)
    assert pooled(SLICES, how).dtype == np.float32


@given(arrays(np.float32, st.tuples(st.integers(1, 9), st.just(5)), elements=st.floats(0.5, 4, width=32)))
def test_median_and_spread_are_those_of_the_standard_library_in_any_order(slices):
    middle = np.array([statistics.median(column) for column in slices.T.tolist()])
    assert np.allclose(pooled(slices), middle / np.linalg.norm(middle), atol=1e-6)
    assert np.array_equal(pooled(slices), pooled(slices[::-1]))
    deviation = np.array([statistics.pstdev(column) for column in slices.T.tolist()])
    if np.linalg.norm(deviation) > 1e-3:
        assert np.allclose(pooled(slices, "std"), deviation / np.linalg.norm(deviation), atol=1e-4)


@pytest.mark.parametrize(
    ("slices", "how", "said"),
    [
        (np.ones((1, 3)), "std", "no direction"),
        (np.array([[1.0, -1], [-1, 1]]), "mean", "no direction"),
        (np.ones((2, 3)), "least", "no pooling 'least'"),
        (np.zeros((0, 3)), "median", "cannot be pooled"),
        (np.full((2, 3), np.nan), "mean", "no direction"),
    ],
)
def test_what_cannot_be_pooled_is_refused(slices, how, said):
    with pytest.raises(BadRequest, match=said):
        pooled(slices.astype(np.float32), how)


def test_planes_are_all_or_stand_at_equal_steps_from_the_middle_out():
    assert spread(3, 5) == (0, 1, 2)
    assert spread(100, 4) == (12, 37, 62, 87)
    assert spread(9, 1) == (4,)
    with pytest.raises(BadRequest, match="0 slices"):
        spread(9, 0)


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("-2.5", -2.5), ("007", "007"), ("true", True), (" a  b ", "a b"), ("nan", "nan"), ("1e3", "1e3"),
     ("inf", "inf"), ("1e+06", 1e6), ("x" * 500, "x" * 200)],
)  # fmt: skip
def test_words_become_numbers_only_where_they_are_written_so(text, value):
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def test_a_space_without_a_version_has_no_stray_comma():
    told = [Space(model="Prov-GigaPath", version=v, preprocessing_id="gp-1", dimensions=3).title for v in ("", "2")]
    assert told == ["Prov-GigaPath, gp-1, 3 numbers", "Prov-GigaPath 2, gp-1, 3 numbers"]
