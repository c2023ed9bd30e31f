"""F13: what is no strict JSON is refused, and nothing of a patient's is in the error."""

import contextlib
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readingroom.errors import BadReply
from readingroom.tools.contracts.strict_json import MOST_DEPTH, NotStrict, parse_nested, parse_reply, parse_strict
from tests.tools.contracts.samples import ANY_JSON


@given(ANY_JSON)
def test_what_json_writes_is_read_as_it_was(value):
    assert parse_reply(json.dumps(value).encode()) == value
    assert parse_reply(json.dumps(value, ensure_ascii=False, indent=1).encode()) == value


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'[{"output": "The heart', "ends early at character 12 of 22"),
        (b"[1, 2", "ends early at character 5 of 5"),
        (b"[1, 2] [3]", "is not JSON at character 7"),
        (b"[NaN]", "literal NaN"),
        (b"[1, Infinity]", "literal Infinity"),
        (b"[-Infinity]", "literal -Infinity"),
        (b'{"a": 1, "a": 2}', "same key twice"),
        (b'[{"b": {"a": 1, "a": 1}}]', "same key twice"),
        (b"\xef\xbb\xbf[1]", "byte order mark"),
        ("[1]".encode("utf-16"), "byte order mark"),
        (b'["caf\xe9"]', "not UTF-8 at byte 5"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"[" + b"9" * 5000 + b"]", "more digits"),
        (b"[" * (MOST_DEPTH + 1) + b"]" * (MOST_DEPTH + 1), "nested deeper"),
        (b"[" * 1_000_000, "nested deeper"),
        (b'{"a":' * 100_000, "nested deeper"),
        ("[1]".encode("utf-16-le"), "is not JSON"),
    ],
)
def test_each_fault_is_refused_with_its_reason(body, reason):
    with pytest.raises(BadReply, match=reason) as caught:
        parse_reply(body)
    assert caught.value.where == "answer"
    assert "heart" not in str(caught.value)


def test_the_deepest_that_is_taken():
    assert parse_reply(b"[" * MOST_DEPTH + b"]" * MOST_DEPTH) is not None


@given(st.text(st.sampled_from('[]{}"\\,:a1 '), max_size=200))
def test_brackets_in_strings_are_no_nesting(text):
    value = [text] * 3
    assert parse_reply(json.dumps(value).encode()) == value


@given(st.binary(max_size=200) | st.text(st.sampled_from('[]{}"\\,:1eN-u0 \n')).map(str.encode))
def test_any_bytes_are_read_or_refused(body):
    with contextlib.suppress(NotStrict):
        parse_strict(body)


def test_nothing_of_a_page_is_shown():
    """Servers that fail hand back what they were sent."""
    with pytest.raises(BadReply) as caught:
        parse_reply(b"<html><body>502 Zzyzxcanary^Anna 123456789</body></html>")
    assert "a page, not an answer" in str(caught.value)
    assert "canary" not in str(caught.value)
    assert "502" not in str(caught.value)


def test_json_in_a_string_is_held_to_the_same():
    assert parse_nested('[["a", null]]', "answer[0].output") == [["a", None]]
    for text in ('[["a", NaN]]', '{"a":1,"a":2}', "[1", "", '["\ud800"]'):
        with pytest.raises(BadReply) as caught:
            parse_nested(text, "answer[0].output")
        assert caught.value.where == "answer[0].output"


def test_a_large_body_costs_little_more_than_its_parsing():
    body = ('[{"image_features":"{\\"data\\": \\"' + "A" * 8_000_000 + '\\"}"}' + ",[]" * 40 + "]").encode()
    start = time.perf_counter()
    parse_reply(body)
    assert time.perf_counter() - start < 2
