"""The server's side: what clients in use send is taken, anything else refused by path."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.errors import BadRequest
from readingroom.tools.contracts.envelope import image_bytes, read_envelope
from readingroom.tools.contracts.medimageinsight import ask_insight
from tests.tools.contracts.samples import ANY_JSON, over_the_wire, picture

KNOWN = frozenset(("image", "text"))


def read(value, most_rows=8):
    return read_envelope(over_the_wire(value), known=KNOWN, most_rows=most_rows)


def asked(**changes):
    told = {"columns": ["image", "text"], "index": [0, 1], "data": [["AAAA", "a"], ["BBBB", "b"]]}
    return {"input_data": {name: value for name, value in (told | changes).items() if value is not ...}}


def test_what_our_clients_send_is_read():
    image = picture()
    frame = read_envelope(ask_insight((image, None), ("a", "b")).body(), known=KNOWN, most_rows=8)
    assert frame.columns == ("image", "text")
    assert image_bytes(frame.rows[0]["image"] or "") == image.content
    assert frame.rows[1] == {"image": None, "text": "b"}
    assert frame.params == {"get_scaling_factor": True}


@pytest.mark.parametrize("empty", [None, ""])
def test_an_absent_cell_is_null_or_empty(empty):
    frame = read(asked(data=[[empty, "a"], ["BBBB", empty]]))
    assert frame.rows == ({"image": None, "text": "a"}, {"image": "BBBB", "text": None})


def test_columns_come_in_any_order():
    frame = read(asked(columns=["text", "image"]))
    assert frame.rows[0] == {"text": "AAAA", "image": "a"}
    assert read(asked(columns=["text"], data=[["a"], ["b"]])).rows == ({"text": "a"}, {"text": "b"})


def test_no_rows_and_no_index_are_read():
    assert read(asked(index=...)).rows == read(asked(index=None)).rows == read(asked()).rows
    assert read(asked(index=[], data=[])).rows == ()
    assert len(read(asked(index=[7, 3])).rows) == 2


@pytest.mark.parametrize(
    ("params", "told"),
    [
        (..., {}),
        (None, {}),
        ({}, {}),
        ("get_scaling_factor", {}),
        ("", {}),
        ({"get_scaling_factor": True}, {"get_scaling_factor": True}),
        ({"get_scaling_factor": "true"}, {"get_scaling_factor": True}),
        ({"get_scaling_factor": "True"}, {"get_scaling_factor": True}),
        ({"get_scaling_factor": "False"}, {"get_scaling_factor": False}),
        ({"image_standardization_image_size": 512, "x": "y"}, {"image_standardization_image_size": 512, "x": "y"}),
    ],
)
def test_params_come_in_every_form(params, told):
    assert read(asked() | ({} if params is ... else {"params": params})).params == told


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ([], "the body"),
        ({}, "input_data"),
        ({"input_data": []}, "input_data"),
        (asked(columns=...), "input_data.columns"),
        (asked(columns=[]), "input_data.columns"),
        (asked(columns="image"), "input_data.columns"),
        (asked(columns=["image", 1]), "input_data.columns[1]"),
        (asked(columns=["image", "label"]), "input_data.columns[1]"),
        (asked(columns=["image", "image"]), "input_data.columns[1]"),
        (asked(data=...), "input_data.data"),
        (asked(data={}), "input_data.data"),
        (asked(data=[["AAAA", "a"]] * 9), "input_data.data"),
        (asked(data=[["AAAA"], ["BBBB", "b"]]), "input_data.data[0]"),
        (asked(data=[["AAAA", "a"], ["BBBB", "b", "c"]]), "input_data.data[1]"),
        (asked(data=[["AAAA", "a"], "BBBB"]), "input_data.data[1]"),
        (asked(data=[["AAAA", "a"], ["BBBB", 5]]), "input_data.data[1][1]"),
        (asked(data=[["AAAA", "a"], ["BBBB", ["b"]]]), "input_data.data[1][1]"),
        (asked(data=[["AAAA", "a"], ["BBBB", True]]), "input_data.data[1][1]"),
        (asked(index=[0]), "input_data.index"),
        (asked(index=[0, 1, 2]), "input_data.index"),
        (asked(index=2), "input_data.index"),
        (asked(index=[0, "1"]), "input_data.index[1]"),
        (asked(index=[0, True]), "input_data.index[1]"),
        (asked() | {"params": [1]}, "params"),
        (asked() | {"params": True}, "params"),
    ],
)
def test_everything_else_is_refused_by_path(value, path):
    with pytest.raises(BadRequest) as caught:
        read(value)
    assert caught.value.where == path
    assert "BBBB" not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a":1,"a":2}', b'{"input_data": NaN}', b"[" * 999])
def test_a_body_that_is_no_json_is_refused(body):
    with pytest.raises(BadRequest) as caught:
        read_envelope(body, known=KNOWN, most_rows=8)
    assert caught.value.where == "the body"


@given(st.binary(min_size=1, max_size=400))
def test_an_image_comes_in_either_flavour(content):
    for cell in (base64.b64encode(content), base64.encodebytes(content), base64.encodebytes(content).rstrip()):
        assert image_bytes(cell.decode()) == content
    assert image_bytes(base64.encodebytes(content).replace(b"\n", b"\r\n").decode()) == content


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "\n",
        "AAA",
        "AA=A",
        "AAAA====",
        "AA AA",
        "A-A_",
        "äAAA",
        "data:image/png;base64,AAAA",
        "AAAA\nAAAA",
        "AAAA\n\n",
    ],
)
def test_an_image_in_another_form_is_refused(cell):
    with pytest.raises(BadRequest) as caught:
        image_bytes(cell)
    assert caught.value.where == "image"


@given(ANY_JSON, ANY_JSON, ANY_JSON, ANY_JSON)
@settings(max_examples=200)
def test_any_json_is_read_or_refused(whole, columns, data, params):
    body = {"input_data": {"columns": columns, "data": data}, "params": params}
    rows = {"input_data": {"columns": ["image"], "data": [data]}, "params": params}
    for value in (whole, {"input_data": whole}, body, rows):
        try:
            frame = read(value)
        except BadRequest:
            continue
        assert isinstance(frame.params, dict)
