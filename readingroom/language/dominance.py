"""Which of two sides is worse: "left greater than right", "bilateral, worse on the right"."""

from __future__ import annotations

from readingroom.language.item import Item

ITSELF = "itself"
"""The side that "left greater than left" says is worse: no text means that."""

BOTH = "bilateral"


def with_dominance(items: list[Item]) -> list[Item]:
    """The items with each comparison of sides as one item "greater", beside "bilateral" where both sides are meant."""
    told: list[Item] = []
    index = 0
    while index < len(items):
        item = items[index]
        if item.kind == "dominance":
            taken = _comparison(items, index, told)
            if taken:
                index = taken
                continue
        else:
            told.append(item)
        index += 1
    return told


def _skip(items: list[Item], index: int) -> int:
    """Past "the", "on the" and what else stands between a comparison and its side."""
    while index < len(items) and (items[index].kind in ("link", "change") or items[index].value in ("the", "side")):
        index += 1
    return index


def _comparison(items: list[Item], index: int, told: list[Item]) -> int:
    """Where the comparison that starts at a dominance word ends; 0 where it compares no sides."""
    start = items[index].start
    after = index + 1
    while after < len(items) and items[after].start == start:
        after += 1
    named = told[-1] if told and told[-1].kind == "side" else None
    if named is None and told and told[-1].start == start and len(told) > 1 and told[-2].kind == "side":
        named = told[-2]
    if after < len(items) and items[after].value == "than":
        other = _skip(items, after + 1)
        if named is not None and other < len(items) and items[other].kind == "side":
            return _both(items, told, named, other)
        return 0
    side = _skip(items, after)
    if (
        side < len(items)
        and items[side].kind == "side"
        and any(one.kind == "side" and one.value == BOTH for one in told)
    ):
        _drop_same_span(told, start)
        told.append(Item("greater", items[side].value, start, items[side].end))
        return _past_reference(items, side + 1)
    return 0


def _both(items: list[Item], told: list[Item], named: Item, other: int) -> int:
    _drop_same_span(told, items[other].start, after=named.end)
    told.remove(named)
    worse = named.value if named.value != items[other].value else ITSELF
    told.append(Item("side", BOTH, named.start, items[other].end))
    told.append(Item("greater", worse, named.start, items[other].end))
    return other + 1


def _drop_same_span(told: list[Item], start: int, after: int | None = None) -> None:
    """Take off the other meanings of the comparing word: "larger" is no change here."""
    while (
        told
        and (told[-1].start == start or (after is not None and told[-1].start >= after))
        and told[-1].kind != "side"
    ):
        told.pop()


def _past_reference(items: list[Item], index: int) -> int:
    """Past "than the left"."""
    if index < len(items) and items[index].value == "than":
        other = _skip(items, index + 1)
        if other < len(items) and items[other].kind == "side":
            return other + 1
    return index
