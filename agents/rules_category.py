"""Rules R01, R02 and R14 on categories: what a text calls Lung-RADS, BI-RADS or TI-RADS is what the report computed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from readingroom.agents.case import Case, Judge
from readingroom.domain.category import NOT_ASSESSABLE, Category, CategorySystem
from readingroom.domain.check import Problem
from readingroom.language.sentences import SAYING

ORDER: dict[CategorySystem, tuple[str, ...]] = {
    "Lung-RADS": ("0", "1", "2", "3", "4A", "4B", "4X"),
    "BI-RADS": ("0", "1", "2", "3", "4", "4A", "4B", "4C", "5", "6"),
    "TI-RADS": ("TR1", "TR2", "TR3", "TR4", "TR5"),
}
"""Categories as a text may name them, from least to most suspicious."""

SYSTEMS: tuple[tuple[CategorySystem, str], ...] = (
    ("Lung-RADS", r"(?:ACR\s)?lung[-\s]?rads"), ("BI-RADS", r"(?:ACR\s)?bi[-\s]?rads"),
    ("TI-RADS", r"(?:ACR\s)?ti[-\s]?rads"),
)  # fmt: skip
CLASS = (
    r"(?:(?:assessment|final|risk|overall)\s+)*"
    r"(?:categor(?:y|ies)|scores?|levels?|class(?:ification)?|grades?|kategorie|stufe)"
)
LINK = (
    r"(?:(?:[\s:=,()®™*_-]|v(?:ersion)?\.?\s?(?:20\d\d|\d\.\d)\b|20(?:17|19|22)\b|version\b|edition\b|5th\b"
    r"|is\b|was\b|of\b|a\b|the\b|as\b|assessed\b|" + CLASS + r"\b)*?)"
)
VALUE = (
    r"(?:TR[-\s]?)?(?P<value>[0-6](?:\s?[A-CX])?(?:\s?S)?)"
    r"(?![\w%/]|\.\d|\s?(?:mm|cm|points?|punkte?)\b)"
)
POINTS = r"(?P<points>\d{1,2})\s?(?:points?|punkte?)\b"
UNASSESSED = r"(?P<none>not\s+(?:assessable|assessed|applicable|available))"
LEVEL = re.compile(r"(?<![\w-])TR[-\s]?(?P<value>[1-5])(?![\w%/]|\.\d)")
"""A level of TI-RADS named by itself."""

ABOUT = re.compile(r"thyroid|nodule|ti[-\s]?rads", re.IGNORECASE)
"""TR1 is a level where the sentence speaks of these; else it can be a repetition time."""

BEFORE = re.compile(
    r"\b(?:previous(?:ly)?|prior|formerly|earlier|last)\b(?:(?!\bnow\b|\bcurrent|\btoday\b|\bpresent)[^.;]){0,30}$",
    re.IGNORECASE,
)
AFTER = re.compile(r"^[^.;]{0,12}\b(?:previously|on the (?:prior|previous)|formerly)\b", re.IGNORECASE)


class Named(NamedTuple):
    """One category that a text names."""

    system: CategorySystem
    value: str
    """As the report prints it: "4A", "TR4", "not assessable"; empty where only points are named."""
    points: int | None
    span: tuple[int, int]
    earlier: bool
    """Said of an earlier exam."""


def _patterns() -> Iterator[tuple[CategorySystem, re.Pattern[str]]]:
    for system, name in SYSTEMS:
        told = rf"(?:{POINTS}|{VALUE}|{UNASSESSED})"
        yield system, re.compile(rf"(?<!\w){name}(?![A-Za-z]){LINK}{told}", re.IGNORECASE)
        yield system, re.compile(rf"\b{CLASS}\s*:?\s*{VALUE}\s*(?:\(|by|according to|per|,)?\s*{name}\b", re.IGNORECASE)
        if system == "TI-RADS":
            yield system, re.compile(rf"\b{POINTS}\s*(?:\(|by|according to|per|in|on|,)?\s*{name}\b", re.IGNORECASE)


PATTERNS = tuple(_patterns())


@lru_cache(maxsize=4096)
def categories_in(text: str) -> tuple[Named, ...]:
    """Every category that a sentence names, in order; breast density ("BI-RADS density c") is none."""
    if "rads" not in text.casefold() and LEVEL.search(text) is None:
        return ()
    found: dict[tuple[CategorySystem, str, int | None], Named] = {}
    for system, pattern in PATTERNS:
        for match in pattern.finditer(text):
            one = _named(system, match, text)
            found.setdefault((one.system, one.value, one.points), one)
    for match in LEVEL.finditer(text) if ABOUT.search(text) else ():
        one = _named("TI-RADS", match, text)
        found.setdefault((one.system, one.value, one.points), one)
    return tuple(sorted(found.values(), key=lambda one: one.span))


def _named(system: CategorySystem, match: re.Match[str], text: str) -> Named:
    groups = match.groupdict()
    points = int(groups["points"]) if groups.get("points") else None
    value = re.sub(r"\s", "", groups.get("value") or "").upper()
    if system == "TI-RADS" and value:
        value = f"TR{value}"
    if groups.get("none"):
        value = NOT_ASSESSABLE
    earlier = bool(BEFORE.search(text[: match.start()]) or AFTER.search(text[match.end() :]))
    return Named(system, value, points, match.span(), earlier)


def _of(system: CategorySystem, case: Case) -> list[Category]:
    return [one for one in case.ledger.categories if one.system == system]


def _agrees(named: Named, category: Category) -> bool:
    """Whether a category is the one that is named; a text may leave out the modifier S and never add it.

    BI-RADS 4 is 4A, 4B or 4C without saying which.
    """
    if named.points is not None:
        return any(given.name == "points" and given.value == str(named.points) for given in category.inputs)
    if NOT_ASSESSABLE in (category.value, named.value):
        return category.value == named.value
    whole = category.value[:1] if category.system == "BI-RADS" else category.value
    return named.value in (category.value, category.value.removesuffix("S"), whole)


def _told_before(named: Named, case: Case) -> bool:
    """Whether a prior report that was supplied names the same category."""
    quotes = (item.quote for item in case.ledger.by_id.values() if item.kind == "prior_report")
    return any(
        (other.system, other.value, other.points) == (named.system, named.value, named.points)
        for quote in quotes
        for other in categories_in(quote)
    )


def _printed(named: Named) -> str:
    return f"{named.system} {named.value or f'{named.points} points'}"


def r01_category(case: Case) -> Iterator[Problem]:
    """Names a category of a system by which the report computed none, or an earlier one that nothing tells."""
    if case.sentence.section not in SAYING:
        return
    for named in categories_in(case.sentence.text):
        if named.earlier:
            if not _told_before(named, case):
                reason = f"says that it was {_printed(named)}; no prior report that was supplied says so"
                yield Problem(rule="R01", verdict="unsupported", reason=reason, span=named.span)
        elif not _of(named.system, case):
            reason = f"says {_printed(named)}; the report computed no {named.system} category"
            yield Problem(rule="R01", verdict="unsupported", reason=reason, span=named.span)


def r02_category(case: Case) -> Iterator[Problem]:
    """Names another category than the report computed."""
    if case.sentence.section not in SAYING:
        return
    for named in categories_in(case.sentence.text):
        known = _of(named.system, case)
        if known and not named.earlier and not any(_agrees(named, one) for one in known):
            values = ", ".join(f"{one.value} ({one.id})" for one in known)
            reason = f"says {_printed(named)}; the report computed {values}"
            yield Problem(rule="R02", verdict="contradicted", reason=reason, evidence=_evidence(known), span=named.span)


def r14_category(case: Case) -> Iterator[Problem]:
    """The impression names a lower category than the report's highest, and nowhere the highest."""
    if case.sentence.section != "impression":
        return
    for named in categories_in(case.sentence.text):
        known = [one for one in _of(named.system, case) if one.value != NOT_ASSESSABLE]
        if named.earlier or not named.value or not any(_agrees(named, one) for one in known):
            continue
        top = max(known, key=lambda one: _rank(one.system, one.value))
        if not _agrees(named, top) and not _in_impression(top, case):
            reason = f"says {_printed(named)}; the report's highest is {top.value} ({top.id})"
            yield Problem(rule="R14", verdict="contradicted", reason=reason, evidence=_evidence([top]), span=named.span)


def _rank(system: CategorySystem, value: str) -> int:
    order = ORDER[system]
    return order.index(value.removesuffix("S")) if value.removesuffix("S") in order else -1


def _in_impression(category: Category, case: Case) -> bool:
    told = (one.sentence.text for one in case.text if one.sentence.section == "impression")
    return any(
        named.system == category.system and not named.earlier and _agrees(named, category)
        for text in told
        for named in categories_in(text)
    )


def _evidence(categories: Sequence[Category]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for one in categories for given in one.inputs for name in given.evidence))


def holds_category(case: Case) -> bool:
    """Whether the sentence names a category that the report computed: it is checkable, and checked, by that."""
    return any(
        not named.earlier and any(_agrees(named, one) for one in _of(named.system, case))
        for named in categories_in(case.sentence.text)
    )


CATEGORY = frozenset(("category",))

CATEGORY_RULES: tuple[Judge, ...] = (
    Judge("R01", r01_category, CATEGORY), Judge("R02", r02_category, CATEGORY), Judge("R14", r14_category, CATEGORY),
)  # fmt: skip
