"""The arguments of a borrowed tool as a typed request: a small part of JSON Schema, and the rest refused by name."""

from __future__ import annotations

import json
import keyword
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import Field, create_model

from readingroom.domain.value import Value, canonical_json
from readingroom.errors import BadRequest
from readingroom.language.visible import visible

RESERVED = frozenset(("image", "images", "prior", "outlines", "current_evidence", "prior_evidence", "targets", "from"))
"""Names by which our own plans hand on images, outlines and evidence, none of which is lent."""
MOST_FIELDS = 20
MOST_OPTIONS = 64
LONGEST_TEXT = 300
"""Characters of one argument: a question to look up, not a document to send."""
LONGEST_LIST = 20
LONGEST_DESCRIPTION = 2_000

_PLAIN: dict[str, Any] = {"string": str, "number": float, "integer": int, "boolean": bool}
_BOUNDS = {"minimum": "ge", "maximum": "le", "exclusiveMinimum": "gt", "exclusiveMaximum": "lt"}
_LENGTHS = {"minLength": "min_length", "maxLength": "max_length"}
_ITEMS = {"minItems": "min_length", "maxItems": "max_length"}
_SAID = frozenset(("type", "title", "description", "default", "examples"))
_OBJECT = frozenset(("type", "properties", "required", "additionalProperties", "title", "description", "$schema"))


def request_of_schema(name: str, description: str, schema: Mapping[str, Any]) -> type[Value]:
    """The type of a tool's requests. Raises BadRequest that names the first part that cannot be read."""
    try:
        return _request(name, description, canonical_json(dict(schema)))
    except (RecursionError, ValueError):
        raise BadRequest("its schema cannot be read") from None


def shown(text: object) -> str:
    """A description as a model is told it: visible signs in one line."""
    return " ".join(visible(text).split())[:LONGEST_DESCRIPTION] if isinstance(text, str) else ""


@lru_cache(maxsize=256)
def _request(name: str, description: str, schema: str) -> type[Value]:
    """One type for one schema, since checks of plans keep what they know of a type."""
    stated = json.loads(schema)
    strange = set(stated) - _OBJECT
    if strange or stated.get("type") != "object" or stated.get("additionalProperties", False) is not False:
        raise BadRequest(f"its schema is no plain object{_naming(strange)}")
    properties, required = stated.get("properties", {}), stated.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list) or len(properties) > MOST_FIELDS:
        raise BadRequest(f"its schema has no list of at most {MOST_FIELDS} arguments")
    fields: dict[str, Any] = {}
    for field, part in properties.items():
        _fit_to_name(field)
        annotation, bounds = _typed(field, part)
        default: Any = ... if field in required else None
        text = shown(part.get("description")) or None
        fields[field] = (annotation, Field(default, description=text, **bounds))
    made: type[Value] = create_model(f"Request_{name}", __base__=Value, __doc__=shown(description), **fields)
    return made


def _fit_to_name(field: str) -> None:
    plain = field.isidentifier() and field.isascii() and not keyword.iskeyword(field) and len(field) <= 40
    if not plain or field in RESERVED or field.startswith(("_", "model_")) or hasattr(Value, field):
        raise BadRequest(f"argument {field[:60]!r} has a name that is not lent")


def _typed(field: str, part: Any) -> tuple[Any, dict[str, Any]]:
    """The type of an argument and its bounds; one that may be null can be left out instead."""
    if isinstance(part, dict) and "anyOf" in part:
        options = [one for one in part["anyOf"] if one != {"type": "null"}] if isinstance(part["anyOf"], list) else []
        if len(options) != 1 or not isinstance(options[0], dict):
            raise _unread(field, ("anyOf",))
        part = {**options[0], **{name: value for name, value in part.items() if name != "anyOf"}}
    if not isinstance(part, dict):
        raise _unread(field, ())
    if part.get("type") != "array":
        return _single(field, part)
    _known(field, part, _SAID | set(_ITEMS) | {"items"})
    items = part.get("items")
    if not isinstance(items, dict):
        raise _unread(field, ("items",))
    inner, bounds = _single(field, items)
    each: Any = _bounded(inner, bounds)
    return tuple[each, ...], {"max_length": LONGEST_LIST, **_limits(field, part, _ITEMS)}


def _single(field: str, part: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """A text, a number, a truth value, or one of some of them."""
    if "enum" in part:
        _known(field, part, _SAID | {"enum"})
        options = part["enum"]
        if not isinstance(options, list) or not 0 < len(options) <= MOST_OPTIONS:
            raise _unread(field, ("enum",))
        if not all(isinstance(one, str | bool | int) and one == shown_option(one) for one in options):
            raise _unread(field, ("enum",))
        return Literal[tuple(options)], {}
    kind = part.get("type")
    plain = _PLAIN.get(kind) if isinstance(kind, str) else None
    if plain is None:
        raise _unread(field, ("type",))
    if plain is str:
        _known(field, part, _SAID | set(_LENGTHS))
        given = _limits(field, part, _LENGTHS)
        return str, {**given, "max_length": min(LONGEST_TEXT, given.get("max_length", LONGEST_TEXT))}
    _known(field, part, _SAID | set(_BOUNDS) if plain is not bool else _SAID)
    return plain, _limits(field, part, _BOUNDS)


def shown_option(option: str | int) -> str | int:
    """An option of ours reads as it is."""
    return shown(option) if isinstance(option, str) else option


def _limits(field: str, part: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    found = {ours: part[theirs] for theirs, ours in names.items() if theirs in part}
    if not all(type(one) in (int, float) for one in found.values()):
        raise _unread(field, tuple(names))
    return found


def _bounded(kind: Any, bounds: Mapping[str, Any]) -> Any:
    return Annotated[kind, Field(**bounds)] if bounds else kind


def _known(field: str, part: Mapping[str, Any], names: Iterable[str]) -> None:
    if strange := set(part) - set(names):
        raise _unread(field, strange)


def _unread(field: str, what: Iterable[str]) -> BadRequest:
    return BadRequest(f"argument {field[:60]!r} is of a kind that is not lent{_naming(what)}")


def _naming(what: Iterable[str]) -> str:
    names = ", ".join(sorted(one[:40] for one in what))
    return f" ({names})" if names else ""
