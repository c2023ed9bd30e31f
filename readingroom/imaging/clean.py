"""Header text is data from outside: cut short, with nothing that a terminal or a reader's eye could be fooled by."""

from __future__ import annotations

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories of controls, bidirectional overrides, surrogates, private and line breaks."""


def clean_text(text: str, limit: int = 64) -> str:
    """One line of at most `limit` printable characters; controls and bidirectional marks become spaces."""
    head = text[: 4 * limit]
    shown = "".join(" " if unicodedata.category(char) in _HIDDEN else char for char in head)
    line = " ".join(shown.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def without_words(text: str, words: frozenset[str]) -> str:
    """`text` less every word that stands in `words` (lower case): names and numbers that identify a patient."""
    separators = str.maketrans(dict.fromkeys("^_,;:/\\=()[]", " "))
    kept = [part for part in text.split() if not set(part.translate(separators).lower().split()) & words]
    return " ".join(kept)
