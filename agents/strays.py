"""What a sentence adds to what it cites: numbers, sides and words that stand in none of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from readingroom.domain.evidence import Evidence
from readingroom.domain.finding import Finding
from readingroom.language.lexicon import lexicon, tokens_of
from readingroom.language.scan import scan
from readingroom.prompts.words import load_words, read_words

FILE = "phrasing.yaml"

NUMBER = re.compile(r"(?<![a-z\d])\d+(?:[.,]\d+)*")
"""The 2 of cm2 is none; T12 is one."""
COUNTS = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|half|halves|twice|thrice|thirds?|quarters?|"
    r"double|doubled|triple|tripled|several|multiple|numerous|many|few)\b",
    re.IGNORECASE,
)
SIDE = re.compile(r"\b(left|right|bilateral|bilaterally|both)\b", re.IGNORECASE)
PLAIN_NUMBER = re.compile(r"\d+(?:\.\d+)?")
MOST_NAMED = 5


def texts_of(items: Iterable[Evidence | Finding]) -> tuple[str, ...]:
    """All that evidence or a finding says in words and printed numbers."""
    found: list[str] = []
    for item in items:
        own = item.text if isinstance(item, Finding) else f"{item.summary} {item.quote} {item.quality_reason}"
        found += [own, item.zone, item.observation.replace("_", " ")]
        found += [f"{part.title} {part.text} {part.spread}" for part in item.measurements]
    return tuple(found)


def strays(text: str, cited: Iterable[Evidence | Finding], plain: Iterable[str] = ()) -> Iterator[str]:
    """Why a sentence says more than what it cites; nothing where it does not.

    `plain`: how the template says the same; its words may be used, its numbers and sides are the evidence's.
    """
    items = tuple(cited)
    told = texts_of(items)
    yield from _numbers(text, told)
    yield from _sides(text, items, told)
    yield from _words(text, (*told, *plain))


def _numbers(text: str, told: tuple[str, ...]) -> Iterator[str]:
    known = {_value(number) for one in told for number in NUMBER.findall(one)}
    added = [number for number in NUMBER.findall(text) if _value(number) not in known]
    counted = {word.lower() for one in told for word in COUNTS.findall(one)}
    added += [word for word in COUNTS.findall(text) if word.lower() not in counted]
    if added:
        yield f"says {', '.join(added[:MOST_NAMED])[:60]}, which stands in nothing that it cites"


def _value(number: str) -> str:
    """The same for 41, 41.0 and 041; a list of digits of another form stays as it is."""
    if not PLAIN_NUMBER.fullmatch(number):
        return number
    return f"{float(number):g}" if len(number) < 12 else number


def _sides(text: str, items: tuple[Evidence | Finding, ...], told: tuple[str, ...]) -> Iterator[str]:
    """Sides where what is cited has none, or the other alone; the rules judge how two sides are compared."""
    named = _sides_in(text)
    known = frozenset[str]().union(*map(_sides_in, told), *(_sides_in(item.laterality) for item in items))
    if named - known and not (len(named) == 2 and known):
        yield f"says {' and '.join(sorted(named - known))}; what it cites names {' and '.join(known) or 'no side'}"


def _sides_in(text: str) -> frozenset[str]:
    found = {word.lower() for word in SIDE.findall(text)}
    return frozenset(("left", "right")) if found - {"left", "right"} else frozenset(found)


def _words(text: str, told: tuple[str, ...]) -> Iterator[str]:
    """Words that neither the lexicon nor what is cited has, and that do not merely join others; and advice."""
    known = {token for one in told for token in tokens_of(one)} | _joining()
    items = scan(text, lexicon()).items
    added = [item.value for item in items if item.kind == "word" and not known.issuperset(tokens_of(item.value))]
    if added:
        yield f"uses {', '.join(repr(word[:20]) for word in added[:MOST_NAMED])}, which nothing that it cites has"
    advised = [item for item in items if item.kind == "advice" and text[item.start : item.end].lower() not in known]
    if advised:
        yield "gives advice"


@cache
def _joining() -> frozenset[str]:
    data: dict[str, str] = load_words(read_words(FILE), FILE)
    return frozenset(data["words"].split())
