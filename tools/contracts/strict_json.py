"""Strict JSON from outside: what a model server or a client sends is text until every rule here has passed.

Refused: bytes that are not UTF-8, a byte order mark, an empty body, a page instead of JSON, JSON that ends early or
goes on after its end, NaN and Infinity literals, a key twice in one object, and nesting beyond `MOST_DEPTH`.
A byte order mark is refused, though RFC 8259 lets a reader skip it: none of the published servers writes one, so it
shows that something else answered.

What it costs, measured on 60 MB bodies: 0.17 s where they are one base64 string, 1.4 s where they are floats (1.1 s of
it is the standard library's parser); the check for double keys adds under 5 % there, that of the depth 0.17 s.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from readingroom.errors import BadReply

MOST_DEPTH = 32
"""Lists and objects within each other; the deepest contract (GigaTIME under "predictions") has five."""
_CHUNK = 1 << 20
_NOT_STRUCTURE = bytes(byte for byte in range(256) if byte not in b'[]{}"')


class NotStrict(ValueError):
    """What was wrong with the text, without its content."""


def parse_reply(body: bytes) -> Any:
    """The value of an answer. Raises BadReply, which shows nothing of it: servers hand back what they were sent."""
    try:
        return parse_strict(body)
    except NotStrict as error:
        page = " (a page, not an answer)" if body.lstrip()[:1] == b"<" else ""
        raise BadReply(f"{error}{page}", where="answer", do=_DO) from error


def parse_nested(text: str, path: str) -> Any:
    """The value of JSON within a JSON string at `path` of an answer. Raises BadReply."""
    try:
        return parse_strict(text.encode())
    except (NotStrict, UnicodeEncodeError) as error:
        reason = error if isinstance(error, NotStrict) else "is not Unicode text"
        raise BadReply(f"the JSON in this string {reason}", where=path, do=_DO) from error


_DO = "Check that the endpoint serves this model."


def parse_strict(body: bytes) -> Any:
    """The value of strict JSON in UTF-8. Raises NotStrict, which says what is wrong and where, never what is in it."""
    if body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise NotStrict("starts with a byte order mark")
    if not body.strip():
        raise NotStrict("is empty")
    if _depth(body) > MOST_DEPTH:
        raise NotStrict(f"is nested deeper than {MOST_DEPTH} levels")
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise NotStrict(f"is not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        cut = error.msg.startswith("Unterminated") or not error.doc[error.pos :].strip()
        how = "ends early" if cut else "is not JSON"
        raise NotStrict(f"{how} at character {error.pos} of {len(error.doc)}") from error
    except NotStrict:
        raise
    except (ValueError, RecursionError) as error:
        raise NotStrict("holds a number of more digits than can be read") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotStrict("has the same key twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise NotStrict(f"has the literal {name}, which is not JSON")


def _depth(body: bytes) -> int:
    """How deep lists and objects are nested, from the brackets outside strings; an upper bound where there are few.

    A backslash pair and an escaped quote are taken out first, so that a quote that is left opens or closes a string.
    """
    openers = body.count(b"[") + body.count(b"{")
    if openers <= MOST_DEPTH:
        return openers
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in body else body
    brackets = b"".join(plain.translate(None, _NOT_STRUCTURE).split(b'"')[::2])
    deepest = level = 0
    for start in range(0, len(brackets), _CHUNK):
        part = np.frombuffer(brackets, np.uint8, min(_CHUNK, len(brackets) - start), start)
        steps = np.where((part == ord("[")) | (part == ord("{")), 1, -1).cumsum() + level
        deepest, level = max(deepest, int(steps.max())), int(steps[-1])
    return deepest
