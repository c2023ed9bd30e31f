"""The words of radiology as data: concepts, the closed classes around them, and a table that finds both in a text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from itertools import chain, product
from typing import Any, Literal, NamedTuple

import yaml
from pydantic import Field

from readingroom.domain.value import Value
from readingroom.language.spelling import spelled
from readingroom.language.variants import Families

Kind = Literal["finding", "structure", "measurement", "device", "quality"]

OPEN = "open:"
"""Marks an observation that the lexicon does not have, named by the text's own noun."""

FOLDER = "lexicon"
CLOSED = "words.yaml"
FAMILIES = "families.yaml"
TABLES = ("measures.yaml", "chest.yaml", "devices.yaml", "bones.yaml", "abdomen.yaml", "neuro.yaml", "other.yaml",
          "targets.yaml")  # fmt: skip
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
    within: Mapping[str, str] = Field(default_factory=dict)
    """Of a finding: what it is called in a structure named beside it: edema of the macula is macular edema."""
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
    pairs: Mapping[str, Mapping[str, tuple[Phrase, ...]]]
    """Phrases of two words and more by their first word and by their second, longest first."""
    singles: Mapping[str, Phrase]
    lineage: Mapping[str, frozenset[str]]
    """A concept with everything it is a kind of, itself included."""
    line: Mapping[str, tuple[str, ...]]
    """The same in one order: itself first, then its parents, then theirs."""
    zones: Mapping[str, frozenset[str]]
    """A place with every place that contains it, itself included."""
    zone_of: Mapping[str, str]
    """A place as anyone may write it, to its name here."""
    placed: frozenset[str]
    qualifiers: frozenset[str]
    organs: Mapping[str, str]
    """A finding to the structure that an adjective makes it of: aortic_tortuosity to aorta."""

    def is_a(self, concept: str, ancestor: str) -> bool:
        """Whether `concept` is `ancestor` or a kind of it."""
        return ancestor in self.lineage.get(concept, frozenset((concept,)))

    def ancestors(self, concept: str) -> frozenset[str]:
        """`concept` and all it is a kind of; a concept not in the lexicon stands alone."""
        return self.lineage.get(concept) or frozenset((concept,))

    def line_of(self, concept: str) -> tuple[str, ...]:
        """`concept` and all it is a kind of, the nearest first."""
        return self.line.get(concept) or (concept,)

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
    """Lower-case words and signs of a phrase in American spelling, joined words apart: "right-sided" is ("right",
    "sided")."""
    return tuple(spelled(token) for token in WORD.findall(text.lower()) if token not in SILENT)


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


