"""The text that every reader writes: headings and paragraphs that cannot be taken for one another."""

from __future__ import annotations

import re
from collections.abc import Iterable

LEADING = re.compile(r"^(\s*)([#|>`~]|<!--|!\[)", re.MULTILINE)
"""What `read_report` would take for a title, a table, a quotation or a fence at the start of a line."""


def heading(text: str) -> str:
    """A Markdown heading of one line."""
    return f"## {' '.join(text.split())}"


def literal(text: str) -> str:
    """Words as they are: a line of theirs stays a sentence, whatever sign it begins with."""
    return LEADING.sub(r"\1\\\2", text)


def joined(blocks: Iterable[str]) -> str:
    """Blocks with a blank line between them; empty ones are left out."""
    return "\n\n".join(block for block in blocks if block.strip()) + "\n"
