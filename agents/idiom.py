"""How a language prints numbers, names and verbs: one file of prompts/idioms each, so that a language is data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from pydantic import Field

from readingroom.agents.template import read_value
from readingroom.domain.evidence import Evidence
from readingroom.domain.measurement import PRINTED, Measurement
from readingroom.domain.terms import Certainty, Laterality
from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.prompts.words import digest_of_words, read_words

ENGLISH = "en"

OPPOSITE: dict[Laterality, Laterality] = {"left": "right", "right": "left"}


class Noun(Value):
    """What something is called, with the key by which its articles, adjectives and verbs are found."""

    name: str
    gender: str
    unsided: Noun | None = None
    """What it is called where no side is named: "lungs" beside "right lung"."""
    a: str | None = None
    """The whole of "a nodule", where the article and the name alone do not make it."""
    a_object: str | None = None


class Forms(Value):
    """Words by gender or number."""

    the: dict[str, str]
    a: dict[str, str]
    a_object: dict[str, str]
    """As the object of a verb."""
    left: dict[str, str]
    right: dict[str, str]
    has: dict[str, str]
    was: dict[str, str]
    be: dict[str, str]
    before_vowel: dict[str, str] = Field(default_factory=dict)
    """What an article becomes before a vowel."""


class Idiom(Value):
    """One language."""

    language: str = Field(pattern=r"^[a-z]{2}$")
    name: str
    decimal: str
    units: dict[str, str]
    """How units are written where that differs from their names."""
    not_known: str
    conjunction: str
    notice: str
    forms: Forms
    otherwise: Noun
    """What has no row in `structures`; {name} is its English name."""
    structures: dict[str, Noun]
    zones: dict[str, Noun]
    certainty: dict[Certainty, str]
    comparison: dict[str, str]
    """none, image, report, both: the sentence on what there is to compare with."""
    phrases: dict[str, str] = Field(default_factory=dict)
    """Words of limitations and of images' names, from English; a key is a regular expression for the whole of them."""
    foreign: str
    """How words that stay English are marked; {text} stands for them."""
    limitations: dict[str, str] = Field(default_factory=dict)
    """Sentences by their names in prompts/limitations.yaml; the English ones are there."""
    sha256: str

    def noun(self, item: Evidence) -> Noun:
        """What a sentence calls the thing that evidence speaks of, without its side."""
        found = self.structures.get(item.observation)
        if found is None:
            name = self.otherwise.name.replace("{name}", item.observation.replace("_", " "))
            return self.otherwise.model_copy(update={"name": name})
        return found if item.laterality in OPPOSITE or found.unsided is None else found.unsided

    def zone(self, zone: str) -> Noun:
        """A place by its English name."""
        return self.zones.get(zone) or self.otherwise.model_copy(update={"name": zone})

    def side(self, laterality: Laterality, gender: str) -> str:
        """ "right", or the form of it that a noun of this gender takes; what is no side stays as it is."""
        if laterality == "left":
            return self.forms.left[gender]
        return self.forms.right[gender] if laterality == "right" else laterality

    def article(self, kind: dict[str, str], noun: Noun) -> str:
        """A noun with its article; the noun alone where it takes none."""
        article = kind[noun.gender]
        if noun.name[:1].lower() in "aeiou":
            article = self.forms.before_vowel.get(article, article)
        return f"{article} {noun.name}".strip()

    def number(self, text: str) -> str:
        """Digits as this language writes them."""
        return text.replace(".", self.decimal)

    def printed(self, part: Measurement) -> str:
        """A number with its unit."""
        figure = self.number(f"{round(part.value, part.decimals):.{max(part.decimals, 0)}f}")
        if part.unit in ("1", "count"):
            return figure
        return f"{figure} {self.units.get(part.unit) or PRINTED.get(part.unit, part.unit)}"

    def listed(self, names: Sequence[str]) -> str:
        """ "liver, spleen and left kidney", each name once."""
        once = list(dict.fromkeys(names))
        return once[0] if len(once) == 1 else f"{', '.join(once[:-1])} {self.conjunction} {once[-1]}"

    def word(self, english: str) -> str | None:
        """Words of the machine in this language; None where no row knows them."""
        if self.language == ENGLISH:
            return english
        for pattern, words in self.phrases.items():
            if found := re.fullmatch(pattern, english, re.IGNORECASE):
                return found.expand(words)
        return None

    def phrase(self, english: str) -> str:
        """Words of the machine in this language; what no row knows stays English and is marked as such."""
        known = self.word(english)
        if known is not None or not english:
            return known or ""
        return self.foreign.replace("{text}", english)


@cache
def idioms() -> dict[str, Idiom]:
    """Every language there is, by its ISO 639-1 code."""
    folder = files("readingroom.prompts").joinpath("idioms")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    texts = {name: read_words(f"idioms/{name}") for name in names}
    found = (read_value(Idiom, text, name, sha256=digest_of_words(text)) for name, text in texts.items())
    return {idiom.language: idiom for idiom in found}


def idiom_of(language: str) -> Idiom:
    """Raises BadRequest for a language that has no file."""
    if language not in idioms():
        raise BadRequest(f"there is no language {language!r}", do=f"Choose one of {', '.join(idioms())}.")
    return idioms()[language]
