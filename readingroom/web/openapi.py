"""The API as an OpenAPI 3.1 document, made from the table that the routes are made from."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from readingroom import __version__
from readingroom.web.answers import ErrorView
from readingroom.web.operations import FORM, OPERATIONS, Operation

PARAMETER = re.compile(r"\{(\w+)\}")
WHOLE = frozenset({"plane", "after", "limit", "version"})
"""Parameters that are whole numbers."""
OWN_HEADER = {"name": "X-Readingroom", "in": "header", "required": True, "schema": {"const": "1"}}
UPLOAD = {
    "type": "object",
    "properties": {
        "current": {"type": "array", "items": {"type": "string", "format": "binary"}},
        "prior": {"type": "array", "items": {"type": "string", "format": "binary"}},
        "lateral": {"type": "array", "items": {"type": "string", "format": "binary"}},
        "deidentify": {"enum": ["0", "1"]},
    },
}
ABOUT = (
    "The reading room's own page uses nothing else. Enter with GET /enter?token=..., the link that `readingroom serve` "
    "prints, which gives a cookie; send X-Readingroom: 1 with whatever is no GET. Research use only."
)


@cache
def document() -> dict[str, Any]:
    """The whole document; the schemas are those of the types that are answered."""
    refs, schemas = _schemas()
    paths: dict[str, Any] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Reading Room", "version": __version__, "description": ABOUT},
        "servers": [{"url": "/api/v1"}],
        "security": [{"session": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": "readingroom_<port>"}},
        },
    }


def _schemas() -> tuple[dict[tuple[str, str], Any], dict[str, Any]]:
    """A reference for the body and the answer of each operation, and what they refer to."""
    wanted: list[tuple[tuple[str, str], JsonSchemaMode, TypeAdapter[Any]]] = [
        (("error", ""), "serialization", TypeAdapter(ErrorView))
    ]
    for one in OPERATIONS:
        if _is_type(one.gives):
            wanted.append(((one.name, "gives"), "serialization", TypeAdapter(one.gives)))
        if _is_type(one.takes):
            wanted.append(((one.name, "takes"), "validation", TypeAdapter(one.takes)))
    found, told = TypeAdapter.json_schemas(wanted, ref_template="#/components/schemas/{model}")
    return {key: found[key, mode] for key, mode, _ in wanted}, told["$defs"]


def _is_type(given: Any) -> bool:
    return given is not None and not isinstance(given, str)


def _operation(one: Operation, refs: dict[tuple[str, str], Any]) -> dict[str, Any]:
    error = {"description": "What was wrong", "content": _json(refs["error", ""])}
    told: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        "parameters": _parameters(one),
        "responses": {str(one.status): _answer(one, refs), "4XX": error, "5XX": error},
    }
    if one.takes == FORM:
        told["requestBody"] = {"required": True, "content": {FORM: {"schema": UPLOAD}}}
    elif one.takes is not None:
        told["requestBody"] = {"required": True, "content": _json(refs[one.name, "takes"])}
    return told


def _answer(one: Operation, refs: dict[tuple[str, str], Any]) -> dict[str, Any]:
    if one.gives is None:
        return {"description": "Done"}
    if isinstance(one.gives, str):
        return {"description": one.summary, "content": {one.gives: {}}}
    return {"description": one.summary, "content": _json(refs[one.name, "gives"])}


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _parameters(one: Operation) -> list[dict[str, Any]]:
    found = [_parameter(name, "path", True) for name in PARAMETER.findall(one.path)]
    found += [_parameter(name.rstrip("*"), "query", name.endswith("*")) for name in one.query]
    return found if one.method == "GET" else [*found, OWN_HEADER]


def _parameter(name: str, where: str, required: bool) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 0} if name in WHOLE else {"type": "string"}
    return {"name": name, "in": where, "required": required, "schema": schema}
