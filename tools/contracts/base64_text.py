"""Base64 as it is on the wire: plain, or with a newline after every 76 characters; nothing else."""

from __future__ import annotations

import pybase64

LINE = 76
"""Characters a line in the second flavour (RFC 2045; Python's encodebytes)."""


def from_base64(text: str) -> bytes:
    """The bytes. Raises ValueError, without content, for another alphabet, odd padding or lines of other length."""
    if "\n" in text:
        lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
        if any(len(line) != LINE for line in lines[:-1]) or not 0 < len(lines[-1]) <= LINE:
            raise ValueError(f"its lines are not of {LINE} characters")
        text = "".join(lines)
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError as error:
        raise ValueError("it is not base64") from error


def to_base64(content: bytes) -> str:
    """Plain, without line breaks."""
    return pybase64.b64encode(content).decode("ascii")
