"""How many CLIP tokens a text takes: MedImageInsight reads 77, start and end included, and drops the rest silently.

Exact counts need CLIP's vocabulary (1.3 MB), which is not shipped; two bounds hold without it. The tokenizer cuts a
text into words, digits and runs of signs (openai/CLIP, simple_tokenizer.py) and each of those into one token or more,
at most one for each UTF-8 byte. Before that it mends broken Unicode and HTML entities, which can join what looks apart:
a word that could be mended counts as nothing towards the fewest.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass

LIMIT = 77
_ENDS = 2
"""The start and end tokens."""
_PIECE = re.compile(
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[a-z]+|[0-9]|[^\sa-z0-9]+", re.IGNORECASE | re.ASCII
)
_PLAIN = re.compile(r"[!-%'-~]+|&")
"""Printable ASCII that no mending changes: without an ampersand that could open an entity."""


@dataclass(frozen=True)
class TokenCount:
    """Bounds that hold for every text, start and end tokens included."""

    least: int
    most: int

    @property
    def surely_over(self) -> bool:
        """Something is cut off."""
        return self.least > LIMIT

    @property
    def may_be_over(self) -> bool:
        """Something may be cut off."""
        return self.most > LIMIT


def count_tokens(text: str) -> TokenCount:
    """The fewest and the most tokens that `text` can take."""
    least = sum(len(_PIECE.findall(word)) for word in re.split(r"[ \t\n\r\f\v]+", text) if _PLAIN.fullmatch(word))
    mended = unicodedata.normalize("NFC", html.unescape(html.unescape(text)))
    most = max(_size(version) for version in (text, text.lower(), mended, mended.lower()))
    return TokenCount(least + _ENDS, max(least, most) + _ENDS)


def over_limit(text: str) -> str:
    """A sentence to print where the model may not read the whole text; empty where it surely does."""
    count = count_tokens(text)
    if count.surely_over:
        return (
            f"This text takes at least {count.least} tokens; the model reads {LIMIT} and silently drops the rest. "
            "Shorten it."
        )
    if count.may_be_over:
        return (
            f"This text takes {count.least} to {count.most} tokens; the model reads {LIMIT} and silently drops any "
            "beyond. Shorten it to be sure."
        )
    return ""


def _size(text: str) -> int:
    """Bytes outside white space; half of a surrogate pair is counted as the sign that replaces it."""
    return sum(len(word.encode("utf-8", "surrogatepass")) for word in text.split())
