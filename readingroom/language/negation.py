"""Whether a clause affirms, denies or doubts each thing it names, and how far each word of doubt or denial reaches."""

from __future__ import annotations

from typing import NamedTuple

from readingroom.domain.terms import Certainty, Presence
from readingroom.language.mentions import Mention
from readingroom.language.scan import Item

REMOVED = "xxxx"
"""What the Indiana collection prints for a word taken out; between a denial and a noun it was an adjective."""

UNKNOWN = "unknown"

UNTRUE = "untrue"
"""A denial of a whole statement; a denial within it is undone."""

ENDS = frozenset(("stop", "open", "close", "there"))
SCOPES = ("other", "new", "suspicious", "large", "acute", "focal", "significant", "unknown")
"""What narrows a denial, the narrowest first."""

DOUBT: dict[str, tuple[Presence, Certainty]] = {
    "definite": ("present", "definite"),
    "most_likely": ("present", "most_likely"),
    "likely": ("present", "likely"),
    "may_represent": ("indeterminate", "may_represent"),
    "unlikely": ("absent", "unlikely"),
    "very_unlikely": ("absent", "very_unlikely"),
}


class Polarity(NamedTuple):
    """What a clause says of a mention."""

    presence: Presence
    certainty: Certainty = "definite"
    scope: str = ""


class _State(NamedTuple):
    kind: str
    value: str
    at: int


def polarities(clause: list[Item], mentions: list[Mention]) -> list[Polarity]:
    """One polarity a mention, in order."""
    states = _forward(clause)
    return [_polarity(clause, mention, states[mention.key], _after(clause, mention, mentions)) for mention in mentions]


def _forward(clause: list[Item]) -> list[_State | None]:
    """For each item, the denial or doubt that reaches it from the left."""
    state: _State | None = None
    states: list[_State | None] = []
    for index, item in enumerate(clause):
        kind = item.kind
        if kind == "neg" and not _is_late(clause, index):
            twice = state is not None and state.kind == "neg" and (state.value == UNTRUE or state.at == index - 1)
            state = None if twice else _State("neg", item.value, index)
        elif kind in ("hedge", "hedge_post") and not (
            state and state.kind == "neg" and _is_bound(clause, index, state)
        ):
            state = _State("hedge", item.value, index)
        elif state is not None and _ends(clause, index, state):
            state = None
        states.append(state)
    return states


def _is_bound(clause: list[Item], index: int, state: _State) -> bool:
    """Whether a doubt stands inside a denial: "no questionable nodule", "no restriction to suggest infarct"."""
    return state.at >= index - 2 or clause[index - 1].value == "to"


def _ends(clause: list[Item], index: int, state: _State) -> bool:
    """Whether a denial or a doubt goes no further than here."""
    kind = clause[index].kind
    if kind in ENDS or kind == "pseudo":
        return True
    if kind == "comma":
        return not _passes_comma(clause, index, state)
    if kind == "verb":
        return state.value == "not" and _said(clause, state.at, index)
    return kind == "and" and state.kind == "neg" and _grades(clause, index)


def _is_late(clause: list[Item], index: int) -> bool:
    """ "not seen", "not well identified": it denies what stands before it."""
    if clause[index].value != "not":
        return False
    for item in clause[index + 1 : index + 4]:
        if item.kind == "see" and item.value == "see":
            return True
        if item.kind not in ("word", "scope", "verb", "compare", "severity"):
            return False
    return False


def _passes_comma(clause: list[Item], index: int, state: _State) -> bool:
    """Whether a denial goes on after a comma: in a list it does, before a graded or seen finding it does not."""
    rest = clause[index + 1 :]
    if any(item.kind == "or" for item in rest):
        return True
    if state.kind == "hedge":
        return any(item.kind == "and" for item in rest)
    chunk: list[Item] = []
    for item in rest:
        if item.kind == "comma":
            break
        chunk.append(item)
    return not any(item.kind in ("severity", "verb", "change") for item in chunk)


