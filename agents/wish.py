"""What a question asks for, read by words that are data; the same words always give the same wish."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple, cast

from pydantic import Field

from readingroom.domain.plan import Aim
from readingroom.domain.value import Value
from readingroom.language.claims import read_claims
from readingroom.language.lexicon import lexicon
from readingroom.language.sentences import Sentence
from readingroom.prompts.words import load_words, read_words
from readingroom.tools.models import models

FILE = "planner/words.yaml"

SHORTEST = 5
"""Letters that a word needs to be taken for a key word with one of them wrong."""

MOST_READ = 2000
"""Characters of a question that are read for wishes."""

QUOTED = re.compile(r"[\"“”„«»]([^\"“”„«»]{3,2000})[\"“”„«»]")
IDENTIFIER = re.compile(r"\b([efi])\s?(\d{1,4})\b", re.IGNORECASE)
TOKEN = re.compile(r"[^\W_]+|[.,;:?!]", re.UNICODE)
JOINED = re.compile(r"['’`]")


class Structure(Value):
    """What a user may call one structure, and the targets it stands for."""

    words: tuple[str, ...]
    targets: tuple[str, ...]
    otherwise: tuple[str, ...] = Field(default=(), alias="else")
    """Targets where the image is served with none of the first."""


class Quantity(Value):
    """What a user may call one quantity."""

    words: tuple[str, ...]
    targets: tuple[str, ...] = ()
    """The outlines it needs, where it is of no single structure."""
    also: tuple[str, ...] = ()
    """Measurements that answer for it where it has no such name."""
    only: str = ""
    """The one modality it is of."""


class Refused(Value):
    """Something that is not done here, and what to say of it."""

    words: tuple[str, ...]
    says: str


class Words(Value):
    """prompts/planner/words.yaml."""

    version: int
    aims: dict[Aim, tuple[str, ...]]
    weak_segment: tuple[str, ...]
    looking: tuple[str, ...]
    negations: tuple[str, ...]
    structures: dict[str, Structure]
    everything: tuple[str, ...]
    quantities: dict[str, Quantity]
    cannot: dict[str, Refused]
    says: dict[str, str]
    articles: frozenset[str]
    stops: frozenset[str]
    plain: frozenset[str]
    ordinals: dict[str, int]


@cache
def words() -> Words:
    """The file, checked."""
    return Words(**cast("dict[str, Any]", load_words(read_words(FILE), FILE)))


class Wish(Value):
    """All that one question asks for."""

    aims: tuple[Aim, ...] = ()
    """What is to come out, each once, in the order of the words."""
    structures: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()
    """Each structure named: its targets, and those that do where the image is served with none of these."""
    everything: bool = False
    strange: tuple[str, ...] = ()
    """What is to be outlined or measured and is no structure we have a name for, in the user's words."""
    quantities: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    """What to choose from, where a classification names it; of one alone the planner asks whether it is a label."""
    question: str = ""
    """The words themselves, as far as they were read."""
    findings: tuple[str, ...] = ()
    """Concepts of the lexicon that are asked after."""
    cannot: tuple[str, ...] = ()
    """Keys of what is not done here."""
    declined: tuple[Aim, ...] = ()
    """What is expressly not wanted."""
    ids: tuple[str, ...] = ()
    """F2, E3, I1: what is to be explained."""
    ordinal: int = 0
    """The second finding is 2, the last -1."""
    quotes: tuple[str, ...] = ()


class Hit(NamedTuple):
    """A phrase found in the question."""

    start: int
    end: int
    kind: str
    name: str


def _tokens(text: str) -> list[str]:
    joined = JOINED.sub("", text.lower())
    return TOKEN.findall(re.sub(r"(?<=\w)[-_/](?=\w)", " ", joined))


def _pattern(phrase: str) -> str:
    """A phrase as a regular expression over words with one space before each and a comma after sentences."""
    parts = []
    for part in phrase.split():
        if part == "...":
            parts.append(r"(?: \w+){0,4}?")
        elif part == "^":
            parts.append(r"(?:^|(?<=[.,;:?!]))(?: please| and| then| can| could| you| kindly)*")
        else:
            optional = part.endswith("?")
            choice = "|".join(re.escape(word) for word in part.rstrip("?").split("|"))
            parts.append(f"(?: (?:{choice}))?" if optional else f" (?:{choice})")
    return "".join(parts) + r"(?!\w)"


