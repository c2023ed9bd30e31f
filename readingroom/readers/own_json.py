"""A report of ours as JSON, read for its words alone: what a prior report is taken for."""

from __future__ import annotations

from typing import Any

from readingroom.errors import BadFile
from readingroom.readers.outline import heading, joined, literal


def report_text(data: dict[str, Any], *, where: str) -> str:
    """The sections that say something, of any version of the schema. Raises BadFile where it is no report of ours."""
    if not isinstance(data.get("schema_version"), str) or not isinstance(data.get("findings"), list):
        do = "Give a report of ours or a FHIR DiagnosticReport."
        raise BadFile("is JSON, but not a report that is known here", where=where, do=do)
    blocks: list[str] = []
    for name in ("indication", "technique", "comparison"):
        blocks += _section(name, [data.get(name)])
    for name in ("findings", "impression"):
        told = data.get(name)
        told = told if isinstance(told, list) else []
        blocks += _section(name, [each.get("text") for each in told if isinstance(each, dict)])
    return joined(blocks)


def _section(name: str, texts: list[Any]) -> list[str]:
    said = [literal(text) for text in texts if isinstance(text, str) and text.strip()]
    return [heading(name.capitalize()), *said] if said else []