def _said(clause: list[Item], start: int, end: int) -> bool:
    """Whether what "not" denies stands before a verb already: "is not enlarged lungs are clear"."""
    return any(item.kind in ("descriptor", "normal", "finding") for item in clause[start:end]) and any(
        item.kind == "structure" for item in clause[start:end]
    )


def _grades(clause: list[Item], index: int) -> bool:
    following = clause[index + 1 : index + 4]
    return bool(following) and following[0].kind == "severity" and all(item.kind != "scope" for item in following[:2])


def _after(clause: list[Item], mention: Mention, mentions: list[Mention]) -> Item | None:
    """The denial or doubt that stands behind the mention and reaches back to it."""
    last = max(mention.last, mention.key)
    for index in range(last + 1, len(clause)):
        item = clause[index]
        more = any(other.first > index for other in mentions)
        if _is_versus(clause, index) and all(one.kind == "word" for one in clause[last + 1 : index]):
            return Item("hedge_post", item.value, item.start, item.end)
        if item.kind in ("neg_post", "unassessed") or (item.kind == "neg" and _is_late(clause, index)):
            return item
        if item.kind == "neg" and _answers(clause, last, index):
            return item
        if item.kind == "hedge_post":
            return None if more else item
        if item.kind in ("stop", "open", "there", "normal") or (item.kind in ("neg", "hedge") and more):
            return None
    return None


def _answers(clause: list[Item], last: int, index: int) -> bool:
    """Whether a lone "none" or "no" answers a heading: "Effusion: none"."""
    between = clause[last + 1 : index]
    return index == len(clause) - 1 and all(item.kind == "verb" and item.value == ":" for item in between)


def _is_versus(clause: list[Item], index: int) -> bool:
    """ "atelectasis versus pneumonia" leaves both open."""
    return any(item.kind == "versus" and item.start == clause[index].start for item in clause[index : index + 2])


def _polarity(clause: list[Item], mention: Mention, state: _State | None, after: Item | None) -> Polarity:
    seen = any(item.kind in ("there", "quantity") for item in clause)
    behind = after.kind if after else ""
    if not seen and (_unassessed_before(clause, mention.first) or behind == "unassessed"):
        return Polarity("not_assessed")
    if mention.kind == "measurement":
        return Polarity("present")
    ahead = state.kind if state else ""
    denied = ahead != "neg" if mention.flipped else "neg" in (ahead, behind) or behind == "neg_post"
    if denied:
        return Polarity("absent", "definite", _scope(clause, mention, state))
    doubt = after if behind == "hedge_post" else state if ahead == "hedge" else None
    return Polarity(*DOUBT[doubt.value]) if doubt and not mention.flipped else Polarity("present")


def _unassessed_before(clause: list[Item], first: int) -> bool:
    for item in reversed(clause[:first]):
        if item.kind == "stop":
            return False
        if item.kind == "unassessed":
            return True
    return False


def _scope(clause: list[Item], mention: Mention, state: _State | None) -> str:
    start = mention.first
    floor = state.at if state else -1
    found: set[str] = set()
    for index in range(start - 1, floor, -1):
        item = clause[index]
        if item.kind in ("or", "and", "comma", "finding", "device", "verb") and item.start != clause[mention.key].start:
            break
        if item.kind == "scope":
            found.add(item.value)
        elif item.value == REMOVED:
            found.add(UNKNOWN)
    found.update(item.value for item in clause[mention.first : mention.last + 1] if item.kind == "scope")
    return next((scope for scope in SCOPES if scope in found), "")


def scoped(clause: list[Item], at: int) -> bool:
    """Whether a denial reaches the item, from the left or from behind."""
    state = _forward(clause)[at]
    if state is not None and state.kind == "neg":
        return True
    after = _after(clause, Mention("", "finding", at, at, at), [])
    return after is not None and after.kind in ("neg", "neg_post")
