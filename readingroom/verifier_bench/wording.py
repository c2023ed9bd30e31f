"""A fact put into a sentence: frames with slots, and which parts of the fact the sentence tells."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from readingroom.domain.measurement import PRINTED
from readingroom.verifier_bench.facts import Fact
from readingroom.verifier_bench.phrasebook import Entry, NumberEntry, Phrasebook

GROUP = re.compile(r"\[([^\]]*)\]")
SLOT = re.compile(r"\{(\w+)\}")
ARTICLE = re.compile(r"\x01\s*(\S+)?")
SAYS: Mapping[str, frozenset[str]] = {
    "severity": frozenset(("severity",)), "degree": frozenset(("severity",)), "side": frozenset(("side",)),
    "site": frozenset(("side", "zone")), "spot": frozenset(("side", "zone")), "size": frozenset(("size",)),
    "sizes": frozenset(("size", "cross")), "long": frozenset(("size",)), "prior": frozenset(("prior",)),
    "value": frozenset(("size",)),
}  # fmt: skip
"""Which parts of a fact each slot tells."""

OTHERS = ("with", "other", "third")
"""Slots for further facts: one that is there, and two that are denied."""


class Line(NamedTuple):
    """How one fact is told: the frame, and the dice by which each slot chooses its word."""

    fact: int
    frame: str
    dice: Mapping[str, float]
    others: tuple[int, ...] = ()
    """Further facts told in the same sentence, for its slots {with}, {other} and {third} in this order."""


class Worded(NamedTuple):
    """Sentences, and the parts of the fact that they tell."""

    texts: tuple[str, ...]
    tells: frozenset[str]


def _pick(options: Sequence[str], roll: float) -> str:
    return options[int(roll * len(options))]


class Speaker(NamedTuple):
    """One writer's way of filling slots; `other_sides` says sides in the words kept for controls."""

    book: Phrasebook
    other_sides: bool = False

    def say(self, line: Line, fact: Fact, others: Sequence[Fact] = ()) -> Worded | None:
        """The sentences; None where the frame asks for what the fact has not."""
        slots = self._slots(fact, line.dice) | self._beside(line, others)
        used: set[str] = set()

        def fill(text: str) -> str | None:
            names = SLOT.findall(text)
            if any(not slots.get(name) for name in names if name not in ("a", "is", "has")):
                return None
            used.update(names)
            return SLOT.sub(lambda match: slots[match[1]], text)

        whole = fill(GROUP.sub(lambda match: fill(match[1]) or "", line.frame))
        if whole is None:
            return None
        tells = frozenset[str]().union(*(SAYS.get(name, frozenset()) for name in used))
        tells = frozenset(part for part in tells if part != "side" or fact.side != "unspecified")
        tells = frozenset(part for part in tells if part != "zone" or fact.zone)
        return Worded(tuple(_tidy(part) for part in whole.split(" // ")), tells)

    def _beside(self, line: Line, others: Sequence[Fact]) -> dict[str, str]:
        """What is said of the further facts: of one that is there its degree and side, of an absent one its name."""
        slots = [name for name in OTHERS if f"{{{name}}}" in line.frame]
        return {name: self._phrase(other, line.dice) for name, other in zip(slots, others, strict=False)}

    def _phrase(self, fact: Fact, dice: Mapping[str, float]) -> str:
        own = self._slots(fact, dice)
        if fact.presence == "absent":
            return own["noun"]
        return " ".join(filter(None, (own["a"], own.get("severity"), own.get("side"), own["noun"])))

    def _slots(self, fact: Fact, dice: Mapping[str, float]) -> dict[str, str]:
        noun, plural, counted = _noun(fact, dice["noun"])
        slots = {
            "noun": noun,
            "a": "\x01" if counted and not plural else "",
            "is": "are" if plural else "is",
            "has": "have" if plural else "has",
        }
        if isinstance(fact.entry, NumberEntry):
            return {**slots, "value": _value(fact)}
        return {**slots, **self._places(fact, dice), **self._degrees(fact, fact.entry, dice), **self._sizes(fact, dice)}

    def _places(self, fact: Fact, dice: Mapping[str, float]) -> dict[str, str]:
        sided = fact.side in ("left", "right", "bilateral")
        words = self.book.words["side_words"] if self.other_sides else self.book.own("sides")
        side = _pick(words[fact.side], dice["side"]) if sided else ""
        if not fact.zone:
            site = self._alone(fact, dice) if sided else ""
            return {"side": side, "site": site, "spot": side if fact.side != "bilateral" else ""}
        place, places, adjective = self.book.own("places")[fact.zone]
        table: Any = self.book.own("site")
        options = table["both"][fact.side] if sided else table["place"]
        if sided and self.other_sides:
            options = self.book.words["side_sites"][fact.side]
        site = _pick(options, dice["site"]).replace("{places}", places).replace("{place}", place)
        spot = f"{side} {adjective}" if fact.side in ("left", "right") else ""
        return {"side": side, "site": site, "spot": spot}

    def _alone(self, fact: Fact, dice: Mapping[str, float]) -> str:
        table = self.book.words["side_alone"] if self.other_sides else self.book.own("site")["side"]
        return _pick(table[fact.side], dice["site"])

    def _degrees(self, fact: Fact, entry: Entry, dice: Mapping[str, float]) -> dict[str, str]:
        if fact.severity is None or not entry.severity:
            return {}
        scale = self.book.words["severity"]
        return {
            "severity": _pick(scale[entry.severity][self.book.writer][fact.severity], dice["severity"]),
            "degree": _pick(scale["degree"][self.book.writer][fact.severity], dice["severity"]),
        }

    def _sizes(self, fact: Fact, dice: Mapping[str, float]) -> dict[str, str]:
        if fact.size is None:
            return {}
        table = self.book.own("sizes")
        one, two = _pick(table["one"], dice["size"]), _pick(table["two"], dice["size"])
        long = _pick(table.get("long", table["one"]), dice["size"])
        found = {
            "size": _sized(one, fact.size, None),
            "sizes": _sized(two, fact.size, fact.cross),
            "long": _sized(long, fact.size, None),
        }
        return found if fact.prior is None else {**found, "prior": _sized(one, fact.prior, None)}


