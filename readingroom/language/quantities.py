"""Numbers with their units as a report writes them, brought to one base unit for comparing."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from readingroom.domain.measurement import Measurement

Role = Literal["value", "prior", "limit", "bound", "floor"]
"""value: measured now; prior: before ("from 8 to 9"); limit: a normal value; bound: "within 5 %", "less than 3 cm";
floor: "more than 3 cm"."""


class Quantity(NamedTuple):
    """One number of a sentence."""

    value: float
    span: tuple[int, int]
    unit: str = ""
    """A domain unit, or empty where the text gives none."""
    name: str = ""
    """The measurement it is said to be: area, longest_diameter ...; empty where the text does not say."""
    decimals: int = 0
    sd: float | None = None
    role: Role = "value"
    rough: bool = False
    """The text says about, approximately, roughly."""


class Base(NamedTuple):
    """A unit's dimension and how many of the dimension's base unit it holds."""

    dimension: str
    factor: float


BASE: dict[str, Base] = {
    "mm": Base("length", 1), "cm": Base("length", 10), "m": Base("length", 1000), "mm2": Base("area", 1),
    "cm2": Base("area", 100), "mm3": Base("volume", 1), "mL": Base("volume", 1000), "cm3": Base("volume", 1000),
    "L": Base("volume", 1e6), "px": Base("px", 1), "px2": Base("px2", 1), "voxel": Base("voxel", 1),
    "HU": Base("HU", 1), "1": Base("ratio", 1), "%": Base("ratio", 0.01), "count": Base("count", 1),
    "grey": Base("grey", 1), "": Base("", 1),
}  # fmt: skip

UNITS: tuple[tuple[str, str], ...] = (
    ("mm2", r"mm\s?(?:2|\^2|²)|(?:sq(?:uare)?\.?)\s?(?:mm|millimet(?:er|re)s?)|millimet(?:er|re)s?\s(?:squared|2)"),
    ("cm2", r"cm\s?(?:2|\^2|²)|(?:sq(?:uare)?\.?)\s?(?:cm|centimet(?:er|re)s?)|centimet(?:er|re)s?\s(?:squared|2)"),
    ("mm3", r"mm\s?(?:3|\^3|³)|(?:cu(?:bic)?\.?)\s?(?:mm|millimet(?:er|re)s?)"),
    ("cm3", r"cm\s?(?:3|\^3|³)|(?:cu(?:bic)?\.?)\s?(?:cm|centimet(?:er|re)s?)|ccm|cc"),
    ("px2", r"(?:sq(?:uare)?\.?)\s?(?:px|pixels?)|(?:px|pixels?)\s?(?:2|\^2|²)"),
    ("mm", r"mm|millimet(?:er|re)s?"),
    ("cm", r"cms?|centimet(?:er|re)s?"),
    ("mL", r"mls?|millilit(?:er|re)s?"),
    ("L", r"l(?:it(?:er|re)s?)?"),
    ("HU", r"hu|hounsfield(?:\sunits?)?"),
    ("px", r"px|pixels?"),
    ("voxel", r"voxels?"),
    ("grey", r"gr[ea]y(?:\s|-)?(?:levels?|values?|units?)?"),
    ("%", r"%|per\s?cent|percent"),
)
UNIT = "|".join(f"(?P<u{index}>{pattern})" for index, (_, pattern) in enumerate(UNITS))
NUMBER = r"(?:\d{1,3}(?:[,\u2009\u202f]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
SIZE = re.compile(
    rf"(?<![\w.,])(?P<sign>[-+]\s?)?(?P<a>{NUMBER})"
    rf"(?:\s?(?P<own_a>mm|cm)?\s?(?P<join>x|×|by|\*|to|-|and)\s?(?P<b>{NUMBER}))?"
    rf"(?:\s?(?P<own_b>mm|cm)?\s?(?:x|×|by|\*)\s?(?P<c>{NUMBER}))?"
    rf"(?:\s?-?\s?(?:{UNIT})(?![\w²³]))?"
)
SPREAD = re.compile(
    rf"\s?(?:\(\s?(?:sd|s\.d\.|standard deviation)\s?:?\s?|±\s?|\+/-\s?|\+-\s?)(?P<sd>{NUMBER})\s?(?:%|mm|cm)?\s?\)?"
)
ROUGH = re.compile(r"(?:about|approximately|approx\.?|roughly|around|nearly|almost|~|circa|ca\.?|estimated at)\s*$")
BEFORE: tuple[tuple[Role, re.Pattern[str]], ...] = (
    ("limit", re.compile(
        r"(?:(?:limit|threshold) (?:of|is)|cut-?off of|normal\s?[<:]?|normal range\s?:?|normal is)\s*$")),
    ("prior", re.compile(
        r"(?:previously|prior|formerly|was|were|before:?|compared (?:to|with)|versus|vs\.?)\s"
        r"(?:measur(?:ed|ing)\s)?(?:approximately\s|about\s)?$")),
    ("floor", re.compile(r"(?:(?:more|greater|larger|higher) than|\bover|above|exceed(?:s|ing)?|at least|>|≥)\s*$")),
    ("bound", re.compile(r"(?:within|less than|under|below|no more than|not more than|at most|<|≤)\s*$")),
)  # fmt: skip
AFTER = re.compile(
    r"\s?\)?,? (?:before|previously|earlier|formerly|(?:on|at) (?:the )?(?:prior|previous|"
    r"last))\b(?!\W*(?:\w+\W+){0,2}\d)|\s?\)?,?\s(?:\w+\s)?(?:on|in|at) the (?:prior|previous|earlier|old)"
    r"|\s?\)?,?\s(?:then(?=\s?(?:$|[;,.)/]|and\b|but\b|versus\b|vs\b))(?!,?\s\d)|last time\b|at baseline\b|"
    r"(?:a|one|two|three|four|five|six|\d+) (?:day|week|month|year)s? ago\b)"
)
NOW_BESIDE = re.compile(
    r"[\s,;(/]*(?:then|before|and|but|to|is|it|vs|versus|which|measures|at present|now|currently|today|presently)?"
    r"(?:\s?(?:and|but|is|it is|measures|at present|now|currently|today|presently|[,;:]))*[\s,;:]*"
)
"""All that stands between a number of then and one of now."""
CLOSE = 40
"""Most characters between them."""
PRESENT = re.compile(r"\b(?:now|currently|today|presently|at present)\b")
BEHIND = re.compile(r"\s?\)?,?\s(?:is\s)?(?:now|currently|today|presently|at present)\b")
THEN = re.compile(
    r"previous|prior|before|former|earlier|compar|from|last|\bnow\b|current|today|since|\bold\b|versus|\bvs\b"
)
"""Of a number in the past tense: whether it speaks of an earlier image."""
EARLIER = re.compile(r"\b(?:previous(?:ly)?|prior|formerly)\b")
FROM = re.compile(r"from\s(?:approximately\s|about\s)?$")
COME_FROM = re.compile(
    r"(?:changed|increased|decreased|grown|enlarged|reduced|different) from\s(?:approximately\s|about\s)?$"
)
TO = re.compile(r"\s?(?:%|mm|cm|mL|ml)?\s?to\s")
GRADE = re.compile(r"(?:rads|category|grade|stage|type|level|figure|image|slice|series)\s?:?\s?$")
NOT_SIZE = re.compile(
    r"(?:st|nd|rd|th)\b|\s?o'?\s?clock|\s?-?\s?(?:year|yr|y/?o|view|hour|week|month|day|p\.?m|a\.?m|°|degree|:|/)"
)
YEAR = re.compile(r"(?:19|20)\d\d")
BARE = re.compile(r"^\d+$")


def _unit_of(match: re.Match[str]) -> str:
    last = match.lastgroup or ""  # the unit is the pattern's last group
    return UNITS[int(last[1:])][0] if last[0] == "u" else ""


def _role(head: str, tail: str) -> Role:
    if AFTER.match(tail):
        return "prior"
    return next((role for role, pattern in BEFORE if pattern.search(head)), "value")


def _number(text: str) -> tuple[float, int]:
    plain = re.sub(r"[,\s]", "", text)
    return float(plain), len(plain.partition(".")[2])


def quantities_of(text: str) -> tuple[Quantity, ...]:
    """Every number of a lower-case sentence that can be a measurement; ages, dates, times and counts of views are not.

    "3 x 2 cm" gives two, "3-4 mm" two, "from 8 to 12 mm" one earlier and one present, "0.52 (sd 0.03)" one with its
    spread. A whole number without a unit has the unit ""; who reads it decides whether it counts something.
    """
    found: list[Quantity] = []
    position = 0
    while (match := SIZE.search(text, position)) is not None:
        unit, end = _unit_of(match), match.end()
        position = end
        if not unit and match["b"] is not None and match["join"] in ("to", "-", "and", "by"):
            end = position = match.end("a")
            found += _plain(text, match, end)
            continue
        if not unit and (
            NOT_SIZE.match(text, end)
            or YEAR.fullmatch(match["a"])
            or GRADE.search(text[max(0, match.start() - 12) : match.start()])
        ):
            continue
        spread = SPREAD.match(text, end)
        position = spread.end() if spread else end
        found += _sizes(text, match, unit, spread)
    return tuple(_with_earlier(text, found))


def _plain(text: str, match: re.Match[str], end: int) -> list[Quantity]:
    if NOT_SIZE.match(text, end):
        return []
    value, decimals = _number(match["a"])
    if YEAR.fullmatch(match["a"]):
        return []
    head = text[max(0, match.start() - 28) : match.start()]
    role, rough = _role(head, text[end : end + 40]), bool(ROUGH.search(head))
    return [Quantity(value=value, decimals=decimals, role=role, rough=rough, span=(match.start("a"), end))]


def _sizes(text: str, match: re.Match[str], unit: str, spread: re.Match[str] | None) -> list[Quantity]:
    head = text[max(0, match.start() - 28) : match.start()]
    rough, role = (
        bool(ROUGH.search(head)),
        _role(
            head if head.rstrip().endswith("estimated at") else ROUGH.sub("", head),
            text[match.end() : match.end() + 40],
        ),
    )
    sizes: list[Quantity] = []
    for part in ("a", "b", "c"):
        if match[part] is None:
            continue
        value, decimals = _number(match[part])
        if part == "a" and (match["sign"] == "-" or (match["sign"] and unit == "HU" and "-" in match["sign"])):
            value = -value
        span = match.span() if part == "a" else match.span(part)
        own = match[f"own_{part}"] if part != "c" else None
        printed = "mL" if unit == "cm3" else own or unit
        size = Quantity(value=value, unit=printed, decimals=decimals, role=role, rough=rough, span=span)
        sizes.append(size._replace(sd=_number(spread["sd"])[0]) if spread else size)
    return sizes


def _with_earlier(text: str, found: list[Quantity]) -> list[Quantity]:
    """ "from A to B": A was measured before, and has B's unit where it has none of its own; "was A" told alone is "
    "no earlier one."""
    if found and all(one.role == "prior" for one in found) and not THEN.search(text):
        found = [one._replace(role="value") for one in found]
    told = [
        one._replace(role="prior")
        if one.role == "value" and COME_FROM.search(text[max(0, one.span[0] - 28) : one.span[0]])
        else one
        for one in found
    ]
    for index in range(len(told) - 1):
        first, second = told[index], told[index + 1]
        head = text[max(0, first.span[0] - 22) : first.span[0]]
        between = text[min(first.span[1], second.span[0]) : second.span[0]]
        joined = TO.fullmatch(between) or (first.span[1] >= second.span[1] and " to " in text[slice(*first.span)])
        before = text[max(0, first.span[0] - 40) : first.span[0]]
        since = (PRESENT.search(between) and EARLIER.search(before)) or _gives_way(text, first, second, between)
        if since or (FROM.search(head) and joined):
            told[index] = first._replace(role="prior", unit=first.unit or second.unit)
    return told


