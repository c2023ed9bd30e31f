"""Schemas of others read into typed requests, and the rest refused by name."""

from __future__ import annotations

import pytest

from readingroom.errors import BadRequest
from readingroom.tools.borrowed.lending import lent_name
from readingroom.tools.borrowed.schema import request_of_schema
from tests.tools.borrowed.others import LOOKUP


def made(**properties):
    return request_of_schema("kb_t", "It tells.", {"type": "object", "properties": properties})


def test_a_schema_becomes_a_typed_request():
    request = request_of_schema("kb_lookup", "Tells\x1b[2J it.", LOOKUP["inputSchema"])
    assert request.__doc__ == "Tells[2J it."
    asked = request.model_validate_json('{"term": "nodule", "edition": 9, "part": "sizes"}', strict=True)
    assert asked.model_dump(exclude_unset=True) == {"term": "nodule", "edition": 9, "part": "sizes"}
    for wrong in ('{}', '{"term": 1}', '{"term": "a", "edition": 0}', '{"term": "a", "part": "all"}',
                  '{"term": "a", "more": 1}',
                  '{"term": "' + "x" * 301 + '"}', '{"term": "a", "edition": "9"}'):  # fmt: skip
        with pytest.raises(ValueError, match="validation error"):
            request.model_validate_json(wrong, strict=True)


def test_lists_of_them_are_read():
    request = made(sizes={"type": "array", "items": {"type": "number", "minimum": 0}, "maxItems": 2})
    assert request.model_validate_json('{"sizes": [1.5, 2]}', strict=True)
    for wrong in ('{"sizes": [-1]}', '{"sizes": [1, 2, 3]}', '{"sizes": ["a"]}'):
        with pytest.raises(ValueError, match="validation error"):
            request.model_validate_json(wrong, strict=True)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "object"}, {"type": "string", "pattern": "(a+)+$"}, {"$ref": "#/x"}, {"type": ["string", "null"]},
        {"anyOf": [{"type": "string"}, {"type": "integer"}]}, {"type": "array", "items": {"type": "array"}},
        {"type": "array"}, {"enum": []}, {"enum": ["a\u200b"]}, {"type": "number", "minimum": "1"}, True, {},
    ],
)  # fmt: skip
def test_what_cannot_be_held_to_is_refused_by_name(part):
    with pytest.raises(BadRequest, match="'size' is of a kind that is not lent"):
        made(size=part)


@pytest.mark.parametrize(
    "name", ["image", "prior", "outlines", "from", "copy", "model_config", "_a", "a-b", "class", ""]
)
def test_a_name_by_which_we_hand_on_images_is_not_lent(name):
    with pytest.raises(BadRequest, match="has a name that is not lent"):
        made(**{name: {"type": "string"}})


@pytest.mark.parametrize("schema", [{}, {"type": "object", "allOf": []}, {"type": "object", "properties": []},
                                    {"type": "object", "additionalProperties": True}])  # fmt: skip
def test_a_schema_that_is_no_plain_object_is_refused(schema):
    with pytest.raises(BadRequest, match="its schema"):
        request_of_schema("kb_t", "", schema)


def test_no_tool_of_others_stands_for_ours():
    assert lent_name("kb", "Lookup") == "kb_lookup"
    for server, tool in (("draft", "findings"), ("draft", "Findings"), ("draft", "findings".upper())):
        with pytest.raises(BadRequest, match="would stand for"):
            lent_name(server, tool)
    for tool in ("a b", "a.b", "", "x" * 60, "a\x1b"):
        with pytest.raises(BadRequest, match="cannot be called"):
            lent_name("kb", tool) if tool else lent_name("kb", "\n")
