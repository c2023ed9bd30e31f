"""Words that mean one thing or another by what stands beside them: "area of" a finding, "midline", "either"."""

from __future__ import annotations

import re

from readingroom.language.answers import answered, denied_behind, unmarked, unproven
from readingroom.language.courses import grown, turned_courses
from readingroom.language.item import Item
from readingroom.language.quantities import Quantity

VOLUMES = frozenset(("mL", "L", "mm3", "cm3"))

EVEN = frozenset(("descriptor", "normal"))

OTHER = {"left": "right", "right": "left"}

CONVERSE = {"larger": "small", "bigger": "small", "greater": "small", "less dense": "denser", "less opaque": "denser",
            "darker": "denser"}  # fmt: skip
"""Comparisons of one side with the other, to what they make of the other: a larger left lung is a smaller right one."""


def settled(items: list[Item], quantities: tuple[Quantity, ...], plain: str) -> list[Item]:
    """The items with those words settled that mean one thing or another by what stands beside them."""
    kinds = {item.kind for item in items}
    items = _of_things(_of_sides(items, kinds, plain), kinds, plain)
    items = _measured(items, quantities, plain)
    if "than" in plain:
        items = _turned(items, plain)
    return _compared_sides(items, plain) if "compare" in kinds else items


def _of_sides(items: list[Item], kinds: set[str], plain: str) -> list[Item]:
    """With what places, sides, times and statements in front of a finding settled; `kinds` as the items had them."""
    if "aside" in kinds:
        items = [item for item in items if item.kind != "aside"]
    items = _seen_from(_centred(items, plain), plain)
    if ">" in plain:
        items = _signed(items)
    if "there" in kinds and kinds & REACHING:
        items = _subordinate(items, plain)
    if "normal" in kinds:
        items = _sized(items, plain)
    if "compare" in kinds:
        items = _earlier(items, plain)
    if "either" in plain or "both" in plain:
        items = _paired(items, plain)
    return items


def _of_things(items: list[Item], kinds: set[str], plain: str) -> list[Item]:
    """With what names, degrees and verbs of a finding settled."""
    if "ordinal" in kinds:
        items = _ribs(items)
    if "partitive" in kinds:
        items = _parted(items)
    if "compare" in kinds:
        items = grown(items, plain)
    if "change" in kinds or "compare" in kinds:
        items = turned_courses(items, plain)
    if "hedge" in kinds:
        items = answered(unproven(items) if " but not " in plain else items, plain)
    if "(" in plain or "negative" in plain or "absent" in plain:
        items = denied_behind(items, plain)
    if "marked" in plain:
        items = unmarked(items, plain)
    if "severity" in kinds and "ly" in plain:
        items = _graded(items, plain)
    if "dr" in plain:
        items = _doctor(items, plain)
    if "structure" in kinds and ("normal" in kinds or "descriptor" in kinds):
        items = _told_short(items, plain)
    return items


REACHING = frozenset(("hedge", "hedge_post", "neg"))
"""What in front of "there is" reaches into what follows."""


SHORT = re.compile(r"(?:ed|clear|normal|unremarkable|tortuous|prominent|ectatic|intact|negative|patent|low|midline)$")
FOLLOWS = frozenset(("comma", "break", "and", "stop", "compare", "close"))


def _told_short(items: list[Item], plain: str) -> list[Item]:
    """With the verb that notes leave out: "no infiltrates, lungs hyperinflated", "heart normal"."""
    told: list[Item] = []
    for index, item in enumerate(items):
        if item.kind in ("descriptor", "normal") and told and SHORT.search(plain[item.start : item.end]):
            subject = next((one for one in reversed(told) if one.kind != "severity"), item)
            after = next((one.kind for one in items[index + 1 :] if one.start > item.start), "comma")
            if subject.kind == "structure" and after in FOLLOWS and told[-1].start < item.start:
                told.append(Item("verb", "be", item.start, item.start))
        told.append(item)
    return told


CENTRED = frozenset(("trachea", "mediastinum", "cardiomediastinum", "hila_and_mediastinum", "brain", "heart", "airway"))


VIEWED = re.compile(
    r"frontal (?:and lateral|chest|view|projection|radiograph|film|image|x|examination|only|supine|upright|portable|"
    r"ap|pa)"
)


def _seen_from(items: list[Item], plain: str) -> list[Item]:
    """Without "frontal" where it says how the image was taken."""
    return [item for item in items if not VIEWED.match(plain, item.start)] if "frontal" in plain else items


def _centred(items: list[Item], plain: str) -> list[Item]:
    """ "Midline" is normal of the trachea and says of a suture where it lies."""
    if "midline" not in plain or any(item.value in CENTRED for item in items):
        return items
    return [
        item._replace(kind="side", value="midline")
        if (item.kind, plain[item.start : item.end]) == ("normal", "midline")
        else item
        for item in items
    ]


ADJECTIVES = frozenset(("prior", "previous", "earlier"))


