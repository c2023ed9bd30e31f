"""A patient's name and numbers as marks: known again in a text, and kept nowhere."""

from __future__ import annotations

import hashlib
import hmac
import re

WORD = re.compile(r"\w*\d\w*|[^\W\d_]+(?:['’-][^\W\d_]+)*")
"""A number with what is joined to it, or a word."""


def name_mark(word: str, key: bytes) -> str:
    """HMAC-SHA256 of one word without regard to case, in hexadecimal."""
    return hmac.new(key, word.casefold().encode(errors="replace"), hashlib.sha256).hexdigest()


def name_marks(words: str, key: bytes) -> frozenset[str]:
    """The marks of every word of a name or an identifier; single letters have none."""
    return frozenset(name_mark(word, key) for word in WORD.findall(words) if len(word) > 1)
