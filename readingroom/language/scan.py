"""A sentence as a row of tagged words: what the lexicon knows, numbers, commas, and words it does not know."""

from __future__ import annotations

import re
from typing import NamedTuple

from readingroom.language.item import Item
from readingroom.language.lexicon import SILENT, WORD, Lexicon, Phrase
from readingroom.language.quantities import Quantity, quantities_of
from readingroom.language.settling import settled
from readingroom.language.spelling import spelled

SIGNS = {",": "comma", ";": "break", ":": "break", "(": "open", ")": "close", "[": "open", "]": "close", "/": "or",
         ".": "break", "!": "break", "&": "and", "–": "break", "—": "break"}  # fmt: skip

PLAIN_SIGNS = str.maketrans({"\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2212": "-", "\u2019": "'", "\u2018": "'",
                             "\u00a0": " ", "\t": " ", "\n": " ", "\r": " ", "\u00b5": "u"})  # fmt: skip


DASH = re.compile(r"(?<=[^\W\d]\s)[-–—](?=\s[^\W\d])|(?<=\)\s)[-–—](?=\s[^\W\d])")
"""A dash between words, which says as much as a colon."""


DIGIT = re.compile(r"\d")

SHORT = frozenset(("rt", "lt", "max", "min", "diam", "vs", "approx", "resp", "incl", "ca", "ddx", "dd", "bilat"))
"""Words whose full stop ends no sentence."""


JOINED = frozenset(("-", "'"))
"""What makes "re" a part of a word, and no right eye: "re-accumulated"."""


class Scan(NamedTuple):
    """The items in order, and the quantities that items of kind "quantity" number."""

    items: list[Item]
    quantities: tuple[Quantity, ...]


SIGNED = re.compile(r"(?<!\w)[-+]ve\b|(?<=\w )\(-\)", re.IGNORECASE)
SIGNED_WORDS = {"-ve": "neg", "+ve": "pos", "(-)": "nil"}
"""Signs of notes as words of the same length."""


def normalise(text: str) -> str:
    """Lower case with plain dashes and spaces, character for character, so that spans hold in the original."""
    plain = SIGNED.sub(lambda match: SIGNED_WORDS[match[0].lower()], text.translate(PLAIN_SIGNS))
    lowered = plain.lower()
    if len(lowered) == len(plain):
        return lowered
    return "".join(low if len(low := character.lower()) == 1 else character for character in plain)


def _match(words: Lexicon, names: tuple[str, ...], at: int) -> Phrase | None:
    """The longest phrase of the lexicon that begins here."""
    name = names[at]
    longer = words.pairs.get(name)
    if longer is not None and at + 1 < len(names):
        for phrase in longer.get(names[at + 1], ()):
            if phrase.length == 2 or names[at + 1 : at + phrase.length] == phrase.rest:
                return phrase
    return words.singles.get(name)


def _held_back(words: Lexicon, names: tuple[str, ...], at: int, phrase: Phrase) -> bool:
    """Whether a longer phrase begins behind the article: "the lesion of the skin" is no "the lesion"."""
    if names[at] != "the":
        return False
    behind = _match(words, names, at + 1)
    return behind is not None and behind.length >= phrase.length


def scan(text: str, words: Lexicon) -> Scan:
    """Tag a sentence; the longest phrase of the lexicon wins at each word."""
    plain = DASH.sub(":", normalise(text))
    quantities = quantities_of(plain) if DIGIT.search(plain) else ()
    starts = {quantity.span[0]: index for index, quantity in enumerate(quantities)}
    tokens = [
        (token, match.start(), match.end())
        for match in WORD.finditer(plain)
        if (token := match.group()) not in SILENT or match.start() in starts
    ]
    names = tuple([spelled(token) for token, _, _ in tokens])
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
        if token == "." and index > 1 and names[index - 2] in SHORT:  # noqa: S105 - a sign
            continue
        if sign := SIGNS.get(token):
            items.append(Item(sign, token, start, end))
            continue
        if token == "?":  # noqa: S105 - a sign
            items.append(Item("hedge_post" if items and index == size else "hedge", "may_represent", start, end))
            continue
        phrase = _match(words, names, index - 1)
        if (
            phrase is None
            or (phrase.length > 1 and _held_back(words, names, index - 1, phrase))
            or (token == "re" and phrase.length == 1 and {plain[end : end + 1], plain[start - 1 : start]} & JOINED)  # noqa: S105
        ):
            items.append(Item("word", token, start, end))
            continue
        index += phrase.length - 1
        last = tokens[index - 1][2]
        items += [Item(kind, value, start, last) for kind, value in phrase.tags]
    return Scan(settled(items, quantities, plain), quantities)
