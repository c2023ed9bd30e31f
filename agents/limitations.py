"""What a report does not cover, told by the machine from what happened, never by a writer's choice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from readingroom.agents.idiom import ENGLISH, Idiom, idiom_of
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
    "wrote_english": "partial",
    "judge_silent": "tool_failed",
    "struck": "partial",
    "panel_differs": "partial",
    "panel_thin": "tool_failed",
    "looked_in_part": "partial",
    "planned_in_part": "partial",
    "consulted_instead": "tool_failed",
    "not_lent": "not_served",
    "no_category": "not_assessed",
}
"""Which code of the schema each sentence of the file carries."""


_LANGUAGE: ContextVar[str] = ContextVar("language of the report", default=ENGLISH)

WORDS = frozenset({"target", "image", "concepts", "kind", "part", "model"})
"""What is given as a few words of the machine's own: in another language as its idiom has them, else as they are."""

REASONS = frozenset({"reason", "note", "caveat", "description", "missing", "positions", "evidence", "name", "side"})
"""What is given as English clauses: where the idiom does not have them they are marked as English."""


@contextmanager
def limits_in(language: str) -> Iterator[None]:
    """Within it, limitations are told in this language. Raises BadRequest for a language that has no file."""
    token = _LANGUAGE.set(idiom_of(language).language)
    try:
        yield
    finally:
        _LANGUAGE.reset(token)


@cache
def _sentences() -> dict[str, str]:
    found: dict[str, str] = load_words(read_words(FILE), FILE)
    return found


def limitation(name: str, /, **names: Any) -> Limitation:
    """One limitation by its name in prompts/limitations.yaml, in the language of `limits_in`."""
    idiom = idiom_of(_LANGUAGE.get())
    source, where = _sentences()[name], FILE
    if name in idiom.limitations:
        source, where = idiom.limitations[name], f"idioms/{idiom.language}.yaml"
        names = {key: _worded(key, value, idiom) for key, value in names.items()}
    text = render(source, f"{where}, {name}", **names).rstrip(".;") + "."
    text = text[:1].upper() + text[1:]
    if idiom.language != ENGLISH and name not in idiom.limitations:
        text = idiom.phrase(text)
    return Limitation.model_validate({"code": CODES[name], "text": text})


def _worded(key: str, value: Any, idiom: Idiom) -> Any:
    if isinstance(value, list | tuple):
        return [_worded(key, one, idiom) for one in value]
    if not isinstance(value, str) or key not in WORDS | REASONS:
        return value
    bare = value.strip()
    known = next((word for word in (idiom.word(bare), idiom.word(bare.removeprefix("the "))) if word), None)
    if known is not None:
        return known
    return idiom.phrase(bare) if key in REASONS else bare