@cache
def _phrases() -> tuple[tuple[re.Pattern[str], str, str], ...]:
    """Every phrase compiled, with its kind and name."""
    told = words()
    rows: list[tuple[str, str, str]] = [(p, "aim", name) for name, phrases in told.aims.items() for p in phrases]
    rows += [(p, "weak", "segment") for p in told.weak_segment]
    rows += [(p, "looking", "segment") for p in told.looking]
    rows += [(p, "structure", name) for name, item in told.structures.items() for p in item.words]
    rows += [(p, "target", name) for name in _targets() for p in (name.lower(), f"{name.lower()}s")]
    rows += [(p, "everything", "all") for p in told.everything]
    rows += [(p, "quantity", name) for name, item in told.quantities.items() for p in item.words]
    rows += [(p, "cannot", name) for name, item in told.cannot.items() for p in item.words]
    return tuple((re.compile(_pattern(p.replace("-", " "))), kind, name) for p, kind, name in rows)


def _targets() -> tuple[str, ...]:
    """Every name of models.yaml that no structure of the file has."""
    known = {word for item in words().structures.values() for word in item.words}
    named = {name for row in models().values() for targets in row.segments.values() for name in targets}
    return tuple(sorted(name for name in named if name.lower() not in known))


@cache
def _key_words() -> Mapping[str, tuple[str, ...]]:
    """Words that are known again with one letter wrong, by length."""
    told = words()
    phrases = [p for group in told.aims.values() for p in group]
    phrases += [p for structure in told.structures.values() for p in structure.words]
    phrases += [p for quantity in told.quantities.values() for p in quantity.words]
    phrases += [p for refused in told.cannot.values() for p in refused.words]
    found = {word for p in phrases for word in re.findall(r"[^\W_]+", p) if len(word) >= SHORTEST}
    by_length: dict[str, list[str]] = {}
    for word in sorted(found):
        by_length.setdefault(str(len(word)), []).append(word)
    return {length: tuple(group) for length, group in by_length.items()}


def _one_off(a: str, b: str) -> bool:
    """Whether one letter more, less, other or swapped makes one of the other (Damerau 1964)."""
    if abs(len(a) - len(b)) > 1:
        return False
    if len(a) > len(b):
        a, b = b, a
    at = next((index for index, letter in enumerate(a) if letter != b[index]), len(a))
    if len(a) < len(b):
        return a[at:] == b[at + 1 :]
    return a[at + 1 :] == b[at + 1 :] or (a[at : at + 2] == b[at : at + 2][::-1] and a[at + 2 :] == b[at + 2 :])


def _mended(token: str) -> str:
    """The key word that a token misspells, where there is just one."""
    told = words()
    sizes = [group for size in (-1, 0, 1) for group in _key_words().get(str(len(token) + size), ())]
    if len(token) < SHORTEST or token in told.plain or token in told.articles or token in sizes:
        return token
    near = {word for word in sizes if word[0] == token[0] and _one_off(token, word)}
    stems = {word.rstrip("s") for word in near}
    return min(near, key=lambda word: (abs(len(word) - len(token)), word)) if len(stems) == 1 else token


def _hits(text: str) -> list[Hit]:
    """Phrases found, where they overlap the longest, else the first of the file."""
    found = [
        Hit(match.start(), match.end(), kind, name)
        for pattern, kind, name in _phrases()
        for match in pattern.finditer(text)
    ]
    taken: list[Hit] = []
    for hit in sorted(found, key=lambda one: one.start - one.end):
        if all(hit.end <= other.start or hit.start >= other.end for other in taken):
            taken.append(hit)
    return sorted(taken)


def _declined_spans(text: str) -> Iterator[tuple[int, int]]:
    for phrase in words().negations:
        for match in re.finditer(_pattern(phrase), text):
            end = re.search(r" (?:and|but|then)\b|[.,;:?!]", text[match.end() :])
            yield match.start(), match.end() + end.start() if end else len(text)


def _phrase_after(text: str, end: int) -> str:
    """The noun that a verb of outlining or measuring is given: "segment the unicorn, please" is "unicorn"."""
    told = words()
    noun: list[str] = []
    for token in re.findall(r"[^\W_]+|[.,;:?!]", text[end:]):
        if token in told.articles and not noun:
            continue
        if token in told.stops or token in told.articles or not token[0].isalnum():
            break
        noun.append(token)
    return " ".join(noun[:4])


