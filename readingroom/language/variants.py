"""The same name in other words: "renal calculus", "kidney stone", "stone of the kidney"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain

Words = tuple[str, ...]

SIDES = ("left", "right")


class Families:
    """Words that mean the same inside a name, and heads that may be told of what they belong to."""

    def __init__(self, same: Iterable[Iterable[Words]], turned: Iterable[Words]) -> None:
        self.same = [tuple(family) for family in same]
        self.turned = frozenset(turned)

    @cached_property
    def others(self) -> Mapping[Words, tuple[Words, ...]]:
        """A member to the other members of all its families."""
        found: dict[Words, tuple[Words, ...]] = {}
        for family in self.same:
            for member in family:
                found[member] = (*found.get(member, ()), *(one for one in family if one != member))
        return found

    @cached_property
    def longest(self) -> int:
        return max((len(member) for member in self.others), default=0)

    def exchanged(self, name: Words) -> Iterator[Words]:
        """The name with one of its parts in other words; a part is never the whole name."""
        for size in range(1, min(self.longest, len(name) - 1) + 1):
            for at in range(len(name) - size + 1):
                for other in self.others.get(name[at : at + size], ()):
                    yield (*name[:at], *other, *name[at + size :])

    def variants(self, name: Words, *, twice: bool) -> tuple[Words, ...]:
        """The name's variants without itself, each once; `twice`: with two parts exchanged as well."""
        if len(name) < 2:
            return ()
        once = tuple(self.exchanged(name))
        more = chain.from_iterable(self.exchanged(one) for one in once) if twice else ()
        return tuple(dict.fromkeys(one for one in chain(once, more) if one != name))

    def turnings(self, name: Words) -> Iterator[tuple[Words, str]]:
        """The name turned round, with the side that it then holds: "detachment of the left retina"."""
        for size in (1, 2):
            head, whole = name[-size:], name[:-size]
            if whole and head in self.turned and whole[0] not in ("the", "of"):
                yield (*head, "of", *whole), ""
                yield (*head, "of", "the", *whole), ""
                for side in SIDES:
                    yield (*head, "of", "the", side, *whole), side
