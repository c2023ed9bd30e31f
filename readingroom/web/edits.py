"""An edited report as sentences: what was kept, edited, struck or added, each held against the run's evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Literal, NamedTuple

from pydantic import Field

from readingroom.agents.idiom import ENGLISH
from readingroom.agents.sentence_rules import Forbidden
from readingroom.agents.translation import Tables, verify_worded
from readingroom.agents.verifier import Ledger, of_report, verify
from readingroom.domain.check import Verification
from readingroom.domain.report import Report
from readingroom.domain.request import LONGEST
from readingroom.domain.terms import Section
from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.language.sentences import Sentence
from readingroom.runs.store import Store
from readingroom.workflows.verification import _forbidden, _tables

State = Literal["kept", "edited", "struck", "added", "accepted"]
"""kept: as drafted. edited, added: a person's words. struck: taken out. accepted: as drafted, and a person says so."""

REPORTS_HELD = 32
LONGEST_SENTENCE = 2000


class Draft(Value):
    """A sentence that is being written."""

    id: str = Field(default="", max_length=64)
    section: Section
    text: str = Field(max_length=LONGEST_SENTENCE)


class EditedSentence(Value):
    """One sentence of a version."""

    id: str = Field(min_length=1, max_length=64)
    section: Section
    text: str = Field(max_length=LONGEST_SENTENCE)
    state: State = "kept"
    cites: tuple[str, ...] = ()
    original: str | None = None
    """As it was drafted; None of a sentence that a person added."""


class Change(Value):
    """One difference of two versions."""

    kind: Literal["same", "edited", "added", "removed", "struck", "restored", "accepted"]
    id: str
    before: EditedSentence | None
    after: EditedSentence | None


class Source(NamedTuple):
    """What the sentences of a run's report are held against."""

    report: Report
    ledger: Ledger
    tables: Tables | None
    """Of a report in another language."""


@lru_cache(maxsize=REPORTS_HELD)
def source_of(store: Store, run: str) -> Source:
    """By a whole id; a finished report does not change. Raises BadRequest where the run has none."""
    report = store.report(run)
    ledger = Ledger(
        evidence=report.evidence,
        images=report.images,
        categories=report.categories,
        forbids=_forbids(report, store),
    )
    return Source(report, ledger, None if report.language == ENGLISH else _tables(report, store))


def _forbids(report: Report, store: Store) -> tuple[Forbidden, ...]:
    return _forbidden(report, store)


def drafted(report: Report) -> tuple[EditedSentence, ...]:
    """The report as version 0: its sentences as drafted, and those that its gate struck."""
    standing = (
        EditedSentence(id=one.id, section=one.section, text=one.text, cites=one.cites, original=one.text)
        for one in of_report(report)
    )
    struck = (
        EditedSentence(
            id=one.check.target, section=one.check.section, text=one.check.text, state="struck", cites=one.cites,
            original=one.check.text,
        )
        for one in report.struck
    )  # fmt: skip
    return (*standing, *struck)


def held(source: Source, sentences: Iterable[Draft | EditedSentence]) -> Verification:
    """The verdict on each sentence that is not struck; what it cites is what the draft's sentence of its id cites."""
    cites = {one.id: one.cites for one in drafted(source.report)}
    read = [
        Sentence(id=one.id or f"S{number}", section=one.section, text=one.text, cites=cites.get(one.id, ()))
        for number, one in enumerate(sentences, 1)
        if one.text.strip() and getattr(one, "state", "") != "struck"
    ]
    if sum(len(one.text) for one in read) > LONGEST:
        raise BadRequest(f"the text has more than {LONGEST} characters", do="Shorten it.")
    if len({one.id for one in read}) < len(read):
        raise BadRequest("an id stands for two sentences", do="Give each sentence an id of its own.")
    if source.tables is not None:
        return verify_worded(read, source.ledger, source.tables)
    return verify(read, source.ledger)


def settled(source: Source, sentences: Sequence[EditedSentence]) -> tuple[EditedSentence, ...]:
    """The sentences with what only the server says of them: states that fit the texts, originals and citations.

    Raises BadRequest where an id stands twice.
    """
    if len({one.id for one in sentences}) < len(sentences):
        raise BadRequest("an id stands for two sentences", do="Give each sentence an id of its own.")
    known = {one.id: one for one in drafted(source.report)}
    return tuple(_settled(one, known.get(one.id)) for one in sentences)


def _settled(one: EditedSentence, draft: EditedSentence | None) -> EditedSentence:
    text = " ".join(one.text.split())
    original = draft.text if draft else None
    state: State = one.state
    if state != "struck":
        same = draft is not None and text == draft.text
        state = ("accepted" if one.state == "accepted" else "kept") if same else "edited" if draft else "added"
    section = draft.section if draft else one.section
    return EditedSentence(
        id=one.id, section=section, text=text, state=state, cites=draft.cites if draft else (), original=original
    )


def changes(before: Sequence[EditedSentence], after: Sequence[EditedSentence]) -> tuple[Change, ...]:
    """What differs, in the order of the later version, with what is gone where it stood."""
    old, new = {one.id: one for one in before}, {one.id: one for one in after}
    found: list[Change] = []
    matcher = SequenceMatcher(None, list(old), list(new), autojunk=False)
    for _, first, last, start, end in matcher.get_opcodes():
        gone = [one for one in before[first:last] if one.id not in new]
        found += [Change(kind="removed", id=one.id, before=one, after=None) for one in gone]
        found += [_change(old.get(one.id), one) for one in after[start:end]]
    return tuple(one for one in found if one.kind != "same")


def _change(old: EditedSentence | None, new: EditedSentence) -> Change:
    kind: Literal["same", "edited", "added", "struck", "restored", "accepted"] = "same"
    if old is None:
        kind = "added"
    elif (old.state == "struck") != (new.state == "struck"):
        kind = "struck" if new.state == "struck" else "restored"
    elif old.text != new.text:
        kind = "edited"
    elif old.state != new.state and new.state == "accepted":
        kind = "accepted"
    return Change(kind=kind, id=new.id, before=old, after=new)
