"""One entry of a run's journal, and the chain of digests that makes a change to any of them visible."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal

from readingroom.domain.value import digest_of

Kind = Literal["begun", "fact", "intent", "result", "recalled", "resumed", "ended"]
"""begun: what was asked, under which conditions. fact: something that decides the report beside tool results.
intent, result: the two ends of a call. recalled: a step answered from the record. resumed: another process goes on.
ended: how the run, or this attempt at it, came out."""

FIRST = ""
"""The digest before the first entry."""


def now() -> str:
    """The wall clock in UTC to the millisecond; for records only, never for deadlines."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Event:
    """One entry. Its content (a request, an output) is stored beside it, and its digest is part of the chain."""

    run: str
    number: int
    """1, 2, 3 ... within the run."""
    kind: Kind
    at: str
    payload: str
    """Canonical JSON."""
    content_sha256: str | None
    previous: str
    """Digest of the entry before."""
    digest: str

    @cached_property
    def said(self) -> dict[str, Any]:
        """The payload as data."""
        data: dict[str, Any] = json.loads(self.payload)
        return data

    def computed(self) -> str:
        """What the digest must be: SHA-256 of the canonical JSON of all other fields."""
        return chained(self.run, self.number, self.kind, self.at, self.payload, self.content_sha256, self.previous)


def is_digest(text: str) -> bool:
    """SHA-256 in hexadecimal."""
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def chained(*fields: str | int | None) -> str:
    """The digest of an entry from its fields in order: run, number, kind, at, payload, content, previous."""
    return digest_of(list(fields))
