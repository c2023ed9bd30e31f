"""The words of radiology as data: concepts, the closed classes around them, and a table that finds both in a text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from itertools import chain
from typing import Any, Literal, NamedTuple

import yaml
from pydantic import Field

from readingroom.domain.value import Value

Kind = Literal["finding", "structure", "measurement", "device", "quality"]

OPEN = "open:"
"""Marks an observation that the lexicon does not have, named by the text's own noun."""

FOLDER = "lexicon"
CLOSED = "words.yaml"
TABLES = ("measures.yaml", "chest.yaml", "devices.yaml", "bones.yaml", "abdomen.yaml", "neuro.yaml", "other.yaml")
"""Earlier tables own a phrase that a later one repeats."""

WORD = re.compile(r"[^\W\d_]+|\d+(?:\.\d+)?|[^\w\s]|_")
"""A run of letters, a number, or one sign."""

SILENT = frozenset("-'\"`*_#")
"""Signs that only join or decorate words."""


class Concept(Value):
    """One thing a report can speak of."""

    id: str
    kind: Kind
    name: str
    synonyms: tuple[str, ...] = ()
    plural: tuple[str, ...] = ()
    """Plurals that adding s, es or ies does not make."""
    parents: tuple[str, ...] = ()
    """What this is a kind of: consolidation is an airspace opacity."""
    normal: tuple[str, ...] = ()
    """Of a structure: what a statement that it is normal denies."""
    broad: bool = False
    """Calling it normal denies a whole group, so that a single positive elsewhere is no contradiction in terms."""
    makes: Mapping[str, str] = Field(default_factory=dict)
    """Of a structure: what an adjective makes of it; "!" in front means that the adjective denies it."""
    about: str = ""
    """Of a measurement: the structure that it measures."""
    standalone: bool = False
    """A measurement that is a statement by itself: cardiothoracic ratio, head circumference."""
    place: bool = False
    """A structure that says where a finding or a device lies."""
    sided: bool = True
    """False where a side named for its neighbour in a list is not meant for it."""
    countable: bool = False
    reportable: bool = False
    """Whether leaving it out is an omission, beyond findings and devices, which always are."""
    places: tuple[str, ...] = ()
    codes: Mapping[str, str] = Field(default_factory=dict)
    modality: tuple[str, ...] = ()


class Phrase(NamedTuple):
    """The words after the first, and what the whole phrase means, as pairs of kind and value."""

    rest: tuple[str, ...]
    length: int
    tags: tuple[tuple[str, str], ...]


class Lexicon(NamedTuple):
    """Compiled once; phrases by their first word, longest first."""

    concepts: Mapping[str, Concept]
    phrases: Mapping[str, tuple[Phrase, ...]]
    lineage: Mapping[str, frozenset[str]]
    """A concept with everything it is a kind of, itself included."""
    zones: Mapping[str, frozenset[str]]
    """A place with every place that contains it, itself included."""
    zone_of: Mapping[str, str]
    """A place as anyone may write it, to its name here."""
    placed: frozenset[str]
    qualifiers: frozenset[str]

    def is_a(self, concept: str, ancestor: str) -> bool:
        """Whether `concept` is `ancestor` or a kind of it."""
        return ancestor in self.lineage.get(concept, frozenset((concept,)))

    def ancestors(self, concept: str) -> frozenset[str]:
        """`concept` and all it is a kind of; a concept not in the lexicon stands alone."""
        return self.lineage.get(concept) or frozenset((concept,))

    def reportable(self, concept: str) -> bool:
        """Whether positive evidence of it must be told."""
        known = self.concepts.get(concept)
        return bool(known and (known.kind in ("finding", "device") or known.reportable))

    def place(self, text: str) -> str:
        """The lexicon's name of a place: "lower lung zone" is "lower zone"; an unknown place stays as it is."""
        key = text.strip().lower()
        return self.zone_of.get(key, key)

    def name(self, concept: str) -> str:
        """What to call a concept in a sentence."""
        known = self.concepts.get(concept)
        return known.name if known else concept.removeprefix(OPEN).replace("_", " ").replace(":", " ")


def tokens_of(text: str) -> tuple[str, ...]:
    """Lower-case words and signs of a phrase, joined words apart: "right-sided" is ("right", "sided")."""
    return tuple(token for token in WORD.findall(text.lower()) if token not in SILENT)


