"""How much, how big and how changed: the degree, the numbers and the course of each thing a clause names."""

from __future__ import annotations

from typing import NamedTuple, cast

from readingroom.domain.terms import Severity
from readingroom.language.courses import Course
from readingroom.language.item import Item
from readingroom.language.laterality import Window
from readingroom.language.lexicon import Lexicon
from readingroom.language.mentions import Mention
from readingroom.language.quantities import Quantity

SEVERITIES: tuple[Severity, ...] = ("trace", "mild", "moderate", "severe")


class Clause(NamedTuple):
    """A clause with what was found in it."""

    items: list[Item]
    mentions: list[Mention]
    windows: list[Window]
    free: set[int]
    quantities: tuple[Quantity, ...]
    kinds: set[str]
    """The kinds of its items: what none of them is needs no looking for."""


GRADING = frozenset(("severity", "graded"))


def severity_of(clause: Clause, index: int) -> Severity | None:
    if not clause.kinds & GRADING:
        return None
    mention, window = clause.mentions[index], clause.windows[index]
    items, key = clause.items, clause.items[mention.key]
    before = items[window.start : mention.last + 1]
    found = [item.value for item in before if item.kind == "severity" and item.start != key.start]
    if not found:
        after = items[mention.last + 1 : window.end]
        predicate = next((at for at, item in enumerate(after) if item.kind in ("verb", "open")), None)
        found = (
            [item.value for item in after[predicate or 0 :] if item.kind == "severity" and item.start != key.start]
            if predicate is not None
            else []
        )
        found = found or [item.value for item in after if item.kind == "graded"] or _apposed(after)
        lead = items[: window.start] if index == 0 and mention.key == mention.last else []
        found = found or [
            item.value for item in lead if item.kind == "severity" and "there" not in {i.kind for i in lead}
        ]
    return cast("Severity", max(found, key=SEVERITIES.index)) if found else None


def _apposed(after: list[Item]) -> list[str]:
    """A degree alone behind a comma: "pneumothorax on the right, large", "decrease in the ascites, now trace"."""
    at = max((index for index, item in enumerate(after) if item.kind == "comma"), default=-1)
    rest = [item for item in after[at + 1 :] if item.kind not in ("word", "break", "compare", "and", "link", "change")]
    alone = at >= 0 and rest and all(item.kind == "severity" or item.start == rest[0].start for item in rest)
    return [item.value for item in rest if item.kind == "severity"] if alone else []


def numbers_of(clause: Clause, words: Lexicon) -> list[tuple[Quantity, ...]]:
    """Each quantity of the clause to the mention it measures."""
    if "quantity" not in clause.kinds:
        return [()] * len(clause.mentions)
    given: list[list[Quantity]] = [[] for _ in clause.mentions]
    for at, item in enumerate(clause.items):
        if item.kind != "quantity":
            continue
        number = clause.quantities[int(item.value)]
        owner = _owner(clause, at)
        mention = clause.mentions[owner]
        name = name_at(clause.items, at)
        concept = words.concepts.get(mention.observation)
        if not number.unit and not number.decimals:
            counted = concept is not None and (concept.countable or _next_is(clause, at, mention))
            if not (counted or name or (mention.kind == "measurement") or number.role == "prior"):
                continue
            if counted and not name and mention.kind != "measurement":
                name = "count"
        if mention.kind == "measurement" and not name:
            name = mention.observation
        given[owner].append(number._replace(name=name) if name else number)
    return [tuple(numbers) for numbers in given]


def _next_is(clause: Clause, at: int, mention: Mention) -> bool:
    return mention.first > at and all(
        item.kind in ("word", "severity", "side", "descriptor") for item in clause.items[at + 1 : mention.first]
    )


def _owner(clause: Clause, at: int) -> int:
    best = None
    for index, (mention, window) in enumerate(zip(clause.mentions, clause.windows, strict=True)):
        if window.start <= at < mention.first or mention.first <= at <= mention.last:
            return index
        if mention.last < at:
            best = index
    return best if best is not None else 0


def name_at(items: list[Item], at: int) -> str:
    """The measurement named beside a number: "an area of 12", "12 in longest diameter"."""
    for index in range(at - 1, max(-1, at - 7), -1):
        kind = items[index].kind
        if kind == "measurement":
            if items[index].value != "size":
                return items[index].value
            break
        if kind in ("comma", "and", "quantity", "open", "close"):
            break
    for index in range(at + 1, min(len(items), at + 4)):
        kind = items[index].kind
        if kind == "measurement":
            return "" if items[index].value == "size" or _names_next(items, index) else items[index].value
        if kind not in ("word", "link", "verb"):
            break
    return ""


