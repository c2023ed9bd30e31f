"""Versions of an edited report, each durable before it is shown, none ever changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from readingroom.domain.check import Verification
from readingroom.domain.value import Value, canonical_json
from readingroom.runs.event import now
from readingroom.runs.store import Store
from readingroom.web.edits import Change, EditedSentence, changes, drafted, held, settled, source_of
from readingroom.web.limits import PageLimits
from readingroom.web.page_store import PageStore
from readingroom.web.refusals import Busy, NotHere, TooMuch

SENTENCES = TypeAdapter(tuple[EditedSentence, ...])
MACHINE, HUMAN = "machine", "human"


class VersionLine(Value):
    """A version in a list; 0 is the draft."""

    version: int
    at: str
    author: str
    clean: bool
    sentences: int
    """Those that are not struck."""


class Version(Value):
    """One version whole."""

    version: int
    at: str
    author: str
    sentences: tuple[EditedSentence, ...]
    verification: Verification


@dataclass
class Versions:
    """Of all runs; by whole ids of runs. All of it blocks."""

    records: Store
    store: PageStore
    limits: PageLimits

    def lines(self, run: str) -> tuple[VersionLine, ...]:
        """In order. Raises BadRequest for a run without a report."""
        rows = self.store.rows("SELECT version FROM versions WHERE run = ? ORDER BY version", (run,))
        return tuple(_line(self.one(run, number)) for number in (0, *(row["version"] for row in rows)))

    def one(self, run: str, number: int) -> Version:
        """Raises NotHere."""
        source = source_of(self.records, run)
        if number == 0:
            sentences = drafted(source.report)
            verification = source.report.verification or held(source, sentences)
            at = source.report.provenance.finished
            return Version(version=0, at=at, author=MACHINE, sentences=sentences, verification=verification)
        rows = self.store.rows("SELECT * FROM versions WHERE run = ? AND version = ?", (run, number))
        if not rows:
            raise NotHere(f"run {run} has no version {number}")
        row = rows[0]
        sentences = SENTENCES.validate_json(row["content"])
        return Version(
            version=number, at=row["at"], author=row["author"], sentences=sentences,
            verification=held(source, sentences),
        )  # fmt: skip

    def newest(self, run: str) -> int:
        rows = self.store.rows("SELECT max(version) AS last FROM versions WHERE run = ?", (run,))
        last: int = rows[0]["last"] or 0
        return last

    def add(self, run: str, based_on: int, sentences: tuple[EditedSentence, ...]) -> Version:
        """Durable when it returns. Raises Busy where another version came between, TooMuch, BadRequest."""
        source = source_of(self.records, run)
        if len(sentences) > self.limits.sentences:
            raise TooMuch(f"more than {self.limits.sentences} sentences", do="Shorten the report.")
        newest = self.newest(run)
        if based_on != newest:
            raise Busy(f"version {newest} is newer than the one you edited ({based_on})", do="Look at it first.")
        if newest >= self.limits.versions:
            raise TooMuch(f"there are {self.limits.versions} versions", do="Export the last one.")
        kept = settled(source, sentences)
        content: list[Any] = SENTENCES.dump_python(kept, mode="json")
        row = (run, newest + 1, now(), HUMAN, based_on, canonical_json(content))
        self.store.write(("INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?)", row))
        return self.one(run, newest + 1)

    def diff(self, run: str, first: int, second: int) -> tuple[Change, ...]:
        return changes(self.one(run, first).sentences, self.one(run, second).sentences)


def _line(version: Version) -> VersionLine:
    return VersionLine(
        version=version.version, at=version.at, author=version.author, clean=version.verification.clean,
        sentences=sum(one.state != "struck" for one in version.sentences),
    )  # fmt: skip