LABELS = re.compile(r"(?:\b(?:as|with|into|between|among)\b|:)\s*:?\s*(?:either\s+)?(.+)$", re.IGNORECASE)
EITHER = re.compile(r"\bis (?:this|it)\s+(?:an?\s+)?(.+\bor\b.+)$", re.IGNORECASE)
SPLIT = re.compile(r"\s*(?:,|;|\bor\b|\band\b|\bvs\b\.?|/)\s*", re.IGNORECASE)
LEAD = re.compile(r"^(?:an?|the|either|whether|it is|is it)\s+", re.IGNORECASE)


def _labels(text: str) -> tuple[str, ...]:
    """What a classification is to choose from, in the user's own words."""
    match = EITHER.search(text) or LABELS.search(text)
    if match is None:
        return ()
    parts = [LEAD.sub("", part.strip(" .?!\"'")).strip() for part in SPLIT.split(match[1])]
    return tuple(dict.fromkeys(part for part in parts if part))


def _findings(text: str) -> tuple[str, ...]:
    sentences = [Sentence(id="S1", section="findings", text=text)]
    found = (claim.observation for _, told in read_claims(sentences, asked=True) for claim in told)
    known = lexicon().concepts
    return tuple(dict.fromkeys(name for name in found if name not in known or known[name].kind != "structure"))


def read_wish(question: str) -> Wish:
    """What is asked for, in any order of words; quoted text is a sentence to explain and never a wish.

    Only the first `MOST_READ` characters are read. Key words are known again with one letter wrong. Nothing raises:
    what is not understood leaves an empty wish.
    """
    question = question[:MOST_READ]
    quotes = tuple(match.strip() for match in QUOTED.findall(question))
    bare = QUOTED.sub(" ", question)
    ids = tuple(dict.fromkeys(f"{letter.upper()}{int(number)}" for letter, number in IDENTIFIER.findall(bare)))
    text = "".join(word if word in ".,;:?!" else f" {word}" for word in map(_mended, _tokens(bare)))
    away = list(_declined_spans(text))
    kept = [hit for hit in _hits(text) if not any(start <= hit.start < end for start, end in away)]
    findings = _findings(bare)
    aims = _aims(kept, finding=any(name.split(":")[0] != "open" for name in findings))
    declined = {hit.name for hit in _hits(text) if hit.kind == "aim"} - set(aims) if away else set()
    return Wish(
        aims=aims,
        structures=_structures(kept),
        everything=any(hit.kind == "everything" for hit in kept),
        strange=_strange(text, kept) if {"segment", "measure"} & set(aims) else (),
        quantities=_names(kept, "quantity"),
        labels=_labels(question) if "classify" in aims else (),
        question=bare,
        findings=findings,
        cannot=_names(kept, "cannot"),
        declined=cast("tuple[Aim, ...]", tuple(sorted(declined))),
        ids=ids,
        ordinal=next((words().ordinals[token] for token in text.split() if token in words().ordinals), 0),
        quotes=quotes,
    )


def _names(hits: Iterable[Hit], kind: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(hit.name for hit in hits if hit.kind == kind))


def _aims(hits: list[Hit], *, finding: bool) -> tuple[Aim, ...]:
    """A quantity is a wish to measure; "show the heart" outlines it where nothing else is asked of it, and so does
    "find the heart", where it is no finding that is looked for."""
    found = list(_names(hits, "aim"))
    if _names(hits, "quantity") and not {"measure", "draft"} & set(found):
        found.append("measure")
    named = _names(hits, "structure") + _names(hits, "target")
    if not found and named and (_names(hits, "weak") or (_names(hits, "looking") and not finding)):
        found.append("segment")
    return cast("tuple[Aim, ...]", tuple(found))


def _structures(hits: Iterable[Hit]) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    told = words().structures
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], None] = {}
    for hit in hits:
        if hit.kind == "structure":
            found[told[hit.name].targets, told[hit.name].otherwise] = None
        elif hit.kind == "target":
            found[(hit.name,), ()] = None
    return tuple(found)


def _strange(text: str, hits: list[Hit]) -> tuple[str, ...]:
    """What follows a verb of outlining or measuring and is no phrase of ours."""
    verbs = [hit for hit in hits if hit.kind == "aim" and hit.name in ("segment", "measure")]
    if any(hit.kind in ("structure", "target", "everything", "quantity") for hit in hits):
        return ()
    nouns = (_phrase_after(text, hit.end) for hit in verbs)
    return tuple(dict.fromkeys(noun for noun in nouns if noun))
