"""Clauses whose subject stands elsewhere ("It measures 8 mm"), or is a noun that the lexicon does not have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from readingroom.domain.terms import Laterality, Presence
from readingroom.language.claim import Claim
from readingroom.language.laterality import reach_of
from readingroom.language.lexicon import OPEN, Lexicon
from readingroom.language.negation import scoped
from readingroom.language.particulars import Clause, change_of, name_at
from readingroom.language.quantities import Quantity
from readingroom.language.scan import Item

WHOLE = "study"
"""What "no significant change" speaks of where nothing was named before it."""

TELLING = frozenset(("neg", "side", "zone", "normal", "there", "severity", "quantity", "neg_post"))
"""What makes a clause about an unknown noun worth holding against the evidence."""

FILLER = frozenset(
    [
        "the",
        "a",
        "an",
        "and",
        "some",
        "several",
        "few",
        "multiple",
        "any",
        "this",
        "that",
        "these",
        "those",
        "there",
        "very",
        "more",
        "most",
        "less",
        "than",
        "as",
        "well",
        "not",
        "it",
        "its",
        "of",
        "for",
        "with",
        "without",
        "per",
        "same",
        "such",
        "both",
        "all",
        "each",
        "one",
        "two",
        "three",
        "four",
        "five",
        "patient",
        "patients",
        "s",
        "t",
    ]
)
ADMINISTRATIVE = frozenset(
    [
        "view",
        "views",
        "projection",
        "projections",
        "radiograph",
        "radiographs",
        "images",
        "image",
        "technique",
        "obtained",
        "performed",
        "dated",
        "hours",
        "examination",
        "discussed",
        "notified",
        "telephone",
        "communicated",
        "dr",
        "physician",
        "findings",
        "called",
        "paged",
        "read",
        "signed",
        "history",
        "indication",
        "year",
        "old",
        "contrast",
        "department",
        "clinic",
        "thank",
        "thanks",
        "reviewed",
        "report",
        "reported",
        "results",
        "result",
        "film",
        "films",
        "study",
        "studies",
        "exam",
        "exams",
        "consists",
        "available",
        "evaluation",
        "radiologist",
        "technologist",
        "acknowledged",
        "documented",
    ]
)
"""Words of sentences about the examination, not about the image."""


def inherit(orphan: Claim, subject: Claim) -> Claim:
    sited = orphan.laterality != "unspecified" or bool(orphan.zone)
    update: dict[str, object] = {
        "observation": subject.observation,
        "presence": subject.presence,
        "certainty": subject.certainty,
    }
    if not sited:
        update |= {"laterality": subject.laterality, "zone": subject.zone}
    if orphan.presence == "not_assessed":
        update["presence"] = orphan.presence
    return orphan.model_copy(update=update)


def orphans_of(items: list[Item], quantities: tuple[Quantity, ...], compared: bool, words: Lexicon) -> Iterable[Claim]:
    """A clause without a subject of the lexicon: "It measures 8 mm", "unchanged since the prior", an unknown noun."""
    kinds = {item.kind for item in items}
    numbers = tuple(quantities[int(item.value)] for item in items if item.kind == "quantity")
    numbers = tuple(number for number in numbers if number.unit or number.decimals)
    changes = [change_of(item) for item in items if item.kind in ("change", "pseudo") and item.value != "keep"]
    measured = next((item for item in items if item.kind == "measurement" and item.value != "size"), None)
    if measured and numbers and "pronoun" not in kinds and measured.value not in ("diameter",):
        return (Claim(observation=measured.value, presence="present", quantities=numbers, span=_span(items)),)
    refers = "pronoun" in kinds or items[0].kind in ("measurement", "quantity", "verb", "open", "comma")
    if not (numbers or changes or "unassessed" in kinds) or not (
        refers or items[0].kind in ("change", "pseudo", "compare")
    ):
        return open_claims(items, _named(items, numbers, quantities), compared)
    if not refers and "unassessed" in kinds:
        return ()
    return (
        Claim(
            observation="" if refers else WHOLE,
            presence="not_assessed" if "unassessed" in kinds else "present",
            change=changes[0] if changes else None,
            comparison=compared or bool(changes),
            quantities=_named(items, numbers, quantities),
            span=_span(items),
        ),
    )


def _named(items: list[Item], numbers: tuple[Quantity, ...], quantities: tuple[Quantity, ...]) -> tuple[Quantity, ...]:
    kept = set(numbers)
    return tuple(
        number.model_copy(update={"name": name}) if (name := name_at(items, index)) else number
        for index, item in enumerate(items)
        if item.kind == "quantity" and (number := quantities[int(item.value)]) in kept
    )


def _span(items: list[Item]) -> tuple[int, int]:
    return (items[0].start, items[-1].end)


def open_claims(items: list[Item], numbers: tuple[Quantity, ...], compared: bool) -> tuple[Claim, ...]:
    """A claim on a noun that the lexicon does not have: its side, denial and numbers are checked all the same."""
    kinds = {item.kind for item in items}
    words = [item for item in items if item.kind == "word" and item.value not in FILLER]
    words = words or [item for item in items if item.kind == "structure"]
    abnormal = any(item.kind == "descriptor" and item.value == "abnormal" for item in items)
    if (
        not (kinds & TELLING or abnormal)
        or not words
        or any(item.value in ADMINISTRATIVE for item in words)
        or kinds & {"pronoun", "advice"}
    ):
        return ()
    head = _head(items, words)
    presence: Presence = "absent" if scoped(items, items.index(head)) or "normal" in kinds else "present"
    side = next((item.value for item in items if item.kind == "side"), "unspecified")
    return (
        Claim(
            observation=_named_by(head),
            presence=presence,
            laterality=cast("Laterality", side),
            zone=next((item.value for item in items if item.kind == "zone"), ""),
            quantities=numbers,
            comparison=compared,
            span=(head.start, head.end),
        ),
    )


def _named_by(head: Item) -> str:
    """A structure by its own name, an unknown noun by the text's, in the singular."""
    return head.value if head.kind == "structure" else f"{OPEN}{head.value.removesuffix('s')}"


def _head(items: list[Item], words: list[Item]) -> Item:
    """The last unknown noun before a verb or a preposition, else the first of all."""
    head: Item | None = None
    for item in items:
        if item.kind in ("verb", "link", "see") and head is not None:
            return head
        if item in words:
            head = item
    return head or words[0]


def loose_sides(clause: Clause, words: Lexicon) -> list[Claim]:
    """Sides that belong to no finding of the clause but to a structure beside it: "tip in the left innominate vein".

    They become claims on that structure, so that a wrong side there is seen too.
    """
    items = clause.items
    taken = set(range(clause.windows[0].start)) if clause.mentions[0].kind != "device" else set()
    for mention, window in zip(clause.mentions, clause.windows, strict=True):
        taken |= set(range(window.start, reach_of(items, mention, window)))
    found: list[Claim] = []
    for index, item in enumerate(items):
        if item.kind != "side" or index in taken or item.value not in ("left", "right"):
            continue
        if any(one.value == "than" for one in items[max(0, index - 3) : index]):
            continue
        head = next(
            (
                one
                for one in items[index + 1 : index + 6]
                if one.kind in ("structure", "word") and one.value not in FILLER
            ),
            None,
        )
        if head is not None:
            side = cast("Laterality", item.value)
            found.append(
                Claim(observation=_named_by(head), presence="present", laterality=side, span=(item.start, head.end))
            )
    return found
