"""Comparisons that tell a course: "denser than before", "bigger than on the last scan", "more effusion than before"."""

from __future__ import annotations

from readingroom.language.item import Item


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
