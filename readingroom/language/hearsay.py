"""Words of a report that say nothing of the image: the patient's history, what is only supposed, who was told."""

from __future__ import annotations

from readingroom.language.item import Item

HISTORY_ENDS = frozenset(
    ("comma", "stop", "verb", "neg", "break", "see", "there", "compare", "open", "close", "history")
)
"""What ends "history of lymphoma and asthma"."""


def observed(items: list[Item], *, asked: bool = False) -> list[Item]:
    """The items without "history of lymphoma" up to the next statement, and without "if ..." up to its comma.

    Of a question (`asked`) what follows such words stays.
    """
    if not any(item.kind in ("history", "condition") for item in items):
        return items
    if asked:
        return [item for item in items if item.kind not in ("history", "condition")]
    told: list[Item] = []
    ends: frozenset[str] = frozenset()
    for item in items:
        if ends and item.kind not in ends:
            continue
        ends = frozenset()
        if item.kind == "history":
            ends = HISTORY_ENDS
        elif item.kind == "condition":
            ends = frozenset(("comma", "break"))
        else:
            told.append(item)
    return told


def administrative(items: list[Item]) -> bool:
    """Whether a sentence tells who was told: "findings were discussed with ..."."""
    return any(item.kind == "administrative" for item in items)
