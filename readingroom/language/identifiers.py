"""What in a text could say who the patient is, and the text without it."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from readingroom.domain.name_marks import WORD, name_mark
from readingroom.language.lexicon import lexicon

IDENTIFIER = re.compile(
    r"\b(?:mrn|medical record (?:number|no)|patient id|accession (?:number|no)|ssn|social security|nhs number|"
    r"hospital number)\b\W{0,3}(?:is\W{0,2})?[\w-]*\d[\w-]*|"
    r"\b(?:dob|d\.o\.b\.?|date of birth|born(?: on)?)\b\W{0,3}\d|\b\d{3}-\d{2}-\d{4}\b|"
    r"\b[\w.+-]+@[\w-]+\.[a-z]{2,}\b|\b(?:patient(?:'s)? name|name)\s*:\s*[A-Z][a-z]+|"
    r"\b(?:tel|phone|mobile)\W{0,3}\+?\d[\d\s()-]{6,}",
    re.IGNORECASE,
)
"""Identifiers that announce themselves; no report may hold one (rule R17)."""

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_NAME = r"[A-Z][\w'’-]+"
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("[name]", re.compile(rf"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof)\.?\s+{_NAME}(?:\s+{_NAME})?")),
    ("[name]", re.compile(
        rf"\b(?i:patient|name|referred by|referrer|physician|attending)\s*[:=]\s*{_NAME}(?:[ ,^]+{_NAME})*")),
    ("[name]", re.compile(r"\b[A-Z][\w'’-]+\^[\w'’^-]+")),
    ("[date]", re.compile(
        rf"\b(?:\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.](?:\d{{4}}|\d{{2}})|"
        rf"\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH},?\s+\d{{4}}|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}|(?:19|20)\d{{6}})\b",
        re.IGNORECASE)),
    ("[identifier]", re.compile(IDENTIFIER.pattern + r"(?:[\w/.-]*)", re.IGNORECASE)),
    ("[number]", re.compile(r"\b[A-Za-z]{0,4}\d{5,}[\w-]*\b|\+?\d[\d ()-]{8,}\d")),
)  # fmt: skip
"""Names with a title or a label, DICOM person names, dates to the day, what IDENTIFIER finds, and long numbers."""


class Scrubbed(NamedTuple):
    """A text without what was found, and how much was found."""

    text: str
    found: int


def without_names(text: str, marks: Collection[str], key: bytes) -> Scrubbed:
    """A text without the patient's own name and numbers, which `marks` know; all else stays as it was written."""
    found = 0
    ordinary = lexicon().phrases if marks else {}

    def known(match: re.Match[str]) -> str:
        nonlocal found
        word = match.group()
        if word.casefold() in ordinary or name_mark(word, key) not in marks:
            return word
        found += 1
        return "[name]"

    return Scrubbed(WORD.sub(known, text) if marks else text, found)


def without_identifiers(text: str, marks: Collection[str] = (), key: bytes = b"") -> Scrubbed:
    """A text as it may leave this machine: dates, numbers, names and identifiers replaced by what they are.

    `marks` are the patient's own name and numbers as `name_marks` gave them with the same `key`. A name that stands
    alone, without a title, a label or a mark, is not known for one: a text is best given without names. A mark that is
    also a word of the lexicon ("chest", "stone") stays: it tells nobody who the patient is.
    """
    clean, found = without_names(text, marks, key)
    for word, pattern in _PATTERNS:
        clean, times = pattern.subn(word, clean)
        found += times
    return Scrubbed(clean, found)
