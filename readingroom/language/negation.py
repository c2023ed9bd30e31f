"""Whether a clause affirms, denies or doubts each thing it names, and how far each word of doubt or denial reaches."""

from __future__ import annotations

from typing import NamedTuple

from readingroom.domain.terms import Certainty, Presence
from readingroom.language.item import Item
from readingroom.language.mentions import Mention

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


HALF: dict[str, Certainty] = {"most_likely": "very_unlikely", "likely": "unlikely", "may_represent": "unlikely"}
"""How firmly a doubt about a thing's being normal denies that it is not: "is probably normal"."""


class Polarity(NamedTuple):
    """What a clause says of a mention."""

    presence: Presence
    certainty: Certainty = "definite"
    scope: str = ""


class _State(NamedTuple):
    kind: str
    value: str
    at: int


def polarities(clause: list[Item], mentions: list[Mention], kinds: set[str]) -> list[Polarity]:
    """One polarity a mention, in order; `kinds` are those of the clause's items."""
    states = _forward(clause) if kinds & AHEAD else [None] * len(clause)
    back = bool(kinds & BACK)
    told: list[Polarity] = []
    for mention in mentions:
        state, after = states[mention.key], _after(clause, mention, mentions) if back else None
        if state is None and after is None and not mention.flipped and "unassessed" not in kinds:
            told.append(PRESENT)
        else:
            told.append(_polarity(clause, mention, state, after))
    return told


AHEAD = frozenset(("neg", "hedge", "hedge_post"))
"""What can reach forward."""

BACK = frozenset(("versus", "neg_post", "unassessed", "neg", "normal", "hedge_post"))
"""What can reach back to what stands before it."""

PRESENT = Polarity("present")


def _forward(clause: list[Item]) -> list[_State | None]:
    """For each item, the denial or doubt that reaches it from the left."""
    state: _State | None = None
    states: list[_State | None] = []
    for index, item in enumerate(clause):
        kind = item.kind
        if kind == "neg" and not _is_late(clause, index):
            twice = state is not None and state.kind == "neg" and (state.value == UNTRUE or state.at == index - 1)
            state = None if twice else _State("neg", item.value, index)
        elif kind in ("hedge", "hedge_post"):
            if not (state and state.kind == "neg" and _is_bound(clause, index, state)):
                state = _State("hedge", _weaker(clause, state, item.value, index), index)
        elif state is not None and _ends(clause, index, state):
            state = None
        states.append(state)
    return states


BOND = ":of"
"""Ends a doubt that joins a noun to what it may mean: "opacity suspicious for pneumonia"."""

FAINTEST = ("very_unlikely", "unlikely", "may_represent", "likely", "most_likely", "definite")

NAMED = frozenset(("finding", "structure", "device", "measurement"))

VERDICTS = frozenset(("descriptor", "normal"))


def _is_bound(clause: list[Item], index: int, state: _State) -> bool:
    """Whether a doubt stands inside a denial: "no questionable nodule", "no restriction to suggest infarct", "no
    opacity suspicious for pneumonia"."""
    if state.at >= index - 2 or clause[index - 1].value == "to":
        return True
    between = {item.kind for item in clause[state.at + 1 : index]}
    return clause[index].value.endswith(BOND) and not between & {"verb", "comma", "open", "hedge"}


def _weaker(clause: list[Item], state: _State | None, value: str, index: int) -> str:
    """Of two doubts on one thing the fainter: "may be compatible with", "possibly consistent with"."""
    said = value.removesuffix(BOND)
    if state is None or state.kind != "hedge" or any(item.kind in NAMED for item in clause[state.at + 1 : index]):
        return said
    return min(said, state.value, key=FAINTEST.index)


def _ends(clause: list[Item], index: int, state: _State) -> bool:
    """Whether a denial or a doubt goes no further than here."""
    kind = clause[index].kind
    if kind == "stop":
        subjects = NAMED if state.kind == "hedge" else NAMED | VERDICTS
        return any(item.kind in subjects for item in clause[state.at + 1 : index])
    if kind in ENDS or kind == "pseudo":
        return True
    if kind == "comma":
        return not _passes_comma(clause, index, state)
    if kind == "verb":
        return state.value == "not" and _said(clause, state.at, index)
    return kind == "and" and state.kind == "neg" and _grades(clause, index)


def _is_late(clause: list[Item], index: int) -> bool:
    """ "not seen", "not well identified", "whereas the other is not": it denies what stands before it."""
    if clause[index].value != "not":
        return False
    if all(item.kind == "break" for item in clause[index + 1 :]):
        return any(item.kind == "verb" for item in clause[max(0, index - 1) : index])
    for item in clause[index + 1 : index + 4]:
        if item.kind == "see" and item.value == "see":
            return True
        if item.kind not in ("word", "scope", "verb", "compare", "severity"):
            return False
    return False


def _passes_comma(clause: list[Item], index: int, state: _State) -> bool:
    """Whether a denial goes on after a comma: in a list it does, before a graded or seen finding it does not."""
    rest = clause[index + 1 :]
    if any(item.kind == "or" for item in rest) or not _named(clause[state.at + 1 : index], rest):
        return True
    if state.kind == "hedge":
        return any(item.kind == "and" for item in rest) or any(item.value == ":" for item in clause[state.at : index])
    chunk: list[Item] = []
    for item in rest:
        if item.kind == "comma":
            break
        chunk.append(item)
    firm = chunk[:1] and chunk[0].kind == "scope" and chunk[0].value == "significant"
    return not firm and not any(item.kind in ("severity", "verb", "change") for item in chunk)


