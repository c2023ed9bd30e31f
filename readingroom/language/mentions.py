"""Findings made of two words: a structure and what is said of it ("the aorta is tortuous", "enlarged heart")."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from readingroom.language.item import Item
from readingroom.language.lexicon import Lexicon

MENTIONS = frozenset(("finding", "device"))
TRANSPARENT = frozenset(
    ("word", "side", "zone", "severity", "scope", "descriptor", "compare", "change", "normal", "see")
)
LISTED = frozenset(("and", "or", "comma"))
SIZE = "size"
"""The value of a word that calls normal no more than the size: "of normal size", "nondilated"."""

NO_PART = frozenset(("study", "image"))
"""Of these an adjective makes nothing: "calcified on the prior examination"."""
BETWEEN = frozenset(("verb", "word", "severity", "link", "quantity", "comma", "open", "close", "neg", "change"))
"""What may stand between a measurement and the verdict on it."""


@dataclass(slots=True)
class Mention:
    """One thing a clause speaks of, with the items that name it (positions in the clause)."""

    observation: str
    kind: str
    first: int
    last: int
    key: int
    """The item whose scope decides whether it is denied."""
    flipped: bool = False
    """The words themselves deny it: symmetric, of asymmetry."""
    normality: bool = False
    """Comes from calling a structure normal."""
    broad: bool = False


def mentions_of(clause: list[Item], words: Lexicon, kinds: set[str]) -> tuple[list[Mention], set[int]]:
    """The clause's findings, devices and standalone measurements in order, and the structures left over.

    `kinds`: those of its items.
    """
    structures = [index for index, item in enumerate(clause) if item.kind == "structure"]
    used: set[int] = set()
    mentions = _composed(clause, structures, used, words) if "descriptor" in kinds else []
    taken = {(clause[mention.key].start, clause[mention.key].end) for mention in mentions}
    for index, item in enumerate(clause):
        if (item.kind in MENTIONS and (item.start, item.end) not in taken) or (
            item.kind == "measurement" and words.concepts[item.value].standalone
        ):
            name = _placed(clause, index, _qualified(clause, index, words), words)
            mentions.append(Mention(name, item.kind if name == item.value else "finding", index, index, index))
            mentions += _judged(clause, index, words)
    if len(mentions) > 1:
        mentions.sort(key=lambda mention: (mention.first, mention.last))
    if structures and "normal" in kinds:
        located = _located(clause, structures, mentions)
        mentions += _normalities(clause, [index for index in structures if index not in used | located], used, words)
        mentions.sort(key=lambda mention: (mention.first, mention.last))
    return mentions, {index for index in structures if index not in used}


def _judged(clause: list[Item], at: int, words: Lexicon) -> list[Mention]:
    """What a verdict on a measurement says of what it measures: "the cardiothoracic ratio is increased"."""
    concept = words.concepts[clause[at].value]
    if clause[at].kind != "measurement" or not concept.makes:
        return []
    for index in range(at + 1, len(clause)):
        item = clause[index]
        if item.kind == "descriptor" and item.value in concept.makes:
            return [Mention(concept.makes[item.value], "finding", index, index, index)]
        if item.kind == "normal" and not any(one.kind == "quantity" for one in clause[index + 1 : index + 4]):
            return [Mention(name, "finding", index, index, index, True, True) for name in concept.normal]
        if item.kind not in BETWEEN:
            break
    return []


def _qualified(clause: list[Item], index: int, words: Lexicon) -> str:
    """A finding as an adjective before it changes it: an old fracture is a healed one."""
    name = clause[index].value
    makes = words.concepts[name].makes
    for item in reversed(clause[:index] if makes else []):
        if item.kind == "descriptor" and item.value in makes:
            return makes[item.value]
        if item.kind not in TRANSPARENT and item.kind not in ("structure", "and"):
            break
    return name


def _placed(clause: list[Item], index: int, name: str, words: Lexicon) -> str:
    """A finding as the nearest structure beside it names it: a mass of the kidney is a renal mass."""
    known = words.concepts.get(name)
    if known is None or not known.within:
        return name
    near = [(abs(at - index), item.value) for at, item in enumerate(clause)
            if item.kind == "structure" and item.value in known.within]  # fmt: skip
    return known.within[min(near)[1]] if near else name


def _composed(clause: list[Item], structures: list[int], used: set[int], words: Lexicon) -> list[Mention]:
    mentions: list[Mention] = []
    for index, item in enumerate(clause):
        if item.kind != "descriptor" or _is_attribute(clause, index):
            continue
        targets = _targets(clause, index, structures) if structures else []
        if not targets and not _same_span_finding(clause, index) and (shared := _of_same_organ(clause, index, words)):
            mentions.append(Mention(shared, "finding", index, index, index))
        for target in targets:
            concept = words.concepts[clause[target].value]
            made = concept.makes.get(item.value) or (
                concept.makes.get("enlarged") if item.value == "increased" else None
            )
            if (
                item.value == "denser"
                and _same_span_finding(clause, index)
                and not any(i.value == "than" for i in clause)
            ):
                continue
            if made is None:
                if (
                    concept.id in NO_PART
                    or concept.reportable
                    or item.value in ("small", "borderline", "denser", "fainter", "symmetric", "alike")
                    or concept.place
                    or _same_span_finding(clause, index)
                ):
                    continue
                made = f"{concept.id}:{item.value}"
            if not made.startswith("!"):
                used.add(target)
            mentions.append(
                Mention(
                    made.lstrip("!"), "finding", min(index, target), max(index, target), index, made.startswith("!")
                )
            )
    return mentions


def _of_same_organ(clause: list[Item], index: int, words: Lexicon) -> str:
    """What an adjective makes of the structure that the finding before or behind it has: "aortic tortuosity and
    ectasia", "tortuous and calcified aorta"."""
    start = clause[index].start
    if any(item.kind == "severity" and item.start == start for item in clause[max(0, index - 2) : index + 2]):
        return ""
    for row in (reversed(clause[:index]), iter(clause[index + 1 :])):
        listed = False
        for item in row:
            if item.kind == "finding":
                organ = words.concepts.get(words.organs.get(item.value, ""))
                return organ.makes.get(clause[index].value, "").lstrip("!") if listed and organ else ""
            if item.kind in LISTED:
                listed = True
            elif item.kind not in ("severity", "word"):
                break
    return ""


