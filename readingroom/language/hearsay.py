"""Words of a report that say nothing of the image: the patient's history, what is only supposed, who was told."""

from __future__ import annotations

from readingroom.language.item import Item

HISTORY_ENDS = frozenset(
    ("comma", "stop", "verb", "neg", "break", "see", "there", "compare", "open", "close", "history")
)
"""What ends "history of lymphoma and asthma"."""


UNSEEN = frozenset(("history", "condition"))
"""What brings words that were not seen in the image."""


def observed(items: list[Item], *, asked: bool = False) -> list[Item]:
    """The items without "history of lymphoma" up to the next statement, and without "if ..." up to its comma.

    Of a question (`asked`) what follows such words stays.
    """
    if asked:
        return [item for item in items if item.kind not in UNSEEN]
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
