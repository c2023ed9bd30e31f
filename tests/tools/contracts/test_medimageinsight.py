"""MedImageInsight: each documented answer is read, everything else refused by path; F14, F15."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.errors import BadReply, BadRequest
from readingroom.tools.contracts.medimageinsight import (
    LabelScore,
    ask_insight,
    decode_insight,
    decode_scores,
    encode_insight,
    encode_scores,
    probabilities,
)
from readingroom.tools.contracts.strict_json import parse_reply
from tests.tools.contracts.samples import ANY_JSON, over_the_wire, picture, unit

IMAGES = (picture(1), picture(2))
TEXTS = ("x-ray chest anteroposterior Pneumonia.", "ct abdomen Cyst.")
I0, I1, T0, T1 = (unit(seed).tolist() for seed in (10, 11, 12, 13))
SCALING = 4.513362407684326


def read(value, ask):
    return decode_insight(parse_reply(over_the_wire(value)), ask)


def test_an_ask_sends_only_the_columns_that_are_filled():
    assert ask_insight(IMAGES, ()).columns == ("image",)
    assert ask_insight((), TEXTS).columns == ("text",)
    assert ask_insight((None, None), TEXTS).columns == ("text",)
    mixed = ask_insight((IMAGES[0], None), ("", TEXTS[0]))
    assert mixed.columns == ("image", "text")
    assert mixed.rows == ((IMAGES[0], None), (None, TEXTS[0]))
    body = json.loads(ask_insight(IMAGES, TEXTS, scaling=False).body())
    assert body["params"] == {"get_scaling_factor": False}
    assert body["input_data"]["index"] == [0, 1]


@pytest.mark.parametrize(("images", "texts"), [((), ()), (IMAGES, TEXTS[:1]), ((None,), (None,)), ((None,), ("",))])
def test_an_ask_of_nothing_is_refused(images, texts):
    with pytest.raises(BadRequest):
        ask_insight(images, texts)


ONE = [
    ([{"image_features": [I0], "text_features": T0, "scaling_factor": SCALING}], "one object a row"),
    ([{"image_features": I0, "text_features": [T0], "scaling_factor": [SCALING]}], "one object a row"),
    ({"image_features": [I0], "text_features": [T0], "scaling_factor": SCALING}, "one object"),
    ({"image_features": I0, "text_features": T0, "scaling_factor": SCALING}, "one object"),
    ([{"image_features": [I0]}, {"text_features": [T0]}, {"scaling_factor": SCALING}], "one key an object"),
    ([{"scaling_factor": SCALING}, {"text_features": T0}, {"image_features": I0}], "one key an object"),
]


@pytest.mark.parametrize(("answer", "form"), ONE)
def test_every_documented_form_of_one_row(answer, form):
    (row,) = read(answer, ask_insight(IMAGES[:1], TEXTS[:1]))
    np.testing.assert_array_equal(row.image, np.float32(I0))
    np.testing.assert_array_equal(row.text, np.float32(T0))
    assert row.scaling == SCALING
    assert row.variant.startswith(form + ",")
    assert row.image.dtype == np.float32


TWO = [
    [{"image_features": [I0], "text_features": T0}, {"image_features": [I1], "text_features": T1}],
    {"image_features": [I0, I1], "text_features": [T0, T1]},
    [{"image_features": [I0, I1]}, {"text_features": [T0, T1]}],
]


@pytest.mark.parametrize("answer", TWO)
def test_every_documented_form_of_two_rows_without_scaling(answer):
    rows = read(answer, ask_insight(IMAGES, TEXTS))
    for row, image, text in zip(rows, (I0, I1), (T0, T1), strict=True):
        np.testing.assert_array_equal(row.image, np.float32(image))
        np.testing.assert_array_equal(row.text, np.float32(text))
        assert row.scaling is None


@pytest.mark.parametrize(
    "answer",
    [
        [{"image_features": [I0]}, {"text_features": T0}],
        {"image_features": [I0], "text_features": [T0]},
        [{"text_features": [T0]}, {"image_features": [I0]}],
    ],
)
def test_rows_with_absent_cells_get_what_they_asked_for(answer):
    first, second = read(answer, ask_insight((IMAGES[0], None), (None, TEXTS[0])))
    np.testing.assert_array_equal(first.image, np.float32(I0))
    np.testing.assert_array_equal(second.text, np.float32(T0))
    assert first.text is None
    assert second.image is None


def changed(place, value):
    return [{"image_features": [[*I0[:place], value, *I0[place + 1 :]]], "text_features": T0}]


REFUSED = [
    ([], "answer", "a list of 1"),
    ([{}, {}, {}], "answer", "a list of 3"),
    ("text", "answer", "a text of 4 characters"),
    ([None], "answer[0]", "null"),
    ([{"text_features": T0}], "answer[0].image_features", "without it"),
    ([{"image_features": [I0]}], "answer[0].text_features", "without it"),
    ({"image_features": [I0, I1], "text_features": [T0]}, "answer.image_features", "a list of 2"),
    ([{"image_features": [I0[:512]], "text_features": T0}], "answer[0].image_features[0]", "a list of 512"),
    ([{"image_features": I0[:512], "text_features": T0}], "answer[0].image_features", "a list of 512"),
    ([{"image_features": [], "text_features": T0}], "answer[0].image_features", "a list of 0"),
    ([{"image_features": [[0.0] * 1024], "text_features": T0}], "answer[0].image_features[0]", "a constant one"),
    ([{"image_features": [[1 / 32] * 1024], "text_features": T0}], "answer[0].image_features[0]", "a constant one"),
    ([{"image_features": [[2 * x for x in I0]], "text_features": T0}], "answer[0].image_features[0]", "of length 2"),
    (changed(3, "0.5"), "answer[0].image_features[0][3]", "a text of 3 characters"),
    (changed(4, True), "answer[0].image_features[0][4]", "a truth value"),
    (changed(5, None), "answer[0].image_features[0][5]", "null"),
    (changed(6, [0.5]), "answer[0].image_features[0][6]", "a list of 1"),
    (changed(7, 1e308), "answer[0].image_features[0]", "of length inf"),
    (changed(7, 10**400), "answer[0].image_features[0]", "beyond all range"),
    ([{"image_features": [I0], "text_features": T0, "scaling_factor": "4.5"}], "answer[0].scaling_factor", "a text"),
    ([{"image_features": [I0], "text_features": T0, "scaling_factor": True}], "answer[0].scaling_factor", "a truth"),
    ([{"image_features": [I0], "text_features": T0, "scaling_factor": 91.2}], "answer[0].scaling_factor", "outside"),
    ([{"image_features": [I0], "text_features": T0, "scaling_factor": []}], "answer[0].scaling_factor", "of 0"),
    ([{"image_features": [I0], "text_features": T0, "scaling_factor": [None]}], "answer[0].scaling_factor[0]", "null"),
]


@pytest.mark.parametrize(("answer", "path", "actual"), REFUSED)
def test_everything_else_is_refused_by_path_and_kind(answer, path, actual):
    with pytest.raises(BadReply) as caught:
        read(answer, ask_insight(IMAGES[:1], TEXTS[:1]))
    assert caught.value.where == path
    assert actual in str(caught.value)
    assert "expected" in str(caught.value)


def test_a_number_beyond_all_range_is_refused():
    body = over_the_wire(changed(3, 0.5)).replace(b", 0.5,", b", 1e999,")
    with pytest.raises(BadReply, match="beyond all range"):
        decode_insight(parse_reply(body), ask_insight(IMAGES[:1], TEXTS[:1]))


def test_the_same_vector_for_two_images_is_refused():
    answer = [{"image_features": [I0]}, {"image_features": [I0]}]
    with pytest.raises(BadReply, match="the same one again") as caught:
        read(answer, ask_insight(IMAGES, ()))
    assert caught.value.where == "answer[1].image_features"
    assert len(read(answer, ask_insight((IMAGES[0], picture(1)), ()))) == 2
    assert len(read([{"text_features": T0}] * 2, ask_insight((), TEXTS))) == 2


def test_a_norm_that_drifted_is_set_to_one():
    (row,) = read([{"text_features": [0.995 * x for x in T0]}], ask_insight((), TEXTS[:1]))
    assert abs(np.linalg.norm(row.text.astype(float)) - 1) < 1e-6


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_what_is_encoded_is_read_back(data):
    asked = data.draw(st.lists(st.sampled_from(["image", "text", "both"]), min_size=1, max_size=4))
    ask = ask_insight(
        [picture(n) if one != "text" else None for n, one in enumerate(asked)],
        [f"text {n}" if one != "image" else None for n, one in enumerate(asked)],
    )
    cells = [dict(zip(ask.columns, row, strict=True)) for row in ask.rows]
    answer = [
        {key + "_features": unit(2 * n + (key == "text")).tolist() for key, cell in row.items() if cell is not None}
        | {"scaling_factor": SCALING}
        for n, row in enumerate(cells)
    ]
    rows = read(answer, ask)
    again = read(encode_insight(rows), ask)
    for row, twin, cell in zip(rows, again, cells, strict=True):
        assert (row.image is None) == (cell.get("image") is None)
        for one, other in ((row.image, twin.image), (row.text, twin.text)):
            assert one is other is None or np.array_equal(one, other)
        assert row.scaling == twin.scaling == SCALING


def test_the_recorded_form_is_what_is_encoded():
    (row,) = read(ONE[0][0], ask_insight(IMAGES[:1], TEXTS[:1]))
    assert encode_insight([row]) == ONE[0][0]


@given(ANY_JSON)
@settings(max_examples=200)
def test_any_json_is_refused_and_nothing_breaks(value):
    for decode in (decode_insight, decode_scores):
        try:
            decode(value, ask_insight(IMAGES[:1], TEXTS[:1]))
        except BadReply:
            continue
        assert decode is decode_scores


def test_the_published_probabilities():
    """Cosines that give 0.556 / 0.444 without the exponential of 4.5134 give 0.990 / 0.010 with it."""
    image = np.zeros(1024, np.float32)
    image[0] = 1
    texts = np.zeros((2, 1024), np.float32)
    texts[:, 0] = 0.2 + np.log(0.556 / 0.444) / SCALING, 0.2
    told = probabilities(image, texts, SCALING)
    assert told.round(3).tolist() == [0.99, 0.01]
    assert told.sum() == pytest.approx(1)


def test_scores_of_a_classifier_come_best_first():
    ask = ask_insight(IMAGES, ())
    told = [[{"label": "a", "score": 0.1}, {"label": "b", "score": 0.9}], [{"label": "b", "score": 1}]]
    rows = decode_scores(parse_reply(over_the_wire(told)), ask)
    assert rows == ((LabelScore("b", 0.9), LabelScore("a", 0.1)), (LabelScore("b", 1.0),))
    assert decode_scores(parse_reply(over_the_wire(encode_scores(rows))), ask) == rows


@pytest.mark.parametrize(
    ("answer", "path"),
    [
        ([{"label": "a", "score": 1}], "answer[0]"),
        ([[]], "answer[0]"),
        ([[{"label": "a", "score": 0.5}, {"label": "a", "score": 0.5}]], "answer[0]"),
        ([[{"label": 1, "score": 0.5}]], "answer[0][0].label"),
        ([[{"label": "a", "score": "0.5"}]], "answer[0][0].score"),
        ([[{"label": "a", "score": 1.5}]], "answer[0][0].score"),
        ([[{"label": "a"}]], "answer[0][0].score"),
        ([[], []], "answer"),
    ],
)
def test_other_scores_are_refused(answer, path):
    with pytest.raises(BadReply) as caught:
        decode_scores(parse_reply(over_the_wire(answer)), ask_insight(IMAGES[:1], ()))
    assert caught.value.where == path
