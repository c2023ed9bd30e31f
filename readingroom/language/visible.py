"""Text without the characters that a reader does not see and a model or a terminal does."""

from __future__ import annotations

import re

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e0fff]"
)
"""Control, zero-width, direction and tag characters; line feeds and tabs stay."""


def visible(text: str) -> str:
    """What of a text from outside can be seen, with line feeds for line ends."""
    return _UNSEEN.sub("", text.replace("\r\n", "\n"))
