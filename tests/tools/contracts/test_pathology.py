"""Prov-GigaPath and GigaTIME: features and markers of a tile; F14, F15."""

import base64
import json

import numpy as np
import pytest
from hypothesis import given, settings

from readingroom.errors import BadReply, BadRequest
from readingroom.tools.contracts.gigapath import TileRow, ask_tiles, decode_tiles, encode_tiles, pooled
from readingroom.tools.contracts.gigatime import (
    CHANNELS,
    MarkerRow,
    ask_markers,
    cut,
    decode_markers,
    encode_markers,
)
from readingroom.tools.contracts.strict_json import parse_reply
from readingroom.tools.contracts.torch_file import write_tensor
from tests.tools.contracts.samples import ANY_JSON, over_the_wire, picture

TILE = picture(columns=6, rows=4)
FEATURES = np.random.default_rng(0).normal(size=(1536, 14, 14)).astype(np.float32)
MAPS = np.random.default_rng(1).random((23, 4, 6)).astype(np.float32)


def tiles(array):
    return [{"image_features": base64.b64encode(write_tensor(array)).decode()}]


def test_the_asks_have_one_column_and_no_params():
    for ask in (ask_tiles([TILE, TILE]), ask_markers([TILE, TILE])):
        assert ask.columns == ("image",)
        assert json.loads(ask.body())["params"] == {}
        assert len(ask.rows) == 2
    for empty in (ask_tiles, ask_markers):
        with pytest.raises(BadRequest):
            empty([])


def test_features_are_read_written_and_pooled():
    (row,) = decode_tiles(parse_reply(over_the_wire(tiles(FEATURES[None]))), ask_tiles([TILE]))
    np.testing.assert_array_equal(row.features, FEATURES)
    assert encode_tiles([row]) == tiles(FEATURES[None])
    np.testing.assert_allclose(pooled(row), FEATURES.reshape(1536, -1).mean(axis=1), atol=1e-6)
    assert pooled(TileRow(np.ones((1536, 14, 14), np.float32), "")).tolist() == [1.0] * 1536


@pytest.mark.parametrize(
    "answer",
    [
        tiles(FEATURES),
        tiles(FEATURES[None, :1024]),
        tiles(np.zeros((1, 1536, 14, 14), np.float32)),
        tiles(np.where(FEATURES > 3, np.nan, FEATURES)[None]),
        tiles(np.where(FEATURES > 3, np.inf, FEATURES)[None]),
        [{"image_features": "AAAA"}],
        [{"image_features": "?"}],
        [{"image_features": "A" * (13 << 20)}],
        [{"image_features": None}],
        [{}],
        [],
        tiles(FEATURES[None]) * 2,
    ],
    ids=range(12),
)
def test_other_features_are_refused(answer):
    with pytest.raises(BadReply) as caught:
        decode_tiles(parse_reply(over_the_wire(answer)), ask_tiles([TILE]))
    assert caught.value.where.startswith("answer")


ONE, TWO = ask_markers([TILE]), ask_markers([TILE, TILE])


@pytest.mark.parametrize(
    ("answer", "ask"),
    [
        ([MAPS.tolist()], ONE),
        (MAPS.tolist(), ONE),
        ({"predictions": [MAPS.tolist()]}, ONE),
        ({"predictions": MAPS.tolist()}, ONE),
        ([MAPS.tolist()] * 2, TWO),
        ({"predictions": [MAPS.tolist()] * 2}, TWO),
        ([MAPS.tolist()] * 23, ask_markers([TILE] * 23)),
    ],
)
def test_markers_are_read_in_every_form(answer, ask):
    rows = decode_markers(parse_reply(over_the_wire(answer)), ask)
    assert len(rows) == len(ask.rows)
    for row in rows:
        np.testing.assert_array_equal(row.probabilities, MAPS)


def test_maps_of_another_size_with_the_tiles_aspect_are_read():
    (row,) = decode_markers([np.full((23, 8, 12), 0.5).tolist()], ONE)
    assert row.probabilities.shape == (23, 8, 12)


def with_value(value):
    maps = MAPS.tolist()
    maps[22][3][5] = value
    return [maps]


@pytest.mark.parametrize(
    ("answer", "path"),
    [
        ([MAPS[:22].tolist()], "answer[0]"),
        ([MAPS.transpose(0, 2, 1).tolist()], "answer[0]"),
        ([MAPS.tolist()] * 2, "answer"),
        ({"other": MAPS.tolist()}, "answer.predictions"),
        (with_value(1.5), "answer[0][22][3]"),
        (with_value(-1), "answer[0][22][3]"),
        (with_value(None), "answer[0][22][3][5]"),
        (with_value("0.5"), "answer[0][22][3][5]"),
        (with_value(True), "answer[0][22][3][5]"),
        (with_value([0.5]), "answer[0][22][3][5]"),
        ([[*MAPS[:22].tolist(), MAPS[0, :3].tolist()]], "answer[0][22]"),
        ([[[]] * 23], "answer[0]"),
        ([[[[]]] * 23], "answer[0]"),
        ([], "answer"),
        (None, "answer"),
    ],
)
def test_other_markers_are_refused_by_path(answer, path):
    with pytest.raises(BadReply) as caught:
        decode_markers(parse_reply(over_the_wire(answer)), ONE)
    assert caught.value.where == path


def test_what_is_encoded_is_read_back():
    rows = decode_markers(parse_reply(over_the_wire(encode_markers([MarkerRow(MAPS, "")] * 2))), TWO)
    np.testing.assert_array_equal(rows[1].probabilities, MAPS)


def test_channels_and_their_cuts():
    assert len(CHANNELS) == len(set(CHANNELS)) == 23
    assert {name: cut(name) for name in CHANNELS if cut(name) != 0.5} == {"Ki67": 0.2}
    with pytest.raises(BadRequest):
        cut("CD99")


@given(ANY_JSON)
@settings(max_examples=150)
def test_any_json_is_refused_and_nothing_breaks(value):
    for told in (value, [{"image_features": value}], {"predictions": value}, [[value] * 23]):
        for decode in (decode_tiles, decode_markers):
            with pytest.raises(BadReply):
                decode(told, ONE)
