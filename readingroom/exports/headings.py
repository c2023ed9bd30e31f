"""The headings and fixed words of printed reports by language: one file of prompts/headings each."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from readingroom.domain.report import Report
from readingroom.domain.value import Value
from readingroom.prompts.words import load_words, read_words


class Headings(Value):
    """What stands around the sentences of a report."""

    language: str
    sections: dict[str, str]
    """Headings by section: indication ... provenance."""
    subject: str
    left_out: str
    statuses: dict[str, str]
    verdicts: dict[str, str]
    """By verdict, and "omitted"."""
    meanings: dict[str, str]
    """What each verdict means, in one clause."""
    nothing: dict[str, str]
    """What stands where there is no sentence: findings, impression, and the impression of a draft without findings."""
    not_verified: str
    not_clean: str
    faults: dict[str, tuple[str, str]]
    """For one and for several: contradicted, unsupported, omitted, unchecked."""
    coverage: str


@cache
def _table(language: str) -> Headings:
    name = f"headings/{language}.yaml"
    data: Any = load_words(read_words(name), name)
    return Headings(**data)


@cache
def languages() -> tuple[str, ...]:
    """Every language that has headings."""
    folder = files("readingroom.prompts").joinpath("headings")
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def headings(language: str) -> Headings:
    """Of a report's language; English where there is no table, since an export must not fail for a word."""
    return _table(language if language in languages() else "en")


def headings_of(report: Report) -> Headings:
    """Of a report."""
    return headings(report.language)
