"""What is true of a synthetic study: facts drawn from a seed, none of them a kind of another."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from readingroom.domain.terms import Certainty, Change, Laterality, Presence, Severity
from readingroom.language.lexicon import lexicon
from readingroom.verifier_bench.phrasebook import Entry, NumberEntry, StudyKind

SEVERITIES: tuple[Severity, ...] = ("trace", "mild", "moderate", "severe")
CHANGES: tuple[Change, ...] = ("stable", "larger", "smaller", "new")
URGENT = frozenset((
    "pneumothorax", "pneumoperitoneum", "pulmonary_embolism", "aortic_dissection", "appendicitis", "bowel_obstruction",
    "portal_vein_thrombosis", "infarct", "subdural_hematoma", "intracranial_hemorrhage", "midline_shift", "papilledema",
    "retinal_detachment",
))  # fmt: skip
"""What the impression of a report must say where a finding tells it."""

SINGLE: tuple[Laterality, ...] = ("left", "right")


class Fact(NamedTuple):
    """One thing that is so, and what the tools that saw it say."""

    entry: Entry | NumberEntry
    presence: Presence = "present"
    side: Laterality = "unspecified"
    zone: str = ""
    severity: Severity | None = None
    certainty: Certainty = "definite"
    change: Change | None = None
    size: float | None = None
    """The longest diameter in millimetres; of a number its value in its own unit."""
    cross: float | None = None
    prior: float | None = None
    conflict: bool = False
    """A second tool says that it is absent."""
    dice: float = 0.0
    """Decides how the tools put it: two pieces of evidence for two sides, a score in place of a word."""

    @property
    def observation(self) -> str:
        return self.entry.observation

    @property
    def urgent(self) -> bool:
        return self.presence == "present" and self.observation in URGENT


def kin(first: str, second: str) -> bool:
    """Whether one is a kind of the other, so that saying one speaks of both."""
    words = lexicon()
    return words.is_a(first, second) or words.is_a(second, first)


def draw_facts(kind: StudyKind, rng: Random, *, has_prior: bool) -> tuple[Fact, ...]:
    """Two to four present, two or three absent, at times one that the tools disagree on, and a number."""
    entries = list(kind.entries)
    rng.shuffle(entries)
    facts: list[Fact] = []
    wanted = [*["present"] * rng.randint(2, 4), *["absent"] * rng.randint(2, 3)]
    if rng.random() < 0.35:
        wanted.append("conflict")
    for entry in entries:
        if not wanted:
            break
        if any(kin(entry.observation, fact.observation) for fact in facts):
            continue
        how = wanted.pop(0)
        if how == "present":
            facts.append(draw_present(entry, rng, has_prior=has_prior))
        elif how == "absent":
            facts.append(Fact(entry, presence="absent", dice=rng.random()))
        else:
            side = rng.choice(SINGLE) if entry.sides else "unspecified"
            facts.append(Fact(entry, presence="indeterminate", side=side, certainty="may_represent", conflict=True))
    if kind.numbers:
        facts.append(draw_number(rng.choice(kind.numbers), rng))
    return tuple(facts)


def draw_present(entry: Entry, rng: Random, *, has_prior: bool) -> Fact:
    side: Laterality = "unspecified"
    if entry.sides:
        side = rng.choice((*SINGLE, "bilateral") if entry.sides == "any" else SINGLE)
    change = rng.choice(CHANGES) if has_prior and entry.changes and rng.random() < 0.5 else None
    certainty: Certainty = "definite"
    if change is None:
        certainty = rng.choices(("definite", "may_represent", "likely"), (0.7, 0.2, 0.1))[0]
    size = round(rng.uniform(*entry.size)) if entry.size else None
    return Fact(
        entry,
        side=side,
        zone=rng.choice(entry.zones) if entry.zones and rng.random() < 0.8 else "",
        severity=rng.choice(SEVERITIES) if entry.severity else None,
        certainty=certainty,
        change=change,
        size=size,
        cross=_cross(size, rng) if size else None,
        prior=_prior(size, change, rng) if size and change else None,
        dice=rng.random(),
    )


def _cross(size: float, rng: Random) -> float:
    return max(1, min(size - 1, round(size * rng.uniform(0.55, 0.9))))


def _prior(size: float, change: Change, rng: Random) -> float | None:
    factor = rng.uniform(1.3, 1.8)
    if change == "larger":
        return max(1, round(size / factor) - 1)
    return round(size * factor) + 1 if change == "smaller" else None


def draw_number(entry: NumberEntry, rng: Random) -> Fact:
    value = round(rng.uniform(entry.least, entry.most), entry.decimals)
    return Fact(entry, size=value, dice=rng.random())
