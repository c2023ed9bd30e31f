"""MedImageParse: masks in the order of the targets at the size submitted; F14."""

import base64
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from readingroom.errors import BadReply, BadRequest
from readingroom.tools.contracts.medimageparse import (
    CATEGORIES,
    ParseRow,
    ask_parse,
    decode_parse,
    encode_parse,
    split_targets,
    targets_of,
)
from readingroom.tools.contracts.strict_json import parse_reply
from tests.tools.contracts.samples import ANY_JSON, over_the_wire, picture

PICTURE = picture(columns=12, rows=8)
TARGETS = ("left lung", "right lung", "COVID-19 infection")
MASKS = np.random.default_rng(0).integers(0, 256, (3, 8, 12), np.uint8)
ASK = ask_parse([PICTURE], [TARGETS])


def packed(array, **other):
    told = {"data": base64.b64encode(array.tobytes()).decode(), "shape": list(array.shape), "dtype": str(array.dtype)}
    return told | other


def read(features, categories=("lung", "lung", "infection"), ask=ASK):
    row = {"image_features": features} | ({"text_features": list(categories)} if categories is not None else {})
    return decode_parse(parse_reply(over_the_wire([row])), ask)


def test_the_targets_go_in_one_text():
    assert ASK.columns == ("image", "text")
    assert ASK.rows == ((PICTURE, "left lung & right lung & COVID-19 infection"),)
    assert targets_of("a&b & c") == ("a", "b", "c")
    assert len(CATEGORIES) == len(set(CATEGORIES)) == 16


@pytest.mark.parametrize("name", ["liver & spleen", "", "  ", "x" * 201, "liver\nspleen"])
def test_a_target_that_cannot_be_sent_is_refused(name):
    with pytest.raises(BadRequest):
        ask_parse([PICTURE], [("liver", name)])


def test_an_ask_without_targets_is_refused():
    for targets in ([()], [], [("a",), ("b",)]):
        with pytest.raises(BadRequest):
            ask_parse([PICTURE], targets)


@pytest.mark.parametrize("features", [json.dumps(packed(MASKS)), packed(MASKS)])
def test_both_nestings_are_read(features):
    (row,) = read(features)
    np.testing.assert_array_equal(row.probabilities, MASKS)
    assert row.categories == ("lung", "lung", "infection")


def test_newlines_every_76_characters_are_read():
    (row,) = read(packed(MASKS, data=base64.encodebytes(MASKS.tobytes()).decode()))
    np.testing.assert_array_equal(row.probabilities, MASKS)


def test_text_features_may_be_absent():
    for row in (
        read(packed(MASKS), None),
        decode_parse([{"image_features": packed(MASKS), "text_features": None}], ASK),
    ):
        assert row[0].categories == ()
        assert "no text_features" in row[0].variant


@pytest.mark.parametrize("kind", ["float32", "float16"])
def test_floats_are_probabilities(kind):
    told = (MASKS / 255).astype(kind)
    (row,) = read(packed(told))
    assert np.abs(row.probabilities.astype(int) - MASKS).max() <= (0 if kind == "float32" else 1)
    np.testing.assert_array_equal(row.probabilities > 127.5, told.astype(np.float32) > 0.5)


def test_truth_values_are_all_or_nothing():
    (row,) = read(packed(MASKS > 100))
    np.testing.assert_array_equal(row.probabilities, np.where(MASKS > 100, 255, 0))


