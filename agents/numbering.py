"""One ledger from many tools: evidence numbered E1, E2 ... in the order of the plan, whatever finished first."""

from __future__ import annotations

from collections.abc import Iterable

from readingroom.domain.evidence import Evidence


def number(results: Iterable[Iterable[Evidence]]) -> tuple[Evidence, ...]:
    """The same evidence with its ids and its references to each other made short; references to nothing are dropped."""
    flat = [item for result in results for item in result]
    names = {item.id: f"E{index}" for index, item in enumerate(flat, 1)}
    return tuple(
        item.model_copy(
            update={
                "id": names[item.id],
                "derived_from": tuple(names[part] for part in item.derived_from if part in names),
            }
        )
        for item in flat
    )
