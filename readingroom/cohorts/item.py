"""One item of a cohort, and what became of it: plain data, so that any process or machine can carry it out."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from readingroom.domain.value import Value, digest_of

Status = Literal["done", "partial", "failed"]
"""done: carried out. partial: a report came about without all of its tools. failed: nothing came of it."""
State = Literal["waiting", "recheck", "done", "partial", "failed"]
"""As the journal has it. recheck: a file was touched since; the result holds where its contents are the same."""


class Item(Value):
    """What is to be done once."""

    id: str
    paths: tuple[str, ...]
    """Absolute; they may name patients and are kept in the cohort's own folder alone."""
    prior: tuple[str, ...] = ()
    lateral: tuple[str, ...] = ()
    subject: str = ""
    """Pseudonym by the manifest, for files that name no patient."""
    study: str = ""
    """Pseudonym of the study."""
    words: dict[str, Any] = Field(default_factory=dict)
    """Fields of Request by the manifest, before those of the command."""
    about: dict[str, str] = Field(default_factory=dict)
    """Other allowed columns: label, dataset, split ..."""
    error: str = ""
    """Why the listing could not read it."""
    size: int = 0
    """Bytes of its files."""
    stamp: str = ""
    """Of names, sizes and times of its files: where it is the same, the files need not be read to be known."""

    @property
    def asked(self) -> str:
        """Digest of all that was asked, contents aside."""
        return digest_of([list(self.paths), list(self.prior), list(self.lateral), self.subject, self.words, self.about])


class Held(Value):
    """An item with what is known of it from before."""

    item: Item
    key: str = ""
    """Of the result that is there and may hold yet."""
    run: str = ""
    """A run that was begun and not ended."""


class Vector(Value):
    """One row for an index."""

    id: str
    """SHA-256 of the image."""
    metadata: dict[str, Any]
    numbers: str
    """Little-endian float32 of length 1, in hexadecimal."""
    model: str
    version: str
    preprocessing_id: str


class Cost(Value):
    """What it took; in no table that is compared."""

    run: str = ""
    seconds: float = 0.0
    """From the begin of reading to the result."""
    calls: int = 0
    """Of tools and models that were not answered from the record."""
    call_seconds: dict[str, float] = Field(default_factory=dict)
    """By tool, in sum."""
    calls_of: dict[str, int] = Field(default_factory=dict)
    """By tool."""
    tokens: int = 0
    cost: float | None = None
    """In the currency of the price table."""


class Outcome(Value):
    """What became of an item."""

    id: str
    status: Status
    reason: str = ""
    error: str = ""
    """The kind of error, by its class: BadFile, Unavailable ..."""
    key: str = ""
    """SHA-256 of contents, workflow, words and conditions: what the result is a function of."""
    same: bool = False
    """The files were touched and hold what they held: the result that is there stays."""
    row: dict[str, Any] = Field(default_factory=dict)
    """Columns of `items`, as tables.py types them."""
    findings: tuple[dict[str, Any], ...] = ()
    """Rows of `findings`."""
    vectors: tuple[Vector, ...] = ()
    cost: Cost = Cost()
