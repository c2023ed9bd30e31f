"""Clauses whose subject stands elsewhere ("It measures 8 mm"), or is a noun that the lexicon does not have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from readingroom.domain.terms import Laterality, Presence, Severity
from readingroom.language.claim import Claim
from readingroom.language.courses import told_course
from readingroom.language.item import Item
from readingroom.language.laterality import Site, places_of, reach_of
from readingroom.language.lexicon import OPEN, Lexicon
from readingroom.language.mentions import Mention
from readingroom.language.negation import BOND, DOUBT, polarities, scoped
from readingroom.language.particulars import Clause, change_of, name_at
from readingroom.language.quantities import Quantity

WHOLE = "study"
"""What "no significant change" speaks of where nothing was named before it."""

TELLING = frozenset(("neg", "side", "zone", "normal", "there", "severity", "quantity", "neg_post"))
"""What makes a clause about an unknown noun worth holding against the evidence."""

OTHER_SUBJECTS = frozenset(("advice", "view"))
"""Of these "it" says nothing that lies anywhere."""

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
        *("i", "we", "you", "he", "she", "here", "hence", "thus", "therefore", "does", "do", "did", "certain", "sure"),
        *(
            "settled",
            "open",
            "positive",
            "negatives",
            "pertinent",
            "appearance",
            "appearances",
            "significance",
            "notable",
        ),
        *(
            "proof",
            "status",
            "main",
            "evident",
            "feature",
            "features",
            "striking",
            "impressive",
            "noteworthy",
            "interest",
        ),
        *("+", "yes", "now", "too", "only", "just", "again", "further", "furthermore", "moreover", "likewise"),
    ]
)
ADMINISTRATIVE = frozenset(
    [
        "view",
        "views",
        "scan",
        "ct",
        "mri",
        "ultrasound",
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
        "given",
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


GRADES = frozenset(("degree", "extent", "severity", "grade", "intensity"))
"""What "the degree is moderate" begins with, of the finding before."""


def inherit(orphan: Claim, subject: Claim) -> Claim:
    sited = orphan.laterality != "unspecified" or bool(orphan.zone)
    place = orphan if sited else subject
    return orphan._replace(
        observation=subject.observation,
        presence=orphan.presence if orphan.presence == "not_assessed" else subject.presence,
        certainty=subject.certainty,
        laterality=place.laterality,
        zone=place.zone,
    )


def orphans_of(items: list[Item], quantities: tuple[Quantity, ...], compared: bool, words: Lexicon) -> Iterable[Claim]:
    """A clause without a subject of the lexicon: "It measures 8 mm", "unchanged since the prior", an unknown noun."""
    kinds = {item.kind for item in items}
    numbers = tuple(quantities[int(item.value)] for item in items if item.kind == "quantity")
    numbers = tuple(number for number in numbers if number.unit or number.decimals)
    changes = [change_of(item) for item in items if item.kind in ("change", "pseudo") and item.value != "keep"]
    measured = next((item for item in items if item.kind == "measurement" and item.value != "size"), None)
    if measured and numbers and "pronoun" not in kinds and measured.value not in ("diameter",):
        return (Claim(observation=measured.value, presence="present", quantities=numbers, span=_span(items)),)
    graded = kinds & {"severity", "graded"} and ("pronoun" in kinds or any(item.value in GRADES for item in items))
    degree = _degree(items) if graded else None
    refers = "pronoun" in kinds or bool(degree) or items[0].kind in ("measurement", "quantity", "verb", "open", "comma")
    sites = places_of(items, words) if "pronoun" in kinds and not kinds & OTHER_SUBJECTS else []
    if not (numbers or changes or sites or degree or "unassessed" in kinds) or not (
        refers or items[0].kind in ("change", "pseudo", "compare") or (changes and "compare" in kinds)
    ):
        return open_claims(items, _named(items, numbers, quantities), compared)
    if not refers and "unassessed" in kinds:
        return ()
    change, altered = told_course(changes[0] if changes else None)
    claim = Claim(
        observation="" if refers else WHOLE,
        presence="not_assessed" if "unassessed" in kinds else "present",
        severity=degree,
        change=change,
        altered=altered,
        comparison=compared or bool(changes),
        quantities=_named(items, numbers, quantities),
        span=_span(items),
    )
    return tuple(claim._replace(laterality=cast("Laterality", site.side or "unspecified"), zone=site.zone)
                 for site in sites or [Site()])  # fmt: skip


def _named(items: list[Item], numbers: tuple[Quantity, ...], quantities: tuple[Quantity, ...]) -> tuple[Quantity, ...]:
    kept = set(numbers)
    return tuple(
        number._replace(name=name) if (name := name_at(items, index)) else number
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
    at = items.index(head)
    (polarity,) = polarities(items, [Mention("", head.kind, at, at, at)], kinds)
    presence: Presence = "absent" if "normal" in kinds else polarity.presence
    side = next((item.value for item in items if item.kind == "side"), "unspecified")
    return (
        Claim(
            observation=_named_by(head),
            presence=presence,
            certainty=polarity.certainty if presence == polarity.presence else "definite",
            laterality=cast("Laterality", side),
            zone=next((item.value for item in items if item.kind == "zone"), ""),
            severity=_degree(items) if presence == "present" else None,
            quantities=numbers,
            comparison=compared,
            span=(head.start, head.end),
        ),
    )


def _degree(items: list[Item]) -> Severity | None:
    """The degree that a clause about an unknown noun tells, where it tells one."""
    told = {item.value for item in items if item.kind in ("severity", "graded")}
    return cast("Severity", told.pop()) if len(told) == 1 else None


MEANT = 5
"""Least letters of an unknown noun that a doubt can be about; shorter ones are rarely nouns."""

QUALITY = ("al", "ic", "ed", "ly", "ous", "ive", "ary", "ing", "able", "xxxx")
"""How words end that say how something is: "possibly positional"."""


MIMICS = frozenset(("vessels", "soft_tissue"))
"""Structures that a doubt may take a finding for."""


def supposed(items: list[Item], mentions: list[Mention]) -> list[Claim]:
    """What a doubt is about, or is called definite, where that is a noun that the lexicon does not have: "may represent
    a zygolith"."""
    found: list[Claim] = []
    for index, item in enumerate(items):
        firm = item.kind == "scope" and item.value == "significant"
        if not (firm or item.kind == "hedge") or any(mention.key > index for mention in mentions):
            continue
        noun = None
        for one in items[index + 1 :]:
            if one.kind == "word" and one.value not in FILLER:
                noun = one
            elif one.kind == "structure" and one.value in MIMICS:
                noun = noun or one
            elif one.kind not in ("word", "side", "zone", "severity", "descriptor", "hedge"):
                break
        if noun is None or noun.value in ADMINISTRATIVE or len(noun.value) < MEANT or noun.value.endswith(QUALITY):
            continue
        presence, certainty = DOUBT["definite" if firm else item.value.removesuffix(BOND)]
        if not scoped(items, items.index(noun)):
            side = next((one.value for one in items if one.kind == "side"), "unspecified")
            found.append(Claim(observation=_named_by(noun), presence=presence, certainty=certainty,
                               laterality=cast("Laterality", side) if not mentions else "unspecified",
                               severity=_degree(items) if not mentions and presence != "absent" else None,
                               span=(noun.start, noun.end)))  # fmt: skip
    return found[-1:]


