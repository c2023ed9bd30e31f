"""One ledger from many tools: evidence numbered E1, E2 ... in the order of the plan, whatever finished first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count

from readingroom.domain.evidence import Evidence
from readingroom.domain.value import digest_of

NONE_KNOWN: Mapping[str, str] = {}


def number(results: Iterable[Iterable[Evidence]], known: Mapping[str, str] = NONE_KNOWN) -> tuple[Evidence, ...]:
    """The same evidence with its ids and its references to each other made short; references to nothing are dropped.

    `known`: ids that evidence has already, by `identity`; it keeps them, and new evidence is numbered after them.
    """
    flat = [item for result in results for item in result]
    fresh = count(1 + max((int(name[1:]) for name in known.values()), default=0))
    names: dict[str, str] = {}
    given: set[str] = set()
    for item in flat:
        kept = known.get(identity(_named(item, "", names))) if known else None
        names[item.id] = kept if kept and kept not in given else f"E{next(fresh)}"
        given.add(names[item.id])
    return tuple(_named(item, names[item.id], names) for item in flat)


def identity(item: Evidence) -> str:
    """The same for the same fact of the same call, whatever it is numbered and whichever step asked for it."""
    origin = item.origin.model_copy(update={"step": ""})
    return digest_of(item.model_copy(update={"id": "", "origin": origin}))


def _named(item: Evidence, name: str, names: Mapping[str, str]) -> Evidence:
    derived = tuple(names[part] for part in item.derived_from if part in names)
    return item.model_copy(update={"id": name, "derived_from": derived})
