"""A degree that stands behind its finding, in words of its own: "effusion, small", "emphysema that is severe"."""

from __future__ import annotations

from readingroom.language.item import Item

APART = frozenset(("comma", "break", "open", "close", "pronoun", "link", "and"))
"""What may part a degree from its finding."""

ALONE = frozenset(("severity", "word", "verb", "partitive", "measurement", "stop"))
"""What may stand beside a degree that is told by itself."""

JUDGED = frozenset(
    ("graded", "grade", "rated", "classified", "judged", "called", "considered", "described", "assessed", "estimated",
     "termed", "quantified", "scored", "labelled", "regarded", "to", "degree", "severity", "extent")
)  # fmt: skip
"""Words that bring a degree: "graded as moderate", "to a severe degree"."""

ENDED = frozenset(("verb", "see", "side", "zone", "change", "compare", "hedge_post", "structure"))
"""What goes on behind a degree in a relative clause: "that is small is seen"."""


NEXT = frozenset(("comma", "break", "open", "close", "and", "pronoun", "stop", "link", "change", "compare"))
"""What begins another phrase."""

NAMES = frozenset(("finding", "device", "structure", "descriptor"))


def with_degrees(items: list[Item]) -> list[Item]:
    """The items with each degree that stands alone behind a finding put before it, where that has none."""
    for at in range(len(items) - 1, 0, -1):
        if at < len(items) and items[at].kind == "severity":
            items = _fronted(items, at)
    return items


def _fronted(items: list[Item], at: int) -> list[Item]:
    """The items with the degree at `at` before the finding that it grades; unchanged where it stands in a phrase."""
    start = _start(items, at)
    if start is None or not _is_alone(items, start, at):
        return items
    owner = next((index for index in range(start - 1, -1, -1) if items[index].kind == "finding"), None)
    if owner is None or _is_graded(items, owner) or any(item.kind == "severity" for item in items[owner + 1 : start]):
        return items
    noun = next(index for index in range(owner + 1) if items[index].start == items[owner].start)
    degree = items[at]._replace(start=items[noun].start - 1, end=items[noun].start - 1)
    kept = [items[start]] if items[start].kind not in ("pronoun", "link", "word") else []
    rest = [item for item in items[at + 1 :] if item.start != items[at].start]
    before = [item for item in items[noun:start] if item.start != items[start].start]
    return [*items[:noun], degree, *before, *kept, *rest]


def _start(items: list[Item], at: int) -> int | None:
    """Where the words that tell the degree begin: the comma, dash, relative pronoun or preposition before it."""
    for index in range(at - 1, -1, -1):
        item = items[index]
        if item.kind in APART or item.value in JUDGED:
            return index
        if item.kind not in ALONE or item.start == items[at].start:
            return None
    return None


def _is_alone(items: list[Item], start: int, at: int) -> bool:
    """Whether nothing follows in the same phrase that the degree could grade."""
    relative = items[start].kind == "pronoun"
    for item in items[at + 1 :]:
        if item.start == items[at].start:
            continue
        if item.kind in NEXT or (relative and item.kind in ENDED):
            return True
        if item.kind in NAMES:
            return False
    return True


def _is_graded(items: list[Item], owner: int) -> bool:
    """Whether a degree stands before the finding already."""
    for item in reversed(items[:owner]):
        if item.kind == "severity":
            return True
        if item.kind not in ("word", "side", "zone", "structure", "descriptor", "scope", "finding"):
            return False
    return False
