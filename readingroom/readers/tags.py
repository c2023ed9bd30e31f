"""HTML cut into text and tags in one pass, in time that grows with its length alone, whatever it holds.

Python's own html.parser takes time that grows with the square of the length on unclosed tags and comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

TAG = re.compile(r"<(/?)([a-zA-Z][\w:-]*+)((?:[^'\"<>]++|\"[^\"]*+\"|'[^']*+')*+)>")
"""Possessive throughout: a tag that does not close is given up at the next "<" and never tried again."""
RAW = {name: re.compile(rf"</{name}\b", re.IGNORECASE) for name in ("script", "style", "title", "textarea")}
"""Elements whose content holds no tags."""


class Token(NamedTuple):
    """A stretch of text (`name` empty), or a tag."""

    text: str = ""
    name: str = ""
    closes: bool = False
    attributes: str = ""
    """As written."""


def tokens(html: str) -> Iterator[Token]:
    """Text comes with its character references resolved; comments, declarations and instructions are left out."""
    at = 0
    while at < len(html):
        mark = html.find("<", at)
        if mark < 0:
            yield Token(unescape(html[at:]))
            return
        if mark > at:
            yield Token(unescape(html[at:mark]))
        if html.startswith(("<!", "<?"), mark):
            comment = html.startswith("<!--", mark)
            end = html.find("-->" if comment else ">", mark)
            if end < 0:
                return
            at = end + (3 if comment else 1)
        elif tag := TAG.match(html, mark):
            name = tag[2].lower()
            yield Token(name=name, closes=bool(tag[1]), attributes=tag[3])
            at = tag.end()
            if name in RAW and not tag[1]:
                closing = RAW[name].search(html, at)
                at = closing.start() if closing else len(html)
        else:
            yield Token("<")
            at = mark + 1
