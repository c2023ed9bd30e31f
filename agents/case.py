"""What a rule looks at: one sentence with its claims and their evidence, and the text around it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from readingroom.agents.ledger import Index
from readingroom.agents.matching import Match
from readingroom.domain.check import Problem, Rule
from readingroom.domain.evidence import Evidence
from readingroom.language.claim import Claim
from readingroom.language.sentences import Sentence


class Told(NamedTuple):
    """One sentence read: its claims, each with its evidence."""

    sentence: Sentence
    matches: tuple[Match, ...]


class Kinship(NamedTuple):
    """Which sentences of a text can contradict or repeat one another; most cannot, and need not be compared."""

    opposed: frozenset[str]
    """What is both said and denied, by observation."""
    repeated: frozenset[str]
    """Sentences of the same section and on the same observations as one before them, by id."""


def kinship_of(text: Iterable[Told]) -> Kinship:
    """Looked at once for all the sentences of a text."""
    said: set[str] = set()
    denied: set[str] = set()
    seen: set[tuple[str, frozenset[str]]] = set()
    repeated: set[str] = set()
    for sentence, matches in text:
        names = frozenset([found.claim.observation for found in matches])
        if (sentence.section, names) in seen:
            repeated.add(sentence.id)
        seen.add((sentence.section, names))
        for found in matches:
            (denied if found.claim.presence == "absent" else said).add(found.claim.observation)
    return Kinship(frozenset(said & denied), frozenset(repeated))


class Case(NamedTuple):
    """One sentence before the rules."""

    told: Told
    text: tuple[Told, ...]
    """The whole text, this sentence included."""
    by_id: Mapping[str, Told]
    ledger: Index
    kinship: Kinship

    @property
    def sentence(self) -> Sentence:
        return self.told.sentence

    @property
    def matches(self) -> tuple[Match, ...]:
        return self.told.matches

    def name(self, concept: str) -> str:
        """What to call a concept in a reason."""
        return self.ledger.words.name(concept)


class Judge(NamedTuple):
    """A rule by its number, and what it finds wrong with a sentence."""

    rule: Rule
    find: Callable[[Case], Iterable[Problem]]
    needs: frozenset[str] = frozenset()
    """Marks (`marks_of`) without any of which it finds nothing, so that it is not asked; empty: it always is."""


def bearing(judges: Iterable[Judge], marks: frozenset[str]) -> tuple[Callable[[Case], Iterable[Problem]], ...]:
    """What those rules find that can find anything in a sentence with those marks."""
    return tuple(judge.find for judge in judges if not judge.needs or judge.needs & marks)


DENIED = frozenset(("denied",))
DISPUTED = frozenset(("disputed",))
"""What rules need that speak of claims which evidence contradicts, and of evidence that contradicts other evidence."""

FIGURE = re.compile(r"\d")


def marks_of(case: Case) -> frozenset[str]:
    """What there is in a sentence for a rule to look at.

    Its section. Of its claims: how they stand; "claims" where there are any; "compared", "graded", "placed" and "sided"
    where one is; "opposed" where one may be denied elsewhere in the text, or compares a side with itself; "disputed"
    where the ledger holds denials of what it also holds. "repeated" where a sentence before it may say the same,
    "cites" where it cites, "figure" where its text holds one, "category" where it may name one.
    """
    sentence, matches = case.told
    marks: set[str] = {sentence.section}
    if matches:
        _mark_claims(marks, case)
    if sentence.cites:
        marks.add("cites")
    if sentence.id in case.kinship.repeated:
        marks.add("repeated")
    text = sentence.text
    if not text:
        return frozenset(marks)
    if FIGURE.search(text):
        marks.add("figure")
    if "TR" in text or "rads" in text.casefold():
        marks.add("category")
    return frozenset(marks)


def _mark_claims(marks: set[str], case: Case) -> None:
    """Add what there is in the claims of a sentence that has some."""
    marks.add("claims")
    if case.ledger.disputed:
        marks.add("disputed")
    for found in case.told.matches:
        claim = found.claim
        marks.add(found.stance)
        if claim.comparison:
            marks.add("compared")
        if claim.severity is not None:
            marks.add("graded")
        if claim.zone:
            marks.add("placed")
        if claim.laterality != "unspecified":
            marks.add("sided")
        if claim.laterality == "not_applicable" or claim.observation in case.kinship.opposed:
            marks.add("opposed")


def backed(case: Case) -> Iterator[tuple[Match, Claim, Evidence]]:
    """The claims for which some evidence speaks, each with the piece that comes nearest."""
    for found in case.matches:
        if found.stance == "backed" and found.best is not None:
            yield found, found.claim, found.best


def listed(items: Iterable[Evidence]) -> str:
    """ "E3" or "E3, E7", as reasons name evidence."""
    return ", ".join(dict.fromkeys(item.id for item in items))


def ids(items: Iterable[Evidence]) -> tuple[str, ...]:
    """The evidence's ids, each once."""
    return tuple(dict.fromkeys(item.id for item in items))
