"""Words of a command or a table as values of metadata: one rule for what is stored and what is asked for."""

from __future__ import annotations

import math

from readingroom.index.entry import Scalar

LONGEST = 200
"""Characters of one value: metadata is for filters, not for reports."""


def scalar(text: str) -> Scalar:
    """A number where the text is just that number, true or false as such, else the text, at most `LONGEST` of it.

    "007" stays a text, for it is not how the number 7 is written.
    """
    clean = " ".join(text.split())
    if clean in ("true", "false"):
        return clean == "true"
    for kind in (int, float):
        try:
            number = kind(clean)
        except ValueError:
            continue
        if math.isfinite(number) and clean in (str(number), f"{number:g}"):
            return number
    return clean[:LONGEST]


def texts(value: Scalar | list[str] | None) -> list[str]:
    """Every value of a metadata field as text; none where it is not there."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [str(value)]