ADJECTIVES = frozenset(("scope", "descriptor"))


def _named(items: list[Item], rest: list[Item]) -> bool:
    """Whether a list has its first noun yet: not so in "no acute, displaced fracture", "no recent, displaced one"."""
    if any(item.kind in NAMED or item.kind in VERDICTS for item in items):
        return True
    unknown = sum(item.kind == "word" for item in items)
    return unknown > 1 or (unknown == 1 and not (rest and rest[0].kind in ADJECTIVES))


def _said(clause: list[Item], start: int, end: int) -> bool:
    """Whether what "not" denies stands before a verb already: "is not enlarged lungs are clear"."""
    return any(item.kind in ("descriptor", "normal", "finding") for item in clause[start:end]) and any(
        item.kind == "structure" for item in clause[start:end]
    )


def _grades(clause: list[Item], index: int) -> bool:
    following = clause[index + 1 : index + 4]
    if following and following[0].value in ("a", "an"):
        return True
    return bool(following) and following[0].kind == "severity" and all(item.kind != "scope" for item in following[:2])


def _after(clause: list[Item], mention: Mention, mentions: list[Mention]) -> Item | None:
    """The denial or doubt that stands behind the mention and reaches back to it."""
    last = max(mention.last, mention.key)
    for index in range(last + 1, len(clause)):
        item = clause[index]
        if _is_versus(clause, index) and all(one.kind == "word" for one in clause[last + 1 : index]):
            return Item("hedge_post", item.value, item.start, item.end)
        if item.kind in ("neg_post", "unassessed") or (item.kind == "neg" and _is_late(clause, index)):
            return item
        if item.kind in ("neg", "normal") and _answers(clause, last, index):
            return item._replace(kind="neg")
        if item.kind == "hedge_post":
            return item if not _goes_on(mentions, index) or _turns(clause, index) else None
        if item.kind in STOPS or (item.kind in ("neg", "hedge") and _goes_on(mentions, index)):
            return None
    return None


STOPS = frozenset(("stop", "open", "there", "normal"))


def _goes_on(mentions: list[Mention], index: int) -> bool:
    """Whether something else is spoken of behind the item."""
    return any(other.first > index for other in mentions)


TURNS = frozenset(("stop", "neg", "comma", "and", "open", "compare"))
PREPOSITIONS = frozenset(("with", "given", "in", "on", "at"))


def _turns(clause: list[Item], index: int) -> bool:
    """Whether a doubt speaks of what stands before it: "is possible with no effusion", not "is likely atelectasis"."""
    following = clause[index + 1] if index + 1 < len(clause) else None
    return following is not None and (following.kind in TURNS or following.value in PREPOSITIONS)


def _answers(clause: list[Item], last: int, index: int) -> bool:
    """Whether a lone "none" or "absent" answers what stands before it: "Effusion: none", "left effusion absent"."""
    between = clause[last + 1 : index]
    colon = any(item.value == ":" for item in between)
    answers, placing = (ANSWERS, LISTING) if colon else (ABSENT, PLACING)
    ended = all(item.kind == "break" for item in clause[index + 1 :])
    return (
        ended and clause[index].value in answers and all(item.kind in placing or item.value == ":" for item in between)
    )


PLACING = frozenset(("word", "side", "zone", "structure", "link"))
LISTING = PLACING | {"and", "or", "comma", "finding", "device", "descriptor", "verb"}
"""What may stand between a list and the word that answers all of it: "effusion, edema and mass: none"."""
ABSENT = frozenset(("no",))
ANSWERS = frozenset(("no", "not", "normal"))


def _is_versus(clause: list[Item], index: int) -> bool:
    """ "atelectasis versus pneumonia" leaves both open."""
    here = clause[index]
    if here.kind == "versus":
        return True
    following = clause[index + 1] if index + 1 < len(clause) else here
    return following.kind == "versus" and following.start == here.start


def _polarity(clause: list[Item], mention: Mention, state: _State | None, after: Item | None) -> Polarity:
    seen = any(item.kind in ("there", "quantity") for item in clause)
    behind = after.kind if after else ""
    if not seen and (_unassessed_before(clause, mention.first) or behind == "unassessed"):
        return Polarity("not_assessed")
    if mention.kind == "measurement":
        return Polarity("present")
    ahead = state.kind if state else ""
    if mention.kind == "structure" and after is not None and behind in ("neg", "neg_post") and ahead != "neg":
        return Polarity("not_assessed")
    if mention.flipped and state is not None and ahead == "hedge" and state.value in HALF:
        return Polarity("absent", HALF[state.value])
    denied = ahead != "neg" if mention.flipped else "neg" in (ahead, behind) or behind == "neg_post"
    if denied:
        return Polarity("absent", "definite", _scope(clause, mention, state))
    sources = ((after, behind == "hedge_post"), (state, ahead == "hedge"))
    doubts = [one.value.removesuffix(BOND) for one, there in sources if one is not None and there]
    return Polarity(*DOUBT[min(doubts, key=FAINTEST.index)]) if doubts and not mention.flipped else Polarity("present")


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
