"""Comparisons that tell a course: "denser than before", "bigger than on the last scan", "more effusion than before"."""

from __future__ import annotations

import re
from typing import Literal

from readingroom.domain.terms import Change
from readingroom.language.item import Item

Course = Change | Literal["changed"]
"""What a text says became of something; "changed" where it does not say how."""


def told_course(course: Course | None) -> tuple[Change | None, bool]:
    """The change that a course tells, and whether it tells only that there is one."""
    return (None, True) if course == "changed" else (course, False)


def turned_courses(items: list[Item], plain: str) -> list[Item]:
    """With courses that are denied, and those told of the earlier image: "not stable" is changed, "no visible change"
    is none, and what "was larger before" is smaller now."""
    told: list[Item] = []
    for index, item in enumerate(items):
        if item.kind == "compare" and _unseen_before(told, items[index + 1 :], item, plain):
            told[-1] = told[-1]._replace(kind="change", value="new")
        if item.kind == "change":
            if LEANING.match(plain[item.start : item.end]) and not _is_of_time(items[index + 1 :], plain):
                told.append(item._replace(kind="word"))
                continue
            if item.value in OPPOSITE and _of_before(plain, item):
                item = item._replace(value=OPPOSITE[item.value])  # noqa: PLW2901
            at = _denial(told)
            if at >= 0 and _denies_course(told[at], item, plain):
                item = item._replace(value=UNTOLD[item.value], start=told[at].start)  # noqa: PLW2901
                del told[at:]
        told.append(item)
    return told


UNSEEN = re.compile(
    r"not (?:been )?(?:seen|present|visible|visuali[sz]ed|identified|evident|there|demonstrated|noted|shown|detected|"
    r"apparent|appreciated)\b"
)


def _unseen_before(told: list[Item], rest: list[Item], prior: Item, plain: str) -> bool:
    """ "Not seen on the last examination", said behind a finding: it is new."""
    if len(told) < 2 or told[-1].kind != "neg" or (rest and rest[0].kind not in ("break", "comma", "and", "stop")):
        return False
    found = any(one.kind in ("finding", "device") for one in told[:-1])
    return found and UNSEEN.match(plain, told[-1].start, prior.start) is not None


def _is_of_time(rest: list[Item], plain: str) -> bool:
    """Whether an earlier image is what something differs from, and no other side."""
    ahead = next((one for one in rest if one.kind != "word" or plain[one.start : one.end] != "the"), None)
    return ahead is not None and (ahead.kind == "compare" or plain.startswith("before", ahead.start))


LEANING = re.compile(r"differ|changes? from$")
"""Words of a course only where an earlier image follows: "different from the left", "changes from fibrosis"."""

NOUN = re.compile(r"(?:progress|regress|increase|decrease|reduction|growth|shrinkage|enlargement|worsening|improvement|"
                  r"deterioration|change)(?:ion)?(?: in| of| from| since)?$")  # fmt: skip


def _denies_course(denial: Item, course: Item, plain: str) -> bool:
    """ "Has not progressed", "no interval progression of": it is stable; "no larger effusion" is another denial."""
    if course.value == "changed":
        return True
    if denial.value == "not":
        return course.value in UNTOLD
    return course.value in OPPOSITE and NOUN.search(plain[course.start : course.end]) is not None


UNTOLD = {"changed": "stable", "stable": "changed", "larger": "stable", "smaller": "stable", "worse": "stable",
          "better": "stable"}  # fmt: skip
"""Courses to what is left of them where they are denied."""
OPPOSITE = {"larger": "smaller", "smaller": "larger", "worse": "better", "better": "worse"}
NARROWING = frozenset(("scope", "severity", "compare", "descriptor"))
"""What may stand between a denial and the change that it denies: "no significant interval change"."""


def _denial(told: list[Item]) -> int:
    """Where the denial stands that reaches what comes next; -1 where none does."""
    at = len(told) - 1
    while at >= 0 and (told[at].kind in NARROWING or (told[at].kind, told[at].value) in FITTING):
        at -= 1
    return at if at >= 0 and told[at].kind == "neg" else -1


FITTING = frozenset((("word", "a"), ("word", "any"), ("verb", "be"), ("word", "really"), ("word", "entirely")))

WAS = re.compile(r"\b(?:was|were|had been|used to be)\s(?:\w+ly\s|much\s|somewhat\s|still\s|a little\s|even\s)?$")
THEN = re.compile(
    r"\s(?:before|previously|earlier|formerly|then|in the past|last time|"
    r"(?:on|in|at) (?:the )?(?:prior|previous|earlier|last|old))\b"
)
BACK_THEN = re.compile(
    r"^\W*(?:(?:on|in|at) (?:the )?(?:prior|previous|earlier|last|old)\b|previously|formerly|before)"
)


def _of_before(plain: str, item: Item) -> bool:
    """Whether a comparison tells how it was on the earlier image: "was larger before", "used to be larger"."""
    was = WAS.search(plain[: item.start])
    if was is None or plain.startswith(" than", item.end):
        return False
    return was[0].startswith("used") or THEN.match(plain, item.end) is not None or BACK_THEN.match(plain) is not None


def grown(items: list[Item], plain: str) -> list[Item]:
    """ "Denser than before" and "bigger than on the last scan" are courses and compare no sides."""
    items = _more_than_before(items, plain)
    courses = {item.start for item in items if item.kind == "change"}
    told: list[Item] = []
    grown = -1
    for index, item in enumerate(items):
        following = next((one for one in items[index + 1 : index + 4] if one.start > item.start), None)
        compared = following is not None and (following.kind, following.value) == BEFORE
        if compared and item.start in courses:
            told += [item] if item.kind == "change" else []
        elif compared and item.value in DENSITIES:
            told.append(item._replace(kind="change", value=DENSITIES[item.value]))
            grown = item.start
        elif compared and (course := GROWTH.get(plain[item.start : item.end])):
            told.append(item._replace(kind="change", value=course))
            grown = item.start
        elif item.start != grown:
            told.append(item)
    return told


BEFORE = ("compare", "prior")


def _more_than_before(items: list[Item], plain: str) -> list[Item]:
    """ "More effusion than before", "less edema compared with the last study": what is compared stands between."""
    first = items[0]
    course = GROWTH.get(plain[first.start : first.end])
    at = next((index for index, one in enumerate(items) if (one.kind, one.value) == BEFORE), 0)
    between = items[1:at]
    if course is None or first.kind == "change" or not any(one.kind in ("finding", "device") for one in between):
        return items
    if any(one.kind in ("verb", "comma", "break", "change", "pseudo") for one in between):
        return items
    rest = [one for one in items[1:] if one.start > first.start and one.value != "than"]
    return [first._replace(kind="change", value=course), *rest]


GROWTH = {"bigger": "larger", "larger": "larger", "greater": "larger", "more": "larger", "higher": "larger",
          "more extensive": "larger", "more prominent": "larger", "more pronounced": "worse", "more marked": "worse",
          "more severe": "worse", "worse": "worse", "smaller": "smaller", "less": "smaller", "lesser": "smaller",
          "fewer": "smaller", "lower": "smaller"}  # fmt: skip
"""Comparisons with an earlier image, to the course that they tell."""

DENSITIES = {"denser": "worse", "fainter": "better"}
