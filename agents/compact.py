"""What a tool found, in as few words as a model needs: ids of evidence and fields, never pixels, vectors or masks."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from readingroom.domain.evidence import Evidence
from readingroom.tools.borrowed.lending import BorrowedResult
from readingroom.tools.tool import Result

LONGEST = 6_000
"""Characters of one answer."""
_LONGEST_TEXT = 240
_LONGEST_LIST = 40

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PACKED = re.compile(r"[A-Za-z0-9+/=_-]{80,}")
"""Base64 and the like: no word of a report is so long."""


def compact(result: Result, step: str = "", longest: int = LONGEST) -> str:
    """JSON of at most `longest` characters: the step, the result's own fields, and one line an evidence.

    Where it is too long, evidence is left out from the end and `left_out` says how many.
    """
    if isinstance(result, BorrowedResult):
        return _borrowed(result, step, longest)
    own = {name: getattr(result, name) for name in _own_fields(type(result))}
    fields = {name: value for name, value in _plain(_dumped(own)).items() if value not in (None, [], "")}
    lines = [evidence_line(item) for item in result.evidence]
    for kept in range(len(lines), -1, -1):
        body = {"step": step, **fields, **({"evidence": lines[:kept]} if lines else {})}
        if kept < len(lines):
            body["left_out"] = len(lines) - kept
        text = _ENCODE(body)
        if len(text) <= longest:
            return text
    return _ENCODE({"step": step, "fields": sorted(fields), "left_out": len(lines)})


def _borrowed(result: BorrowedResult, step: str, longest: int) -> str:
    """Words from outside, which JSON makes at most twice as long."""
    said = _cut(result.said.text, max(0, longest - 300) // 2)
    return _ENCODE({"step": step, "server": result.server, "tool": result.tool, "says, which is no evidence": said})


@cache
def _own_fields(kind: type[Result]) -> tuple[str, ...]:
    return tuple(name for name in kind.model_fields if name != "evidence")


def evidence_line(item: Evidence) -> dict[str, Any]:
    """One evidence as a model may know it: what it says and how sure, not where its pixels are."""
    line: dict[str, Any] = {
        "id": item.id,
        "observation": item.observation,
        "presence": item.presence,
        "summary": _cut(item.summary),
        "image": item.image_id,
    }
    if item.laterality not in ("unspecified", "not_applicable"):
        line["side"] = item.laterality
    for name in ("zone", "severity", "certainty", "change", "quality_reason", "quote"):
        if value := getattr(item, name):
            line[name] = _cut(value)
    if item.measurements:
        line["measured"] = [f"{one.title} {one.text}" + (f" (sd {one.spread})" if one.spread else "")
                            for one in item.measurements[:_LONGEST_LIST]]  # fmt: skip
    if item.score is not None and item.score_kind != "quality":
        line["score"] = f"{item.score:.3g} {item.score_kind}" + ("" if item.calibrated else ", not calibrated")
    if item.quality is not None:
        line["quality"] = round(item.quality, 2)
    if item.trust != "tool":
        line["trust"] = item.trust
    return line


def error_text(kind: str, what: str, step: str = "", do: str = "") -> str:
    """A short typed error, as a model is told it."""
    body = {"step": step, "error": kind, "what": _cut(what), "do": _cut(do, 600)}
    return _ENCODE({name: value for name, value in body.items() if value})


def _dumped(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: _json(value) for name, value in fields.items()}


def _json(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, list | tuple):
        return [_json(one) for one in value]
    return value


def _plain(value: Any) -> Any:
    """Without digests, packed bytes and long rows of numbers, which stand for pixels, masks and vectors."""
    if isinstance(value, dict):
        found = {name: _plain(one) for name, one in value.items() if not _is_bulk(one)}
        return {name: one for name, one in found.items() if one not in (None, "", [])}
    if isinstance(value, list):
        kept = [_plain(one) for one in value if not _is_bulk(one)]
        return kept if len(kept) <= _LONGEST_LIST else [*kept[:_LONGEST_LIST], f"{len(kept) - _LONGEST_LIST} more"]
    return _cut(value) if isinstance(value, str) else value


def _is_bulk(value: Any) -> bool:
    if isinstance(value, bytes | bytearray):
        return True
    if isinstance(value, str):
        return bool(_DIGEST.fullmatch(value) or _PACKED.search(value))
    return isinstance(value, list) and len(value) > 8 and all(isinstance(one, int | float | list) for one in value)


def _cut(text: str, longest: int = _LONGEST_TEXT) -> str:
    return text if len(text) <= longest else f"{text[: longest - 2]} …"
