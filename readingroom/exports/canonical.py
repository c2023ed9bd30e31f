"""JSON, the truth of a report: written the same way every time, read back with one-line errors, and its schema."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError

from readingroom.domain.report import SCHEMA_VERSION, Report
from readingroom.domain.value import canonical_json
from readingroom.errors import BadFile
from readingroom.exports.migration import migrated

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SHOWN = 120
"""Characters of a bad value that an error repeats."""
GIVE = "Give report.json as it was written."


def to_json(report: Report) -> str:
    """The canonical JSON with line breaks: keys sorted, two spaces, UTF-8, one newline at the end."""
    return _pretty(json.loads(canonical_json(report)))


def from_json(text: str, *, where: str = "report") -> Report:
    """Read a report back. `where` names the file in errors. Raises BadFile: not JSON, a newer schema, a bad field."""
    data = _parsed(text, where)
    if isinstance(data, dict):
        data = migrated(data)
    if not isinstance(data, dict) or "schema_version" not in data:
        raise BadFile("is JSON, but not a report (no schema_version)", where=where, do=GIVE)
    version = data["schema_version"]
    if version != SCHEMA_VERSION:
        raise BadFile(
            f"is a report of schema {_short(version)}; this version reads {SCHEMA_VERSION!r}",
            where=where,
            do="Update readingroom." if _newer(version) else "Draft it anew.",
        )
    try:
        return Report.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        what = f"{_path(first['loc'])}: {first['msg']}{more}"
        raise BadFile(_printable(what), where=where, do=GIVE) from None


def json_schema() -> str:
    """The JSON Schema of a report, as committed in docs/report.schema.json."""
    schema = Report.model_json_schema(mode="serialization")
    return _pretty({"$schema": DIALECT, **schema})


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        what = f"not JSON at line {error.lineno}, column {error.colno}: {error.msg}"
        raise BadFile(what, where=where, do=GIVE) from None
    except RecursionError:
        raise BadFile("not a report: nested too deeply", where=where, do=GIVE) from None
    except ValueError as error:
        what = f"not JSON that a report may hold: {_printable(str(error))}"
        raise BadFile(what, where=where, do=GIVE) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"key {_short(key)} stands twice in one object")
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _newer(version: object) -> bool:
    try:
        major, minor = (int(part) for part in str(version).split("."))
    except ValueError:
        return False
    return (major, minor) > tuple(int(part) for part in SCHEMA_VERSION.split("."))


def _path(location: tuple[int | str, ...]) -> str:
    """ "findings[0].evidence" of ("findings", 0, "evidence")."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return path.lstrip(".") or "the report"


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= SHOWN else shown[:SHOWN] + "..."


def _printable(text: str) -> str:
    kept = "".join(sign if sign.isprintable() else " " for sign in text)
    return kept if len(kept) <= 3 * SHOWN else kept[: 3 * SHOWN] + "..."


def _pretty(data: dict[str, Any]) -> str:
    return json.dumps(data, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