def _names_next(items: list[Item], index: int) -> bool:
    """Whether a measurement word belongs to the number after it."""
    following = [item.kind for item in items[index + 1 : index + 4]]
    return "quantity" in following and "comma" not in following[: following.index("quantity")]


def changes_of(clause: Clause) -> list[tuple[Course, ...]]:
    """The change words of each mention: its own, or those that the whole list shares."""
    items = clause.items
    words = [index for index, item in enumerate(items) if item.kind in CHANGING and _tellschange_of(items, index)]
    if not words and "neg_post" not in clause.kinds:
        return [()] * len(clause.mentions)
    told: list[tuple[Course, ...]] = []
    for mention, window in zip(clause.mentions, clause.windows, strict=True):
        start = _led_by(items, window.start, words)
        own = [change_of(items[index]) for index in words
               if start <= index < window.end and not _part_of_name(items, index, mention)]  # fmt: skip
        told.append(tuple(dict.fromkeys(own)))
    resolved = next(
        (index for index, item in enumerate(items) if item.kind == "neg_post" and item.value == "resolved"), -1
    )
    shared = _shared_change(clause, words)
    for index, mention in enumerate(clause.mentions):
        if mention.last < resolved:
            told[index] = ("resolved",)
        elif not told[index]:
            told[index] = shared
    return told


CHANGING = frozenset(("change", "pseudo", "descriptor"))
"""What can tell a course."""

LEADING = frozenset(("word", "link", "compare", "severity", "measurement"))


def _led_by(items: list[Item], start: int, words: list[int]) -> int:
    """Where a course told before "in" or "of" stands: "reduction in size of the left effusion"."""
    for index in range(start - 1, -1, -1):
        if index in words:
            return index
        if items[index].kind not in LEADING:
            break
    return start


MODIFIERS = frozenset(("word", "severity", "scope", "side", "zone", "compare", "change"))

GRADED = frozenset(
    ("lung_opacity", "airspace_opacity", "interstitial_opacity", "hyperlucent_lung", "pulmonary_congestion")
)
"""Of these "increased" says how they look, not how they changed."""

COURSES: dict[str, Course] = {"increased": "larger", "decreased": "smaller"}


def change_of(item: Item) -> Course:
    return COURSES.get(item.value) or cast("Course", item.value)


def _tellschange_of(items: list[Item], index: int) -> bool:
    item = items[index]
    if item.kind in ("change", "pseudo"):
        return item.value != "keep" and not _compares_sides(items, index)
    if item.kind != "descriptor" or item.value not in COURSES:
        return False
    ahead = next((one for one in items[index + 1 :] if one.kind not in MODIFIERS), None)
    if ahead is not None and ahead.kind in ("finding", "device"):
        return ahead.value not in GRADED
    before = next(
        (
            one
            for one in reversed(items[:index])
            if one.kind not in ("word", "severity", "compare") and one.start != item.start
        ),
        None,
    )
    return (
        before is not None
        and before.kind in ("verb", "comma", "and")
        and any(one.kind in ("finding", "device", "descriptor") for one in items[:index])
    )


def _part_of_name(items: list[Item], index: int, mention: Mention) -> bool:
    """A word that makes the finding is not also its course: "enlarging heart"."""
    return mention.first != mention.last and items[index].start == items[mention.key].start


def _shared_change(clause: Clause, words: list[int]) -> tuple[Course, ...]:
    items = clause.items
    if len({items[index].start for index in words}) != 1:
        return ()
    index = words[0]
    first, last = clause.mentions[0], clause.mentions[-1]
    leads = index < first.first and clause.windows[0].start > index
    trails = index > last.last and any(item.kind == "verb" for item in items[last.last + 1 : index])
    return (change_of(items[index]),) if leads or trails else ()


def _compares_sides(items: list[Item], index: int) -> bool:
    """ "smaller than the right" compares two sides of one image."""
    following = items[index + 1 : index + 5]
    start = items[index].start
    words = [item for item in following if item.start != start]
    return bool(words) and words[0].value == "than" and any(item.kind == "side" for item in words)
