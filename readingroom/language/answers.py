"""What a note says of its finding in a word behind it: "nodule: possible", "edema - likely, right"."""

from __future__ import annotations

from readingroom.language.item import Item

NAMED = frozenset(("finding", "device", "measurement", "descriptor"))

PLACING = frozenset(
    ("side", "zone", "structure", "severity", "comma", "break", "close", "word", "quantity", "link", "open")
)
"""What may stand behind the word that answers."""

BEFORE = frozenset(("break", "open", "comma"))


def answered(items: list[Item], plain: str) -> list[Item]:
    """The items with each doubt that answers what stands before it told as one behind it."""
    return [
        item._replace(kind="hedge_post", value=item.value.partition(":")[0])
        if item.kind == "hedge" and (_answers(items, index, plain) or _trails(items, index, plain))
        else item
        for index, item in enumerate(items)
    ]


def _answers(items: list[Item], index: int, plain: str) -> bool:
    """Whether nothing is named behind a doubt that stands behind a colon, a comma or a bracket."""
    before = items[index - 1] if index else None
    asked = plain.startswith("?", items[index].start) and before is not None and before.kind in NAMED
    if before is None or not (asked or before.kind in BEFORE) or before.value in (".", ";"):
        return False
    rest = [item for item in items[index + 1 :] if item.start > items[index].start]
    named = any(item.kind in NAMED for item in items[:index])
    return named and all(item.kind in PLACING for item in rest) and not _names_anew(rest)


def unproven(items: list[Item]) -> list[Item]:
    """ "Compatible with, but not diagnostic of,": a doubt, and no denial."""
    told: list[Item] = []
    for item in items:
        closes = item.kind == "comma" and told and told[-1].value == UNPROVEN and told[-1].kind == "hedge"
        if item.kind == "hedge" and item.value.startswith("definite"):
            spoken = [one for one in told if one.kind != "comma"][-3:]
            if [one.kind for one in spoken] == ["hedge", "break", "neg"]:
                del told[told.index(spoken[0]) :]
                item = spoken[0]._replace(value=UNPROVEN)  # noqa: PLW2901
        if not closes:
            told.append(item)
    return told


UNPROVEN = "may_represent"


def _trails(items: list[Item], index: int, plain: str) -> bool:
    """Whether a doubt follows what it is about: "atelectasis suspected", "a granuloma possibly present at the base";
    not "could be demonstrated", which was."""
    here = items[index].start
    if plain.startswith(("could", "can", "may", "might"), here):
        return False
    seen = any(item.kind == "see" and item.start == here for item in items[max(0, index - 1) : index])
    before = [item for item in items[:index] if item.start < here]
    rest = [item for item in items[index + 1 :] if item.start > here]
    if not before or before[-1].kind not in NAMED or not all(item.kind in TRAILING for item in rest):
        return False
    return seen or not rest or rest[0].kind in ("see", "break")


TRAILING = PLACING | {"see"}


def _names_anew(rest: list[Item]) -> bool:
    """Whether a word or a structure right behind the doubt is what it is about: "possible artefact"."""
    first = next((item for item in rest if item.kind not in ("side", "zone", "severity")), None)
    return first is not None and first.kind in ("word", "structure", "link")


STANDING = frozenset(("finding", "device", "structure", "zone", "side"))
"""What may stand right before a lone "negative" that denies a finding."""
NONE = frozenset(("no", "none", "absent", "negative", "nil", "neg", "not present", "not seen", "-"))


def denied_behind(items: list[Item], plain: str) -> list[Item]:
    """The items with a lone "negative" or "(none)" behind what it denies told as a denial of it."""
    told = list(items)
    for index, item in enumerate(items):
        if not index or item.kind not in ("normal", "neg", "neg_post") or plain[item.start : item.end] not in NONE:
            continue
        before, rest = items[index - 1], items[index + 1 :]
        ended = all(one.kind in ("break", "close") for one in rest)
        if item.kind == "neg" and plain[item.start : item.end] == "absent" and before.kind in STANDING and listed(rest):
            told[index] = _absent(item)
        if ended and before.kind == "open":
            told[index - 1 : index + 1] = [item._replace(kind="word", value="no"), _absent(item)]
        elif (
            ended
            and item.kind == "normal"
            and before.kind in STANDING
            and any(one.kind in ("finding", "device") for one in items[:index])
        ):
            told[index] = _absent(item)
    return told


def listed(rest: list[Item]) -> bool:
    """Whether a list goes on behind: "effusion absent, edema absent"."""
    return bool(rest) and rest[0].kind in ("comma", "and", "break")


def _absent(item: Item) -> Item:
    return item._replace(kind="neg_post", value="absent")


def unmarked(items: list[Item], plain: str) -> list[Item]:
    """Without "marked" where it is what a tool did: "was marked by one of two methods"."""
    told: list[Item] = []
    for index, item in enumerate(items):
        done = (
            item.kind == "severity"
            and plain[item.start : item.end] == "marked"
            and index > 0
            and items[index - 1].kind == "verb"
            and plain[item.end : item.end + 4] in (" by ", " as ", " on ", " in ")
        )
        told.append(item._replace(kind="see", value="see") if done else item)
    return told
