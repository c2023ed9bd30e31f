"""What a report does not cover, told by the machine from what happened, never by a writer's choice."""

from __future__ import annotations

from functools import cache
from typing import Any

from readingroom.domain.finding import Limitation
from readingroom.prompts.words import load_words, read_words, render

FILE = "limitations.yaml"

CODES = {
    "research_only": "research_only",
    "baseline": "baseline",
    "not_assessed": "not_assessed",
    "low_quality": "low_quality",
    "no_prior": "no_prior",
    "no_spacing": "no_spacing",
    "detector_spacing": "no_spacing",
    "side_unknown": "side_unknown",
    "side_convention": "side_unknown",
    "not_calibrated": "not_calibrated",
    "lateral": "view",
    "view": "view",
    "series": "series",
    "tool_failed": "tool_failed",
    "gate": "low_quality",
    "guessed": "view",
    "caveat": "baseline",
    "answered": "baseline",
    "left_out": "tool_failed",
    "planned_instead": "tool_failed",
    "not_outlined": "not_served",
    "absent": "low_quality",
    "unread": "not_assessed",
    "unspoken": "not_assessed",
    "descriptive": "not_served",
    "sentences_left_out": "partial",
    "writer_failed": "tool_failed",
    "panel_differs": "partial",
    "panel_thin": "tool_failed",
    "looked_in_part": "partial",
    "planned_in_part": "partial",
    "consulted_instead": "tool_failed",
}
"""Which code of the schema each sentence of the file carries."""


@cache
def _sentences() -> dict[str, str]:
    found: dict[str, str] = load_words(read_words(FILE), FILE)
    return found


def limitation(name: str, /, **names: Any) -> Limitation:
    """One limitation by its name in prompts/limitations.yaml."""
    text = render(_sentences()[name], f"{FILE}, {name}", **names).rstrip(".;") + "."
    text = text[:1].upper() + text[1:]
    return Limitation.model_validate({"code": CODES[name], "text": text})