def plurals(phrase: str) -> Iterable[str]:
    """The regular plural of the last word."""
    if not phrase or not phrase[-1].isalpha() or phrase.endswith("ss"):
        return ()
    if phrase[-1] == "y" and phrase[-2:-1] not in "aeou":
        return (f"{phrase[:-1]}ies",)
    if phrase.endswith(("x", "ch", "sh")):
        return (f"{phrase}es",)
    return () if phrase.endswith("s") else (f"{phrase}s",)


def _read(name: str) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (files("readingroom.prompts") / FOLDER / name).read_text(encoding="utf-8")
    data: dict[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader, the C one where there is one
    return data


def _concepts() -> dict[str, Concept]:
    found: dict[str, Concept] = {}
    for table in TABLES:
        for key, fields in _read(table).items():
            found[key] = Concept(id=key, **{"name": key.replace("_", " "), **fields})
    return found


def _closure(above: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    def climb(item: str, seen: frozenset[str]) -> frozenset[str]:
        return seen.union(*(climb(up, seen | {up}) for up in above.get(item, ()) if up not in seen))

    return {item: climb(item, frozenset((item,))) for item in above}


def _zone_tables(closed: Mapping[str, Any]) -> tuple[dict[str, frozenset[str]], dict[str, str]]:
    within = {zone: list(closed["zone_within"].get(zone, ())) for zone in closed["zone"]}
    for first, second in closed["zone_same"]:
        within.setdefault(first, []).append(second)
        within.setdefault(second, []).append(first)
    names = {word: zone for zone, words in closed["zone"].items() for word in (zone, *words)}
    return _closure(within), names


PLAIN = ("and", "or", "stop", "break", "verb", "there", "see", "link", "pronoun", "advice", "compare", "side", "zone",
         "severity", "scope", "neg", "neg_post", "pseudo", "hedge", "hedge_post", "unassessed", "normal", "descriptor",
         "change", "dominance", "view", "versus")  # fmt: skip


def _closed_tags(closed: Mapping[str, Any]) -> Iterable[tuple[str, tuple[str, str]]]:
    for kind in PLAIN:
        for value, phrases in closed[kind].items():
            for phrase in phrases:
                yield phrase, (kind, phrase if kind == "link" else value)
    for zone, phrases in closed["zone"].items():
        for phrase in phrases:
            if zone.endswith("lobe") or "lung" in phrase or phrase.endswith((" zone", " field")):
                yield phrase, ("structure", "lung")
    for entry in closed["compound"]:
        for phrase in entry["words"]:
            yield phrase, ("side", entry["side"])
            yield phrase, ("zone", entry["zone"])
            yield phrase, ("structure", "lung" if "quadrant" not in entry["zone"] else "abdomen")


def _concept_tags(concepts: Mapping[str, Concept]) -> Iterable[tuple[str, tuple[str, str]]]:
    owner: dict[tuple[str, ...], str] = {}
    for rank in (0, 1):
        for concept in concepts.values():
            singular = (concept.name,) if rank == 0 else (concept.id.replace("_", " "), *concept.synonyms)
            extra = concept.plural if rank else ()
            for phrase in chain(singular, extra, *(plurals(word) for word in singular)):
                words = tokens_of(phrase)
                if owner.setdefault(words, concept.id) == concept.id:
                    yield phrase, (concept.kind, concept.id)
                    if words[:1] in (("left",), ("right",)):
                        yield phrase, ("side", words[0])


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The lexicon shipped in `readingroom.prompts`, read and compiled at the first call."""
    closed, concepts = _read(CLOSED), _concepts()
    table: dict[tuple[str, ...], dict[tuple[str, str], None]] = defaultdict(dict)
    for phrase, tag in chain(_closed_tags(closed), _concept_tags(concepts)):
        table[tokens_of(phrase)][tag] = None
    buckets: dict[str, list[Phrase]] = defaultdict(list)
    for words, tags in table.items():
        if words:
            buckets[words[0]].append(Phrase(words[1:], len(words), tuple(tags)))
    zones, zone_of = _zone_tables(closed)
    return Lexicon(
        concepts=concepts,
        phrases={first: tuple(sorted(bucket, key=lambda one: -one.length)) for first, bucket in buckets.items()},
        lineage=_closure({key: concept.parents for key, concept in concepts.items()}),
        zones=zones,
        zone_of=zone_of,
        placed=frozenset(closed["placed"][0]),
        qualifiers=frozenset(closed["qualifiers"][0]),
    )