REFUSED = [
    (packed(MASKS[:2]), ".image_features.shape"),
    (packed(MASKS.transpose(0, 2, 1)), ".image_features.shape"),
    (packed(MASKS, shape=[3, 8, -12]), ".image_features.shape"),
    (packed(MASKS, shape=[-3, -8, 12]), ".image_features.shape"),
    (packed(MASKS, shape=[10**9, 10**9, 10**9]), ".image_features.shape"),
    (packed(MASKS, shape=[3, 8, 12.0]), ".image_features.shape"),
    (packed(MASKS, shape=[3, 8, True]), ".image_features.shape"),
    (packed(MASKS, shape="3"), ".image_features.shape"),
    (packed(MASKS, shape=[1] * 100), ".image_features.shape"),
    (packed(MASKS, dtype="O"), ".image_features.dtype"),
    (packed(MASKS, dtype="object"), ".image_features.dtype"),
    (packed(MASKS, dtype="int64"), ".image_features.dtype"),
    (packed(MASKS, dtype="uint8,uint8"), ".image_features.dtype"),
    (packed(MASKS, dtype=None), ".image_features.dtype"),
    (packed(MASKS, dtype="float32"), ".image_features.data"),
    (packed(MASKS, data="AAAA"), ".image_features.data"),
    (packed(MASKS, data="A" * 100_000), ".image_features.data"),
    (packed(MASKS, data="*" * 384), ".image_features.data"),
    (packed(MASKS, data="é" * 384), ".image_features.data"),
    (packed(MASKS, data=None), ".image_features.data"),
    (packed(np.full((3, 8, 12), np.nan, np.float32)), ".image_features"),
    (packed(np.full((3, 8, 12), 255, np.float32)), ".image_features"),
    (packed(np.full((3, 8, 12), -0.5, np.float16)), ".image_features"),
    (packed(MASKS, dtype="bool"), ".image_features"),
    ({"data": "", "dtype": "uint8"}, ".image_features.shape"),
    ("{", ".image_features"),
    ("", ".image_features"),
    (None, ".image_features"),
    ([], ".image_features"),
]


@pytest.mark.parametrize(("features", "path"), REFUSED)
def test_other_arrays_are_refused_by_path(features, path):
    with pytest.raises(BadReply) as caught:
        read(features)
    assert caught.value.where == "answer[0]" + path
    assert "expected" in str(caught.value) or "JSON" in str(caught.value)


@pytest.mark.parametrize("categories", [["lung"], ["lung", "lung", 1], ["lung", "lung", "x" * 999], ["a", "b", "\x1b"]])
def test_other_categories_are_refused(categories):
    with pytest.raises(BadReply):
        read(packed(MASKS), categories)


@given(arrays.arrays(np.uint8, (3, 8, 12)), st.booleans())
@settings(max_examples=30)
def test_what_is_encoded_is_read_back(masks, named):
    row = ParseRow(masks, TARGETS if named else (), "")
    (twin,) = decode_parse(parse_reply(over_the_wire(encode_parse([row]))), ASK)
    np.testing.assert_array_equal(twin.probabilities, masks)
    assert twin.categories == row.categories


@given(ANY_JSON, ANY_JSON, ANY_JSON)
@settings(max_examples=200)
def test_any_json_is_refused_and_nothing_breaks(value, shape, kind):
    for answer in (
        value,
        [{"image_features": value}],
        [{"image_features": {"data": "", "shape": shape, "dtype": kind}}],
    ):
        with pytest.raises(BadReply):
            decode_parse(answer, ASK)


@given(st.integers(0, 20), st.integers(1, 64), st.integers(1, 64), st.integers(1, 30_000))
def test_targets_are_split_so_that_no_answer_is_too_large(count, rows, columns, most):
    targets = tuple(f"target {n}" for n in range(count))
    try:
        parts = split_targets(targets, rows=rows, columns=columns, most_bytes=most)
    except BadRequest:
        assert most < 4 * rows * columns / 3 + 1300
        return
    assert tuple(name for part in parts for name in part) == targets
    assert all(parts)
    for part in parts:
        row = ParseRow(np.zeros((len(part), rows, columns), np.uint8), ("x" * 200,) * len(part), "")
        assert len(over_the_wire(encode_parse([row]))) <= most


def test_eight_masks_of_1024_in_eight_mebibytes():
    parts = split_targets(tuple("abcdefgh"), rows=1024, columns=1024, most_bytes=8 << 20)
    assert [len(part) for part in parts] == [4, 4]
