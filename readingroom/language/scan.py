"""A sentence as a row of tagged words: what the lexicon knows, numbers, commas, and words it does not know."""

from __future__ import annotations

from typing import NamedTuple

from readingroom.language.lexicon import SILENT, WORD, Lexicon, Phrase
from readingroom.language.quantities import Quantity, quantities_of

SIGNS = {",": "comma", ";": "break", ":": "break", "(": "open", ")": "close", "[": "open", "]": "close", "/": "or",
         ".": "break", "?": "break", "!": "break", "&": "and", "–": "break", "—": "break"}  # fmt: skip

PLAIN_SIGNS = str.maketrans({"\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2212": "-", "\u2019": "'", "\u2018": "'",
                             "\u00a0": " ", "\t": " ", "\n": " ", "\r": " ", "\u00b5": "u"})  # fmt: skip


VOLUMES = frozenset(("mL", "L", "mm3", "cm3"))

EVEN = frozenset(("descriptor", "normal"))

OTHER = {"left": "right", "right": "left"}

CONVERSE = {"larger": "small", "bigger": "small", "greater": "small", "less dense": "denser", "less opaque": "denser",
            "darker": "denser"}  # fmt: skip
"""Comparisons of one side with the other, to what they make of the other: a larger left lung is a smaller right one."""


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
    return Scan(_settled(items, quantities, plain), quantities)


def _settled(items: list[Item], quantities: tuple[Quantity, ...], plain: str) -> list[Item]:
    """The items with those words settled that mean one thing or another by what stands beside them."""
    return _compared_sides(_turned(_measured(items, quantities, plain), plain), plain)


def _measured(items: list[Item], quantities: tuple[Quantity, ...], plain: str) -> list[Item]:
    """ "density -829 HU" and "lung volume 2089 mL" name measurements, "symmetric in density" what is symmetric."""
    told: list[Item] = []
    for index, item in enumerate(items):
        number = next((one for one in items[index + 1 : index + 4] if one.kind == "quantity"), None)
        unit = quantities[int(number.value)].unit if number else ""
        meaning = (item.kind, item.value)
        if meaning == ("finding", "lung_opacity") and unit == "HU":
            told.append(item._replace(kind="measurement", value="mean_hu"))
        elif meaning == ("finding", "lung_opacity") and _is_respect(items, index):
            told.append(item._replace(kind="word", value="density"))
        elif meaning == ("structure", "lung_volume") and unit in VOLUMES:
            told += [item._replace(value="lung"), item._replace(kind="measurement", value="volume")]
        elif item.kind == "pseudo" and "increased" in plain[item.start : item.end] and _is_ratio(items, index):
            told += [item._replace(kind="neg", value="not"), item._replace(kind="descriptor", value="increased")]
        else:
            told.append(item)
    return told


def _is_respect(items: list[Item], index: int) -> bool:
    """ "symmetric in ...": what follows is in what respect."""
    return index > 1 and items[index - 1].value == "in" and items[index - 2].kind in EVEN


def _is_ratio(items: list[Item], index: int) -> bool:
    """Whether what is "not increased" is a ratio, which has a normal value, and not a change."""
    before = next((one for one in reversed(items[:index]) if one.kind != "verb"), None)
    return before is not None and before.value == "cardiothoracic_ratio"


def _turned(items: list[Item], plain: str) -> list[Item]:
    """Lungs compared, told of the smaller or denser side: a left lung larger than the right is a smaller right."""
    for at, item in enumerate(items):
        converse = CONVERSE.get(plain[item.start : item.end])
        if converse is None:
            continue
        rest = [one for one in items[at + 1 :] if one.start > item.start]
        named = [index for index, one in enumerate(items[:at]) if one.kind == "side"]
        lungs = [one.kind for one in items[:at] if one.value == "lung" or one.kind in ("finding", "measurement")]
        if not named or lungs != ["structure"] or items[named[-1]].value not in OTHER:
            continue
        than = next((index for index, one in enumerate(rest[:5]) if one.kind == "side"), None)
        if than is None or rest[0].value != "than":
            continue
        other = OTHER[items[named[-1]].value]
        head = [one._replace(value=other) if index == named[-1] else one for index, one in enumerate(items[:at])]
        return [*head, Item("descriptor", converse, item.start, item.end), *rest[than + 1 :]]
    return items


def _compared_sides(items: list[Item], plain: str) -> list[Item]:
    """Without "compared with the left": that names the other side, and no earlier image."""
    told: list[Item] = []
    index = 0
    while index < len(items):
        item = items[index]
        index += 1
        if item.kind == "compare" and "compar" in plain[item.start : item.end]:
            side = index + (index < len(items) and items[index].value == "the")
            following = items[side + 1].kind if side + 1 < len(items) else "break"
            if side < len(items) and items[side].kind == "side" and following not in ("word", "compare", "finding"):
                index = side + 1
                continue
        told.append(item)
    return told
