"""The server's side of the envelope: a request's JSON to a frame of texts, as tolerant as the clients in use need.

Tolerated: columns in any order, an absent cell as null or "", `index` left out, `params` absent, null, empty or a bare
string, truth values in `params` as "true" or "True". Anything else is BadRequest with the path, the expected and the
actual, never the content.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from readingroom.errors import BadRequest
from readingroom.tools.contracts.base64_text import from_base64
from readingroom.tools.contracts.expect import kind_of
from readingroom.tools.contracts.strict_json import NotStrict, parse_strict

Cells = dict[str, str | None]
_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True)
class Frame:
    """One request."""

    columns: tuple[str, ...]
    """As sent."""
    rows: tuple[Cells, ...]
    """Column to text (of an image: its base64), None where the cell is absent; in the order of the answers."""
    params: dict[str, Any]


def read_envelope(body: bytes, *, known: frozenset[str], most_rows: int) -> Frame:
    """The frame of a request with columns out of `known`. Raises BadRequest."""
    try:
        told = parse_strict(body)
    except NotStrict as error:
        raise BadRequest(str(error), where="the body", do="Send JSON.") from error
    if not isinstance(told, dict):
        raise _bad("the body", "an object", told)
    asked = told.get("input_data")
    if not isinstance(asked, dict):
        raise _bad("input_data", "an object", asked)
    columns = _columns(asked.get("columns"), known)
    data = asked.get("data")
    if not isinstance(data, list):
        raise _bad("input_data.data", "a list of rows", data)
    if len(data) > most_rows:
        raise _bad("input_data.data", f"at most {most_rows} rows", data)
    _check_index(asked.get("index"), len(data))
    rows = tuple(_cells(row, columns, f"input_data.data[{place}]") for place, row in enumerate(data))
    return Frame(columns, rows, _params(told.get("params")))


def image_bytes(cell: str) -> bytes:
    """The file in a cell, from plain base64 or lines of 76 characters. Raises BadRequest for anything else."""
    try:
        content = from_base64(cell)
    except ValueError as error:
        raise BadRequest(str(error), where="image", do="Send the file's bytes in base64.") from error
    if not content:
        raise BadRequest("it is empty", where="image", do="Send the file's bytes in base64.")
    return content


def _bad(path: str, expected: str, came: object) -> BadRequest:
    return BadRequest(f"expected {expected}, but {kind_of(came)} came", where=path)


def _columns(value: Any, known: frozenset[str]) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise _bad("input_data.columns", "a list of names", value)
    for place, name in enumerate(value):
        path = f"input_data.columns[{place}]"
        if not isinstance(name, str):
            raise _bad(path, "a name", name)
        if name not in known:
            raise BadRequest(f"expected one of {', '.join(sorted(known))}, but another name came", where=path)
        if name in value[:place]:
            raise BadRequest(f"{name} came before", where=path, do="Name each column once.")
    return tuple(value)


def _check_index(value: Any, rows: int) -> None:
    if value is None:
        return
    if not isinstance(value, list) or len(value) != rows:
        raise _bad("input_data.index", f"a list of {rows}, one a row", value)
    odd = next((place for place, entry in enumerate(value) if type(entry) is not int), None)
    if odd is not None:
        raise _bad(f"input_data.index[{odd}]", "a whole number", value[odd])


def _cells(row: Any, columns: tuple[str, ...], path: str) -> Cells:
    if not isinstance(row, list) or len(row) != len(columns):
        raise _bad(path, f"a list of {len(columns)}, one a column", row)
    for place, cell in enumerate(row):
        if cell is not None and not isinstance(cell, str):
            raise _bad(f"{path}[{place}]", "a text or null", cell)
    return {name: cell or None for name, cell in zip(columns, row, strict=True)}


def _params(value: Any) -> dict[str, Any]:
    if value is None or isinstance(value, str):
        return {}
    if not isinstance(value, dict):
        raise _bad("params", "an object", value)
    return {name: _TRUTH.get(told.lower(), told) if isinstance(told, str) else told for name, told in value.items()}
