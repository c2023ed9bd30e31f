"""CXRReportGen: sentences with boxes in both published forms; F14, F17."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.errors import BadReply, BadRequest
from readingroom.tools.contracts.cxrreportgen import (
    CxrInput,
    GroundedSentence,
    ReportRow,
    ask_report,
    decode_report,
    encode_report,
)
from readingroom.tools.contracts.strict_json import parse_reply
from tests.tools.contracts.samples import ANY_JSON, over_the_wire, picture

FRONTAL, LATERAL = picture(1), picture(2)
ASK = ask_report([CxrInput(FRONTAL)])
RECORDED = (
    b'[{"output": "[[\\"The heart size is normal.\\", null], [\\"A small right pleural effusion is present.\\", '
    b'[[0.115, 0.555, 0.425, 0.845]]]]"}]'
)
SENTENCES = (
    GroundedSentence("The heart size is normal.", None),
    GroundedSentence("A small right pleural effusion is present.", ((0.115, 0.555, 0.425, 0.845),)),
)


def read(value, ask=ASK):
    return decode_report(parse_reply(over_the_wire(value)), ask)


def test_absent_columns_are_not_sent_and_comparison_always_is():
    assert ASK.columns == ("frontal_image", "comparison")
    assert ASK.rows == ((FRONTAL, "None"),)
    two = ask_report([CxrInput(FRONTAL, LATERAL, indication="Cough."), CxrInput(FRONTAL, comparison="1 May")])
    assert two.columns == ("frontal_image", "lateral_image", "indication", "comparison")
    assert two.rows == ((FRONTAL, LATERAL, "Cough.", "None"), (FRONTAL, None, None, "1 May"))
    full = ask_report([CxrInput(FRONTAL, LATERAL, LATERAL, "i", "t", "c", "p")])
    assert full.columns == (
        "frontal_image", "lateral_image", "prior_image", "indication", "technique", "comparison", "prior_report",
    )  # fmt: skip
    with pytest.raises(BadRequest):
        ask_report([])


def test_the_recorded_answer_is_read_and_written():
    (row,) = decode_report(parse_reply(RECORDED), ASK)
    assert row.sentences == SENTENCES
    assert over_the_wire(encode_report([row])) == RECORDED


def test_plain_json_is_read():
    plain = [{"output": [["The heart size is normal.", None], [SENTENCES[1].text, [[0.115, 0.555, 0.425, 0.845]]]]}]
    assert read(plain)[0].sentences == SENTENCES


@pytest.mark.parametrize("output", ["[]", [], "", " ", '[["", null]]', [["  ", []]]])
def test_an_answer_may_be_empty(output):
    assert read([{"output": output}])[0].sentences == ()


def test_boxes_are_clipped_by_rounding_only():
    (row,) = read([{"output": [["a", [[-1e-7, 0, 1, 1.0000001]]], ["b", []], ["c", [[0.5, 0.5, 0.5, 0.6]]]]}])
    assert row.sentences[0].boxes == ((0.0, 0.0, 1.0, 1.0),)
    assert row.sentences[1].boxes == ()
    assert row.sentences[2].boxes == ((0.5, 0.5, 0.5, 0.6),)


def boxed(*box):
    return [["A box.", [list(box)]]]


REFUSED = [
    (boxed(0.5, 0, 0.4, 1), "[0][1][0]"),
    (boxed(0, 0.5, 1, 0.4), "[0][1][0]"),
    (boxed(0, 0, 1.1, 1), "[0][1][0][2]"),
    (boxed(-0.1, 0, 1, 1), "[0][1][0][0]"),
    (boxed(0, 0, 512, 512), "[0][1][0][2]"),
    (boxed(0, 0, 1), "[0][1][0]"),
    (boxed(0, 0, 1, "1"), "[0][1][0][3]"),
    (boxed(0, 0, 1, True), "[0][1][0][3]"),
    (boxed(0, 0, 1, None), "[0][1][0][3]"),
    ([["A.", [0, 0, 1, 1]]], "[0][1][0]"),
    ([["A.", {}]], "[0][1]"),
    ([["A.", False]], "[0][1]"),
    ([["A."]], "[0]"),
    ([["A.", None, 0.9]], "[0]"),
    (["A."], "[0]"),
    ([[None, None]], "[0][0]"),
    ([[7, None]], "[0][0]"),
    ([["\ud800", None]], "[0][0]"),
    ([["x" * 4001, None]], "[0][0]"),
    ([["", [[0, 0, 1, 1]]]], "[0][0]"),
    ([["A.", [[0, 0, 1, 1]] * 1001]], "[0][1]"),
    ([["A.", None]] * 10_001, ""),
    ({"findings": []}, ""),
    (None, ""),
    ("The heart is normal.", ""),
]


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize(("output", "path"), REFUSED)
def test_everything_else_is_refused_by_path(output, path, nested):
    with pytest.raises(BadReply) as caught:
        read([{"output": json.dumps(output) if nested and output is not None else output}])
    assert caught.value.where == "answer[0].output" + path
    assert "heart" not in str(caught.value)


@pytest.mark.parametrize("box", [b"[NaN, 0, 1, 1]", b"[0, 0, 1e999, 1]", b"[0, 0, Infinity, 1]"])
@pytest.mark.parametrize("quote", [True, False])
def test_boxes_of_no_numbers_are_refused(box, quote):
    output = b'[["A.", [' + box + b"]]]"
    told = json.dumps(output.decode()).encode() if quote else output
    with pytest.raises(BadReply):
        decode_report(parse_reply(b'[{"output": ' + told + b"}]"), ASK)


def test_another_number_of_rows_is_refused():
    for value in ([], [{"output": []}] * 2, {"output": []}, [{}]):
        with pytest.raises(BadReply):
            read(value)


BOX = st.lists(st.floats(0, 1), min_size=4, max_size=4).map(
    lambda v: (min(v[0], v[2]), min(v[1], v[3]), max(v[0], v[2]), max(v[1], v[3]))
)
SENTENCE = st.builds(
    GroundedSentence,
    st.text(min_size=1).filter(lambda text: text.strip() and text.isprintable()),
    st.none() | st.lists(BOX, max_size=3).map(tuple),
)


@given(st.lists(st.lists(SENTENCE, max_size=4).map(tuple), min_size=1, max_size=3))
@settings(max_examples=60)
def test_what_is_encoded_is_read_back(reports):
    rows = [ReportRow(sentences, "string") for sentences in reports]
    assert list(read(encode_report(rows), ask_report([CxrInput(FRONTAL)] * len(rows)))) == rows


@given(ANY_JSON)
@settings(max_examples=200)
def test_any_json_is_read_or_refused(value):
    for told in (value, [{"output": value}], [{"output": [value]}], [{"output": json.dumps(value)}]):
        try:
            (row,) = decode_report(told, ASK)
        except BadReply:
            continue
        assert all(isinstance(sentence.text, str) for sentence in row.sentences)
