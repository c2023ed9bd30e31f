"""A sentence as a row of tagged words: what the lexicon knows, numbers, commas, and words it does not know."""

from __future__ import annotations

from typing import NamedTuple

from readingroom.agents.lexicon import SILENT, WORD, Lexicon, Phrase
from readingroom.agents.quantities import Quantity, quantities_of

SIGNS = {",": "comma", ";": "break", ":": "break", "(": "open", ")": "close", "[": "open", "]": "close", "/": "or",
         ".": "break", "?": "break", "!": "break", "&": "and", "–": "break", "—": "break"}  # fmt: skip

PLAIN_SIGNS = str.maketrans({"\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2212": "-", "\u2019": "'", "\u2018": "'",
                             "\u00a0": " ", "\t": " ", "\n": " ", "\r": " ", "\u00b5": "u"})  # fmt: skip


class Item(NamedTuple):
    """One tagged stretch of a sentence; a phrase with several meanings gives several items."""

    kind: str
    value: str
    start: int
    end: int


class Scan(NamedTuple):
    """The items in order, and the quantities that items of kind "quantity" number."""

    items: list[Item]
    quantities: tuple[Quantity, ...]


def normalise(text: str) -> str:
    """Lower case with plain dashes and spaces, character for character, so that spans hold in the original."""
    plain = text.translate(PLAIN_SIGNS)
    lowered = plain.lower()
    if len(lowered) == len(plain):
        return lowered
    return "".join(low if len(low := character.lower()) == 1 else character for character in plain)


def _match(bucket: tuple[Phrase, ...], tokens: list[tuple[str, int, int]], at: int) -> Phrase | None:
    for phrase in bucket:
        if phrase.length == 1:
            return phrase
        if at + phrase.length <= len(tokens) and all(
            tokens[at + 1 + offset][0] == word for offset, word in enumerate(phrase.rest)
        ):
            return phrase
    return None


def scan(text: str, words: Lexicon) -> Scan:
    """Tag a sentence; the longest phrase of the lexicon wins at each word."""
    plain = normalise(text)
    quantities = quantities_of(plain) if any(map(str.isdigit, plain)) else ()
    starts = {quantity.span[0]: index for index, quantity in enumerate(quantities)}
    tokens = [
        (token, match.start(), match.end())
        for match in WORD.finditer(plain)
        if (token := match.group()) not in SILENT or match.start() in starts
    ]
    items: list[Item] = []
    index, covered, size = 0, -1, len(tokens)
    while index < size:
        token, start, end = tokens[index]
        index += 1
        if start in starts:
            which = starts[start]
            items.append(Item("quantity", str(which), start, quantities[which].span[1]))
            covered = max(covered, quantities[which].span[1])
            continue
        if start < covered:
            continue
        if sign := SIGNS.get(token):
            items.append(Item(sign, token, start, end))
            continue
        phrase = _match(words.phrases[token], tokens, index - 1) if token in words.phrases else None
        if phrase is None:
            items.append(Item("word", token, start, end))
            continue
        index += phrase.length - 1
        last = tokens[index - 1][2]
        items.extend(Item(kind, value, start, last) for kind, value in phrase.tags)
    return Scan(items, quantities)