def _gives_way(text: str, first: Quantity, second: Quantity, between: str) -> bool:
    """Whether two numbers of one thing are of then and of now: "0.40 and now 0.44", "0.40 then and 0.44 now"."""
    if first.role != "value" or second.role != "value" or len(between) > CLOSE or not NOW_BESIDE.fullmatch(between):
        return False
    if first.unit and second.unit and dimension(first.unit) != dimension(second.unit):
        return False
    behind_first = BEHIND.match(text, first.span[1]) is not None
    led = PRESENT.search(between) is not None and not behind_first
    return led or (BEHIND.match(text, second.span[1]) is not None and not behind_first)


def base_value(value: float, unit: str) -> float:
    """The value in its dimension's base unit: mm, mm², mm³, a ratio, or the unit itself."""
    return value * BASE[unit].factor


def dimension(unit: str) -> str:
    """length, area, volume, ratio, px ... ; a number without a unit has the dimension ""."""
    return BASE[unit].dimension


COARSE = 0.05
"""Most that a measurement printed without decimals may differ: "1 cm" is not "1.5 cm"."""


def half_step(decimals: int, unit: str) -> float:
    """Half a unit of the last printed digit, in the base unit."""
    return float(0.5 * 10.0**-decimals * BASE[unit].factor)


def _is_round(claim: Quantity) -> bool:
    """Whether a bound is a round figure; "within 31 %" is not, and tells what was measured."""
    return claim.unit != "%" or claim.value % 5 == 0


def same_number(claim: Quantity, measured: Measurement) -> bool:
    """Whether the number told is the number measured, as far as either is printed.

    The tolerance is half a unit of the last digit, of the text's or of the measurement's, whichever is larger; of a
    measurement's that is not rounded to tens no more than COARSE; ten percent where the text says "about". A bound
    holds for anything below it; of an estimate it is the estimate. A number without a unit is read in the
    measurement's own; a percentage that is no round figure is no mere bound.
    """
    unit = claim.unit or measured.unit
    told, known = base_value(claim.value, unit), base_value(measured.value, measured.unit)
    printed = half_step(measured.decimals, measured.unit)
    printed = printed if measured.decimals < 0 else min(printed, COARSE * abs(known))
    tolerance = max(half_step(claim.decimals, unit), printed)
    if claim.rough:
        tolerance = max(tolerance, 0.1 * abs(known))
    if claim.role == "floor" and measured.qualifier != "estimated":
        return abs(known) >= abs(told) - tolerance
    if claim.role == "bound" and measured.qualifier != "estimated" and _is_round(claim):
        return abs(known) <= abs(told) + tolerance
    return abs(told - known) <= tolerance * (1 + 1e-9) + 1e-12