def _in_order(item: str, above: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """An item and all above it, each once, the nearest first."""
    found = {item: None}
    level = [item]
    while level:
        level = [up for one in level for up in above.get(one, ()) if up not in found]
        found |= dict.fromkeys(level)
    return tuple(found)


def _zone_tables(closed: Mapping[str, Any]) -> tuple[dict[str, frozenset[str]], dict[str, str]]:
    within = {zone: list(closed["zone_within"].get(zone, ())) for zone in closed["zone"]}
    for structure, zones in (*closed["zone_structure"].items(), *closed["zone_of_structure"].items()):
        for zone in zones:
            within[zone].append(structure)
            within.setdefault(structure, [])
    for first, second in closed["zone_same"]:
        within.setdefault(first, []).append(second)
        within.setdefault(second, []).append(first)
    names = {word: zone for zone, words in closed["zone"].items() for word in (zone, *words)}
    return _closure(within), names


PLAIN = ("and", "or", "stop", "break", "verb", "there", "see", "link", "pronoun", "advice", "compare", "side", "zone",
         "severity", "scope", "neg", "neg_post", "pseudo", "hedge", "hedge_post", "unassessed", "normal", "descriptor",
         "change", "dominance", "view", "versus", "aside", "partitive", "ordinal",
         "history", "condition", "administrative")  # fmt: skip


PLURAL = (" zone", " field", " lobe", " lung", " quadrant", " level", " pole")

PARENT_OF = {"quadrant": "abdomen", "hilar": "hilum"}
"""What a place named in one word with its side is part of, where that is not the lung."""


MANY = {"is": ("are", "was", "were"), "remains": ("remain",), "has": ("have",), "comes": ("come",), "seems": ("seem",),
        "appears": ("appear",)}  # fmt: skip
"""Forms of the verbs that begin what is told behind a finding."""


def _composed_doubts(closed: Mapping[str, Any]) -> Iterable[tuple[str, tuple[str, str]]]:
    """Doubts that the tables give in parts: "cannot completely rule out", "would be one explanation"."""
    part = closed["unexcluded"]
    for cannot, surely in product(part["cannot"], ("", *part["surely"])):
        for first, last in product(part["exclude"], part["excluded"]):
            yield f"{cannot} {surely} {first}", ("hedge", "may_represent")
            yield f"{cannot} {first} {surely}", ("hedge", "may_represent")
            yield f"{cannot} be {surely} {last}", ("hedge_post", "may_represent")
            yield f"{cannot} be {last} {surely}", ("hedge_post", "may_represent")
            yield f"is {cannot} {surely} {first}", ("hedge_post", "may_represent")
            yield f"not {surely} {last}", ("hedge_post", "may_represent")
            yield f"is not {surely} {last}", ("hedge_post", "may_represent")
            yield f"are not {surely} {last}", ("hedge_post", "may_represent")
            yield f"are {cannot} {surely} {first}", ("hedge_post", "may_represent")
    for words in product(*(closed["unsure"][name] for name in ("maybe", "but", "sure", "of"))):
        yield " ".join(words), ("hedge", "may_represent")
    for words in product(*(closed["allowed"][name] for name in ("may", "also", "present"))):
        yield " ".join(words), ("hedge_post", "may_represent")
    for verb, article, noun in product(*(closed["mooted"][part] for part in ("verb", "article", "noun"))):
        yield f"{verb} {article} {noun}", ("hedge_post", "may_represent")


def _of_parts(closed: Mapping[str, Any]) -> Iterable[tuple[str, tuple[str, str]]]:
    """Phrases of one word of each of their lists, with every verb that may begin them."""
    for entry in closed["parts"]:
        for words in product(*entry["of"]):
            phrase = " ".join(filter(None, words))
            for one in (phrase, *_behind(entry["kind"], phrase)):
                yield one, (entry["kind"], entry["value"])


def _composed_tags(closed: Mapping[str, Any]) -> Iterable[tuple[str, tuple[str, str]]]:
    """Phrases that the tables give in parts."""
    for when, study in product(closed["earlier"]["time"], closed["earlier"]["study"]):
        yield f"{when} {study}", ("compare", "prior")
    for value, words in closed["severity"].items():
        for word, noun in product(words, closed["graded"]["noun"]):
            yield f"{word} in {noun}", ("graded", value)
            for before in closed["graded"]["before"]:
                yield f"{before} {word} {noun}", ("graded", value)
                yield f"{before} a {word} {noun}", ("graded", value)
    yield from _composed_doubts(closed)
    yield from _of_parts(closed)
    for value, phrases in closed["pseudo"].items():
        for phrase in phrases:
            if phrase.startswith("no "):
                yield f"with {phrase}", ("pseudo", value)
    for kind in ("hedge_post", "neg_post"):
        for value, phrases in closed[kind].items():
            for first, _, rest in (phrase.partition(" ") for phrase in phrases):
                for other in MANY.get(first, ()):
                    yield f"{other} {rest}", (kind, value)


COPULAS = ("is", "are", "was", "were", "appears", "appear", "seems", "seem", "remains", "remain")
"""What a verdict behind a finding may begin with, each in place of "is"."""


def _behind(kind: str, phrase: str) -> tuple[str, ...]:
    """A phrase of doubt or denial that stands behind a finding, with every verb that may begin it."""
    first, _, rest = phrase.partition(" ")
    return tuple(f"{verb} {rest}" for verb in COPULAS) if kind in ("hedge_post", "neg_post") and first == "is" else ()


def _closed_tags(closed: Mapping[str, Any]) -> Iterable[tuple[str, tuple[str, str]]]:
    yield from _composed_tags(closed)
    for kind in PLAIN:
        for value, phrases in closed[kind].items():
            for phrase in phrases:
                yield phrase, (kind, phrase if kind == "link" else value)
                if phrase.startswith(("cannot", "could not")):
                    yield phrase.replace("cannot", "can t").replace("could not", "couldn t"), (kind, value)
                for other in _behind(kind, phrase):
                    yield other, (kind, value)
                if kind == "zone" and phrase.endswith(PLURAL):
                    yield f"{phrase}s", (kind, value)
    yield from _place_tags(closed)


def _place_tags(closed: Mapping[str, Any]) -> Iterable[tuple[str, tuple[str, str]]]:
    """The structures that places are parts of, and words that hold a side and a place."""
    for zone, phrases in closed["zone"].items():
        for phrase in phrases:
            if zone.endswith("lobe") or "lung" in phrase or phrase.endswith((" zone", " field")):
                yield phrase, ("structure", "lung")
                if phrase.endswith(PLURAL):
                    yield f"{phrase}s", ("structure", "lung")
    for structure, zones in closed["zone_structure"].items():
        for phrase in chain.from_iterable(closed["zone"][zone] for zone in zones):
            yield phrase, ("structure", structure)
    for entry in closed["compound"]:
        for phrase in entry["words"]:
            yield phrase, ("side", entry["side"])
            yield phrase, ("zone", entry["zone"])
            yield phrase, ("structure", PARENT_OF.get(entry["zone"].rpartition(" ")[2], "lung"))


Tagged = tuple[tuple[str, ...], tuple[str, str]]
"""The words of a phrase, and what it means as kind and value."""


def _concept_tags(concepts: Mapping[str, Concept], taken: Collection[tuple[str, ...]]) -> Iterable[Tagged]:
    """Every name of every concept, then the variants that no name and no word of the closed classes has taken."""
    owner: dict[tuple[str, ...], str] = {}
    named: list[tuple[Concept, tuple[str, ...], bool]] = []
    for rank in (0, 1):
        for concept in concepts.values():
            singular = (concept.name,) if rank == 0 else (concept.id.replace("_", " "), *concept.synonyms)
            extra = concept.plural if rank else ()
            for phrase in chain(singular, extra, *(plurals(word) for word in singular)):
                words = tokens_of(phrase)
                if owner.setdefault(words, concept.id) == concept.id:
                    yield words, (concept.kind, concept.id)
                    if words[:1] in (("left",), ("right",)):
                        yield words, ("side", words[0])
                    if concept.kind == "finding":
                        named.append((concept, words, rank == 0))
    yield from _variant_tags(named, owner, taken)


def _variant_tags(
    named: list[tuple[Concept, tuple[str, ...], bool]],
    owner: dict[tuple[str, ...], str],
    taken: Collection[tuple[str, ...]],
) -> Iterable[Tagged]:
    table = _read(FAMILIES)
    families = Families(
        (tuple(map(tokens_of, family)) for family in table["same"]), map(tokens_of, chain(*table["turned"]))
    )
    for concept, name, main in named:
        meaning = (concept.kind, concept.id)
        for words in (name, *families.variants(name, twice=main)):
            if words not in taken and owner.setdefault(words, concept.id) == concept.id:
                yield words, meaning
                for turned, side in families.turnings(words):
                    if turned not in taken and owner.setdefault(turned, concept.id) == concept.id:
                        yield turned, meaning
                        if side:
                            yield turned, ("side", side)


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The lexicon shipped in `readingroom.prompts`, read and compiled at the first call."""
    closed, concepts = _read(CLOSED), _concepts()
    table: dict[tuple[str, ...], dict[tuple[str, str], None]] = defaultdict(dict)
    for phrase, tag in _closed_tags(closed):
        table[tokens_of(phrase)][tag] = None
    for words, tag in _concept_tags(concepts, frozenset(table)):
        table[words][tag] = None
    buckets: dict[str, list[Phrase]] = defaultdict(list)
    pairs: dict[str, dict[str, list[Phrase]]] = defaultdict(lambda: defaultdict(list))
    for words, tags in sorted(table.items(), key=lambda one: -len(one[0])):
        meaning = Phrase(words[1:], len(words), tuple(tags))
        if words:
            buckets[words[0]].append(meaning)
        if meaning.rest:
            pairs[words[0]][words[1]].append(meaning)
    zones, zone_of = _zone_tables(closed)
    parents = {key: concept.parents for key, concept in concepts.items()}
    return Lexicon(
        concepts=concepts,
        phrases={first: tuple(bucket) for first, bucket in buckets.items()},
        pairs={first: {second: tuple(bucket) for second, bucket in more.items()} for first, more in pairs.items()},
        singles={first: bucket[-1] for first, bucket in buckets.items() if not bucket[-1].rest},
        lineage=_closure(parents),
        line={key: _in_order(key, parents) for key in parents},
        zones=zones,
        zone_of=zone_of,
        placed=frozenset(closed["placed"][0]),
        qualifiers=frozenset(closed["qualifiers"][0]),
        organs={made.lstrip("!"): one.id for one in reversed(concepts.values()) for made in one.makes.values()},
    )