def _same_span_finding(clause: list[Item], index: int) -> bool:
    here = clause[index]
    near = clause[max(0, index - 2) : index + 3]
    return any(item.kind in MENTIONS and item.start == here.start and item.end == here.end for item in near)


def _is_attribute(clause: list[Item], index: int) -> bool:
    """Whether the descriptor only colours a finding that follows it: "calcified nodule"."""
    here = clause[index]
    places = {(item.start, item.end) for item in clause[index + 1 :] if item.kind == "zone"}
    for item in clause[index + 1 :]:
        if item.start == here.start:
            continue
        if item.kind in MENTIONS:
            return True
        if item.kind == "structure" and (item.start, item.end) in places:
            continue
        if item.kind not in ("word", "severity", "scope", "descriptor", "side", "zone"):
            return False
    return False


def _targets(clause: list[Item], index: int, structures: list[int]) -> list[int]:
    ahead = _ahead(clause, index, structures)
    behind = _behind(clause, index, structures)
    if ahead and (not behind or _of_follows(clause, index) or _attributive(clause, index, ahead[0])):
        return ahead
    return behind or ahead


def _attributive(clause: list[Item], index: int, target: int) -> bool:
    between = clause[index + 1 : target]
    before = next(
        (
            item
            for item in reversed(clause[:index])
            if item.kind not in ("severity", "word", "scope", "side", "neg", "zone")
        ),
        None,
    )
    predicate = before is not None and before.kind == "verb"
    return not predicate and all(item.kind in TRANSPARENT for item in between)


def _of_follows(clause: list[Item], index: int) -> bool:
    start = clause[index].start
    following = next((item for item in clause[index + 1 :] if item.start > start), None)
    return following is not None and following.kind == "link" and following.value in ("of", "involving", "affecting")


def _ahead(clause: list[Item], index: int, structures: list[int]) -> list[int]:
    found: list[int] = []
    listed = False
    for position in range(index + 1, len(clause)):
        kind = clause[position].kind
        if clause[position].start == clause[index].start:
            continue
        if kind == "structure" and position in structures:
            if found and not listed:
                break
            found.append(position)
            listed = False
        elif kind in LISTED and found and _list_goes_on(clause, position):
            listed = True
        elif kind in LISTED and not found and _adjective_follows(clause, position):
            continue
        elif kind == "link":
            if found:
                break
        elif kind not in TRANSPARENT and not (kind == "verb" and not found and _is_seen_in(clause, position)):
            break
    return found


