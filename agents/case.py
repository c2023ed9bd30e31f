"""What a rule looks at: one sentence with its claims and their evidence, and the text around it."""

from __future__ import annotations

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


class Case(NamedTuple):
    """One sentence before the rules."""

    told: Told
    text: tuple[Told, ...]
    """The whole text, this sentence included."""
    by_id: Mapping[str, Told]
    ledger: Index

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
