"""The types of a report template: which evidence becomes which sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from readingroom.domain.evidence import Evidence
from readingroom.domain.image import ImageRef
from readingroom.domain.terms import Certainty, Change, Laterality, Presence, Significance
from readingroom.domain.value import Value
from readingroom.language.lexicon import Kind, lexicon

Forbidden = Literal["recommendations"]

FORBIDS: Mapping[Forbidden, re.Pattern[str]] = {
    "recommendations": re.compile(
        r"\b(?:recommend\w*|advis(?:e|ed|able)|suggest(?:ed|s)? (?:a |an )?(?:follow|further|biopsy|CT|MR)|"
        r"follow[- ]?up|"
        r"should (?:be )?(?:undergo|receive|have|considered|repeated|obtained)|"
        r"empf\w*l\w*|empfiehlt|angeraten|Verlaufskontrolle|Kontrolluntersuchung|sollte\w*)",
        re.IGNORECASE,
    )
}
"""What a template may promise to hold none of, by the words that would tell it, in English and German."""

NAME = r"^[a-z][a-z0-9_]{0,60}$"


class Selector(Value):
    """Which evidence a rule speaks of; what is not named may be anything, but change and words must be asked for."""

    observation: str | None = None
    kind: Kind | None = None
    """What the lexicon calls the observation: a finding, a structure ... One that it does not know is a structure."""
    laterality: Laterality | None = None
    presence: Presence | None = None
    change: Change | None = None
    quoted: bool = False
    """Evidence in a model's own words, whatever its change."""

    def fits(self, item: Evidence) -> bool:
        return (
            self.observation in (None, item.observation)
            and self.kind in (None, kind_of(item.observation))
            and self.laterality in (None, item.laterality)
            and self.presence in (None, item.presence)
            and bool(item.quote) == self.quoted
            and (self.quoted or self.change == item.change)
        )


def kind_of(observation: str) -> Kind:
    """What the lexicon calls an observation; a structure where it does not know it."""
    known = lexicon().concepts.get(observation)
    return known.kind if known else "structure"


class SentenceRule(Value):
    """One sentence, for each evidence that it fits."""

    key: str = Field(default="", pattern=r"^([a-z][a-z0-9_]{0,60})?$")
    """Its name, by which another language words it; without one it is "rule_3", by its place in the file."""
    section: str = ""
    """The section of the findings that it stands in, one of the template's `sections`."""
    subject: Selector = Field(alias="for")
    beside: dict[str, Selector] = Field(default_factory=dict, alias="with")
    """Other evidence of the same image that the sentence also rests on; the rule waits for all of it."""
    needs: tuple[str, ...] = ()
    """Measurements that the evidence must carry."""
    unmeasured: bool = False
    """Waits for evidence from which nothing else was computed: an outline that nobody measured."""
    text: str = Field(min_length=1)
    impression: str | None = None
    certainty: Certainty | None = None
    """How firm the sentence is, where that is less than the evidence bears."""
    significance: Significance = "non_actionable"


class NormalRule(Value):
    """A normal statement: told only where a tool looked for the observation and said that it is absent."""

    key: str = Field(default="", pattern=r"^([a-z][a-z0-9_]{0,60})?$")
    section: str = ""
    observation: str
    laterality: Laterality | None = None
    beside: dict[str, Selector] = Field(default_factory=dict, alias="with")
    text: str = Field(min_length=1)
    impression: str | None = None

    def as_rule(self) -> SentenceRule:
        """The rule that waits for the denial."""
        wanted = {"observation": self.observation, "laterality": self.laterality, "presence": "absent"}
        return SentenceRule.model_validate(
            {"for": wanted, "with": self.beside, **self.model_dump(include={"key", "section", "text", "impression"})}
        )


class ReportTemplate(Value):
    """One YAML file of prompts/reports, or a user's own."""

    id: str = Field(pattern=NAME)
    version: int
    title: str
    language: str = Field(default="en", pattern=r"^[a-z]{2}$")
    """Of its sentences; the checker reads English, other languages are wordings of an English template."""
    serves: tuple[str, ...]
    """modality/anatomy it is made for; "any" for the rest."""
    technique: str
    impression: str | None = None
    """One closing sentence over all structures told, beside the rules' own."""
    sections: tuple[str, ...] = ()
    """The order in which findings stand; a rule without a section comes last. Which rule tells an evidence is the
    order of the file, the first that fits."""
    requires: tuple[str, ...] = ()
    """What a reader of such an image expects to be looked at, by concept; what nobody looked at is a limitation."""
    phrases: dict[str, str] = Field(default_factory=dict)
    """Pieces of sentences by name, for {{ phrase.name }}."""
    forbids: tuple[Forbidden, ...] = ()
    then: str | None = None
    """A template that comes with the package, whose rules follow where none of these fits."""
    findings: tuple[SentenceRule, ...]
    normals: tuple[NormalRule, ...] = ()
    sha256: str

    @model_validator(mode="after")
    def _rules_are_named_and_placed(self) -> Self:
        seen: set[str] = set()
        parts: tuple[tuple[str, Sequence[SentenceRule | NormalRule]], ...] = (
            ("findings", self.findings),
            ("normals", self.normals),
        )
        for part, rules in parts:
            for at, rule in enumerate(rules):
                if rule.section and rule.section not in self.sections:
                    raise ValueError(f"{part}.{at}.section: there is no section {rule.section!r}")
                if rule.key and rule.key in seen:
                    raise ValueError(f"{part}.{at}.key: {rule.key!r} is the key of another rule")
                seen.add(rule.key)
        for at, rule in enumerate(self.normals):
            if rule.observation not in lexicon().concepts:
                raise ValueError(
                    f"normals.{at}.observation: the lexicon has no {rule.observation!r}, so none can deny it"
                )
        for at, name in enumerate(self.requires):
            if name not in lexicon().concepts:
                raise ValueError(f"requires.{at}: the lexicon has no {name!r}")
        return self

    def fits(self, ref: ImageRef) -> bool:
        """A lateral view has no template of its own: nothing here reads it."""
        if ref.view == "lateral":
            return False
        return f"{ref.modality}/{ref.anatomy}" in self.serves or f"{ref.modality}/any" in self.serves

    @property
    def rules(self) -> tuple[SentenceRule, ...]:
        """Every rule in the order of the file; normal statements come last."""
        return (*self.findings, *(rule.as_rule() for rule in self.normals))

    def unlooked(self, ledger: Iterable[Evidence], current: frozenset[str]) -> tuple[str, ...]:
        """What it requires and no tool looked at in the current images, by concept."""
        words = lexicon()
        looked = [item.observation for item in ledger if item.trust == "tool" and item.image_id in current]
        return tuple(
            name for name in self.requires if not any(words.is_a(one, name) or words.is_a(name, one) for one in looked)
        )