def _adjective_follows(clause: list[Item], position: int) -> bool:
    """Whether "and" joins two adjectives before their noun: "tortuous and calcified aorta"."""
    following = next((item.kind for item in clause[position + 1 :] if item.kind not in ("word", "severity")), "")
    return following == "descriptor"


def _is_seen_in(clause: list[Item], position: int) -> bool:
    """ "Prominence is noted to the pulmonary arteries": what is seen is seen in what follows."""
    following = clause[position + 1 : position + 3]
    return [item.kind for item in following] == ["see", "link"]


def _list_goes_on(clause: list[Item], position: int) -> bool:
    """After "and": another structure without a statement of its own."""
    for item in clause[position + 1 :]:
        if item.kind == "structure":
            return True
        if item.kind not in ("word", "side", "zone", "comma", "and", "or"):
            return False
    return False


def _behind(clause: list[Item], index: int, structures: list[int]) -> list[int]:
    found: list[int] = []
    predicate = False
    for position in range(index - 1, -1, -1):
        kind = clause[position].kind
        if kind == "structure" and position in structures:
            found.append(position)
            if not predicate:
                break
        elif kind in ("verb", "see"):
            if found:
                break
            predicate = True
        elif kind in ("there", "open", "close") or kind in MENTIONS or (found and kind == "link"):
            if kind in MENTIONS and clause[position].start == clause[index].start:
                continue
            break
        elif kind in LISTED and not found and not predicate and not _continues(clause, position):
            break
    return found[:1] if not predicate else _coordinated(clause, found)


def _continues(clause: list[Item], position: int) -> bool:
    """Whether "and" joins two adjectives: "tortuous and calcified"."""
    return position > 0 and clause[position - 1].kind in ("descriptor", "severity", "change", "normal")


def _coordinated(clause: list[Item], found: list[int]) -> list[int]:
    """Of structures before a predicate: the nearest, and those that "and" or a comma ties to it."""
    kept = found[:1]
    for nearer, farther in itertools.pairwise(found):
        if not any(item.kind in LISTED for item in clause[farther + 1 : nearer]):
            break
        kept.append(farther)
    return kept


def _located(clause: list[Item], structures: list[int], mentions: list[Mention]) -> set[int]:
    """Structures that only say where a finding lies: "opacity in the left lung"."""
    placed: set[int] = set()
    for index in structures:
        before = clause[:index]
        linked = next(
            (
                item.kind
                for item in reversed(before)
                if item.kind not in ("word", "side", "zone", "severity", "structure")
            ),
            "",
        )
        ahead = next(
            (
                item
                for item in clause[index + 1 :]
                if item.kind not in ("word", "side", "zone", "severity", "scope", "structure")
            ),
            None,
        )
        behind = [
            m
            for m in mentions
            if m.last < index and not any(i.kind in ("verb", "comma") for i in clause[m.last + 1 : index])
        ]
        if (linked == "link" and behind) or (ahead is not None and ahead.kind in MENTIONS):
            placed.add(index)
    return placed


def _normalities(clause: list[Item], free: list[int], used: set[int], words: Lexicon) -> list[Mention]:
    mentions: list[Mention] = []
    told: set[int] = set()
    for index, item in enumerate(clause):
        if item.kind != "normal":
            continue
        targets = _normal_targets(clause, index, free, told)
        for target in targets:
            concept = words.concepts[clause[target].value]
            used.add(target)
            told.add(target)
            denied = concept.normal or (f"{concept.id}:abnormal",)
            if item.value == SIZE and not concept.broad and "enlarged" in concept.makes:
                denied = (concept.makes["enlarged"],)
            broad = concept.broad or len(denied) > 1
            mentions += [
                Mention(name, "finding", min(index, target), max(index, target), index, True, True, broad)
                for name in denied
            ]
    return mentions


def _normal_targets(clause: list[Item], index: int, free: list[int], told: set[int]) -> list[int]:
    before = [position for position in free if position < index and position not in told]
    after = [position for position in _ahead(clause, index, free) if position not in told]
    linked = after and any(item.kind in ("link", "verb") for item in clause[index + 1 : after[0]])
    return after if after and not linked and (not before or _attributive(clause, index, after[0])) else before