def _noun(fact: Fact, roll: float) -> tuple[str, bool, bool]:
    """The noun as it stands, whether it is plural, and whether it can be counted."""
    one, bar, many = _pick(fact.entry.nouns, roll).partition("|")
    plural = bool(bar) and (not one or fact.side == "bilateral")
    return (many if plural else one), plural, bool(bar)


def _sized(style: str, size: float, cross: float | None) -> str:
    values = {"v": f"{size:g}", "c": f"{size / 10:.1f}", "w": f"{cross or 0:g}", "d": f"{(cross or 0) / 10:.1f}"}
    return re.sub(r"\{(\w)\}", lambda match: values[match[1]], style)


def _value(fact: Fact) -> str:
    entry = fact.entry
    if not isinstance(entry, NumberEntry) or fact.size is None:
        return ""
    number = f"{fact.size:.{entry.decimals}f}"
    return number if entry.unit in ("1", "count") else f"{number} {PRINTED.get(entry.unit, entry.unit)}"


def _tidy(text: str) -> str:
    """Articles before their words, one space between words, a capital at the start."""
    text = ARTICLE.sub(lambda match: f"{_article(match[1] or '')} {match[1] or ''}", text)
    text = re.sub(r"\s+", " ", text).replace(" ,", ",").replace(" .", ".").strip()
    return text[:1].upper() + text[1:]


def _article(word: str) -> str:
    spelled = re.match(r"[LR]\b", word)  # said as letters: "an L"
    return "an" if spelled or re.match(r"[aeiou]|8|11(?!\d)|18(?!\d)", word.lower()) else "a"