LEADS = frozenset(("than", "on", "the", "at", "in", "from", "to", "with", "since", "seen"))
"""What leads to an earlier study: "than on the previous examination"."""


def _earlier(items: list[Item], plain: str) -> list[Item]:
    """Earlier studies as one item each; "prior sternotomy" is none: before a finding the word is an adjective."""
    told: list[Item] = []
    for index, item in enumerate(items):
        if item.kind != "compare":
            told.append(item)
        elif plain[item.start : item.end] in ADJECTIVES:
            noun = next((one.kind for one in items[index + 1 :] if one.kind not in ("word", "descriptor", "side")), "")
            told.append(item._replace(kind="word") if noun in ("finding", "device") else item)
        else:
            while told and told[-1].kind in ("word", "link", "see") and plain[told[-1].start : told[-1].end] in LEADS:
                told.pop()
            told.append(item)
    return told


PAIRS: dict[str, frozenset[str]] = {
    "either": frozenset(("structure", "zone")),
    "both": frozenset(
        ("structure", "zone", "finding", "device", "scope", "severity", "descriptor", "word", "measurement")
    ),
}


def _paired(items: list[Item], plain: str) -> list[Item]:
    """ "Either lung" and "both effusions" are two sides; "either A or B" and "both on" are none."""
    told: list[Item] = []
    for index, item in enumerate(items):
        wanted = PAIRS.get(plain[item.start : item.end]) if item.kind == "side" else None
        paired = index + 1 < len(items) and items[index + 1].kind in (wanted or ())
        if wanted is None or (paired and not _joins(items, index, plain)):
            told.append(item)
            continue
        denied = any(one.kind == "neg" for one in items[:index])
        choice = plain.startswith("either", item.start) and any(one.kind == "or" for one in items[index:])
        doubt = item._replace(kind="hedge", value="may_represent")
        told.append(doubt if choice and not denied else item._replace(kind="word"))
    return told


def _joins(items: list[Item], index: int, plain: str) -> bool:
    """Whether "both" joins two findings, each with words of its own: "both a left mass and an effusion"."""
    rest = items[index + 1 :]
    if not plain.startswith("both", items[index].start):
        return False
    if rest[0].value in ("a", "an", "the") and rest[0].kind == "word":
        return True
    first = next((at for at, one in enumerate(rest) if one.kind in ("finding", "device")), len(rest))
    joined = any(one.kind == "and" for one in rest[first : first + 2])
    more = any(one.kind in ("finding", "device") for one in rest[first + 1 :])
    return joined and more and not plain[: rest[first].end].endswith("s")


COURSE = frozenset(("larger", "smaller", "worse", "better"))


def _graded(items: list[Item], plain: str) -> list[Item]:
    """Without the degree of a course: an effusion that is "markedly improved" is not a marked one."""
    return [
        item._replace(kind="word")
        if item.kind == "severity"
        and index + 1 < len(items)
        and items[index + 1].kind == "change"
        and items[index + 1].value in COURSE
        and plain[: item.end].endswith("ly")
        else item
        for index, item in enumerate(items)
    ]


DOUBTS = frozenset(("hedge", "hedge_post"))


def _subordinate(items: list[Item], plain: str) -> list[Item]:
    """ "It is doubtful that there is", "nor is there": what stands in front reaches into what follows."""
    told: list[Item] = []
    for index, item in enumerate(items):
        word = plain[item.start : item.end]
        ahead = next((one.kind for one in items[index + 1 :] if one.start > item.start), "")
        doubted = bool(told) and told[-1].kind in DOUBTS
        if word in ("that", "whether") and doubted and ahead == "there":
            continue
        if word.startswith("there") and doubted:
            told = [one._replace(kind="hedge") if one.kind == "hedge_post" else one for one in told]
        elif not (word == "there" and [one.kind for one in told[-2:]] == ["neg", "verb"]):
            told.append(item)
    return told


def _signed(items: list[Item]) -> list[Item]:
    """ "L > R" as "left more than right"."""
    told: list[Item] = []
    for index, item in enumerate(items):
        sides = 0 < index < len(items) - 1 and {items[index - 1].kind, items[index + 1].kind} == {"side"}
        if item.value == ">" and sides:
            told += [item._replace(kind="dominance", value="more"), item._replace(value="than", start=item.end)]
        else:
            told.append(item)
    return told


SIZED = re.compile(
    r"\b(?:size|sized|cali(?:ber|bre)|dimensions?|enlarged|dilated|distended)\b|(?:enlarged|dilated|distended)$"
)


def _sized(items: list[Item], plain: str) -> list[Item]:
    """Words of normality that speak of the size alone, marked so."""
    return [
        item._replace(value="size") if item.kind == "normal" and SIZED.search(plain[item.start : item.end]) else item
        for item in items
    ]