def _named_by(head: Item) -> str:
    """A structure by its own name, an unknown noun by the text's, in the singular."""
    singular = head.value if head.value.endswith(("ss", "is", "us")) else head.value.removesuffix("s")
    return head.value if head.kind == "structure" else f"{OPEN}{singular}"


def _head(items: list[Item], words: list[Item]) -> Item:
    """The last unknown noun before a verb or a preposition, else the first of all."""
    head: Item | None = None
    for item in items:
        if item.kind in ("verb", "link", "see") and head is not None:
            return head
        if item in words:
            head = item
    return head or words[0]


def _beside(items: list[Item], index: int) -> list[Item]:
    """The structure that a phrase names together with its side: "right ventricle"."""
    return [one for one in items[max(0, index - 1) : index] if one.start == items[index].start]


def loose_sides(clause: Clause, words: Lexicon) -> list[Claim]:
    """Sides that belong to no finding of the clause but to a structure beside it: "tip in the left innominate vein".

    They become claims on that structure, so that a wrong side there is seen too.
    """
    items = clause.items
    if not any(item.kind == "side" and item.value in ("left", "right") for item in items):
        return []
    first = clause.windows[0]
    leads = clause.mentions[0].kind != "device" and all(one.kind != "side" for one in items[first.start : first.end])
    taken = set(range(first.start)) if leads else set()
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
                for one in (*_beside(items, index), *items[index + 1 : index + 6])
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