def _doctor(items: list[Item], plain: str) -> list[Item]:
    """ "DR" where no name follows is diabetic retinopathy, and else a doctor."""
    told: list[Item] = []
    for index, item in enumerate(items):
        named = index + 1 < len(items) and items[index + 1].kind == "word"
        titled = plain[item.end : item.end + 1] == "." and bool(plain[item.end + 1 :].strip(" ."))
        doctor = item.value != "dr" or named or titled
        told.append(item if doctor else item._replace(kind="finding", value="diabetic_retinopathy"))
    return told


def _ribs(items: list[Item]) -> list[Item]:
    """Ordinals as places where ribs are spoken of: "the right 5th and 6th ribs"."""
    ribs = any("rib" in item.value.split("_") for item in items if item.kind in ("structure", "finding"))
    return [
        item
        if item.kind != "ordinal"
        else item._replace(kind="zone")
        if ribs
        else item._replace(kind="word", value="one")
        for item in items
    ]


NOUNS = frozenset(("finding", "structure", "device", "measurement", "quantity", "comma", "verb"))


def _parted(items: list[Item]) -> list[Item]:
    """Without "amount of", and without "area of" and "volume of" where what follows is a finding and no number."""
    told: list[Item] = []
    for index, item in enumerate(items):
        if item.kind != "partitive":
            told.append(item)
        elif item.value != "of":
            noun = next((one.kind for one in items[index + 1 :] if one.kind in NOUNS), "")
            if noun != "finding":
                told += [item._replace(kind="measurement"), item._replace(kind="link", value="of")]
    return told


def _measured(items: list[Item], quantities: tuple[Quantity, ...], plain: str) -> list[Item]:
    """ "density -829 HU" and "lung volume 2089 mL" name measurements, "symmetric in density" what is symmetric."""
    told: list[Item] = []
    for index, item in enumerate(items):
        if item.value == "lung_opacity" and item.kind == "finding":
            if _unit_behind(items, index, quantities) == "HU":
                told.append(item._replace(kind="measurement", value="mean_hu"))
            else:
                told.append(item._replace(kind="word", value="density") if _is_respect(items, index) else item)
        elif (
            item.value == "lung_volume"
            and item.kind == "structure"
            and _unit_behind(items, index, quantities) in VOLUMES
        ):
            told += [item._replace(value="lung"), item._replace(kind="measurement", value="volume")]
        elif item.kind == "pseudo" and plain.startswith("not increased", item.start) and _is_ratio(items, index):
            told += [item._replace(kind="neg", value="not"), item._replace(kind="descriptor", value="increased")]
        else:
            told.append(item)
    return told


def _unit_behind(items: list[Item], index: int, quantities: tuple[Quantity, ...]) -> str:
    """The unit of the number that follows; empty where none does."""
    number = next((one for one in items[index + 1 : index + 4] if one.kind == "quantity"), None)
    return quantities[int(number.value)].unit if number else ""


def _is_respect(items: list[Item], index: int) -> bool:
    """ "symmetric in ...": what follows is in what respect."""
    return index > 1 and items[index - 1].value == "in" and items[index - 2].kind in EVEN


def _is_ratio(items: list[Item], index: int) -> bool:
    """Whether what is "not increased" is a ratio, which has a normal value, and not a change."""
    before = next((one for one in reversed(items[:index]) if one.kind != "verb"), None)
    return before is not None and before.value == "cardiothoracic_ratio"


def _turned(items: list[Item], plain: str) -> list[Item]:
    """Lungs compared, told of the smaller or denser side: a left lung larger than the right is a smaller right."""
    for at, item in enumerate(items):
        converse = CONVERSE.get(plain[item.start : item.end])
        if converse is None:
            continue
        rest = [one for one in items[at + 1 :] if one.start > item.start]
        named = [index for index, one in enumerate(items[:at]) if one.kind == "side"]
        lungs = [one.kind for one in items[:at] if one.value == "lung" or one.kind in ("finding", "measurement")]
        if not named or lungs != ["structure"] or items[named[-1]].value not in OTHER:
            continue
        than = next((index for index, one in enumerate(rest[:5]) if one.kind == "side"), None)
        if than is None or rest[0].value != "than":
            continue
        other = OTHER[items[named[-1]].value]
        head = [one._replace(value=other) if index == named[-1] else one for index, one in enumerate(items[:at])]
        return [*head, Item("descriptor", converse, item.start, item.end), *rest[than + 1 :]]
    return items


def _compared_sides(items: list[Item], plain: str) -> list[Item]:
    """Without "compared with the left": that names the other side, and no earlier image."""
    told: list[Item] = []
    index = 0
    while index < len(items):
        item = items[index]
        index += 1
        if item.kind == "compare" and "compar" in plain[item.start : item.end]:
            side = index + (index < len(items) and items[index].value == "the")
            following = items[side + 1].kind if side + 1 < len(items) else "break"
            if side < len(items) and items[side].kind == "side" and following not in ("word", "compare", "finding"):
                index = side + 1
                continue
        told.append(item)
    return told
