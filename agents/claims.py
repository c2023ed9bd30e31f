"""What a sentence claims, read from its words alone: observation, presence, side, place, degree, change, numbers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple, cast

from readingroom.agents.clauses import clauses_of
from readingroom.agents.compose import Mention, mentions_of
from readingroom.agents.laterality import Site, Window, sites_of, windows_of
from readingroom.agents.lexicon import Lexicon, lexicon
from readingroom.agents.negation import Polarity, polarities
from readingroom.agents.quantities import Quantity
from readingroom.agents.scan import Item, scan
from readingroom.domain.terms import Certainty, Change, Laterality, Presence, Severity
from readingroom.domain.value import Value

SEVERITIES: tuple[Severity, ...] = ("trace", "mild", "moderate", "severe")


class Claim(Value):
    """One thing that a sentence says."""

    observation: str
    """A concept of the lexicon; "structure:adjective" where the lexicon has no name for what they make."""
    presence: Presence
    laterality: Laterality = "unspecified"
    zone: str = ""
    severity: Severity | None = None
    certainty: Certainty = "definite"
    change: Change | None = None
    comparison: bool = False
    """Speaks of an earlier image."""
    quantities: tuple[Quantity, ...] = ()
    scope: str = ""
    """What a denial is limited to: other, new, suspicious, large, acute, focal or significant; empty where it is not."""
    implied: bool = False
    """Expanded from a broad statement: "the lungs are clear"."""
    span: tuple[int, int]
    """Where in the sentence, in characters."""


class Clause(NamedTuple):
    """A clause with what was found in it."""

    items: list[Item]
    mentions: list[Mention]
    windows: list[Window]
    free: set[int]
    quantities: tuple[Quantity, ...]


def claims_of(sentence_text: str, *, previous: Claim | None = None) -> tuple[Claim, ...]:
    """The claims of one sentence, in order.

    `previous` is the last claim of the sentence before, for "It measures 8 mm". A statement of normality gives
    what it denies: "heart size is normal" denies cardiac_enlargement.
    """
    claims = _own_claims(sentence_text)
    if claims.orphans and previous is not None:
        return (*claims.told, *(_inherit(orphan, previous) for orphan in claims.orphans))
    return claims.told


class _Reading(NamedTuple):
    told: tuple[Claim, ...]
    orphans: tuple[Claim, ...]
    """Claims without a subject of their own; their observation is empty."""


@lru_cache(maxsize=4096)
def _own_claims(text: str) -> _Reading:
    words = lexicon()
    row = scan(text, words)
    told: list[Claim] = []
    orphans: list[Claim] = []
    compared = any(item.kind == "compare" for item in row.items)
    for items in clauses_of(row.items):
        if _advises(items):
            continue
        claims = list(_clause_claims(items, row.quantities, compared, words))
        for claim in claims:
            if claim.observation:
                told.append(claim)
            elif told:
                told.append(_inherit(claim, _subject(told)))
            else:
                orphans.append(claim)
    return _Reading(_distinct(told), tuple(orphans))


def _distinct(told: list[Claim]) -> tuple[Claim, ...]:
    """Without claims that repeat an earlier one of the sentence."""
    return tuple({claim.model_copy(update={"span": (0, 0)}): claim for claim in reversed(told)}.values())[::-1]


def _subject(told: list[Claim]) -> Claim:
    return next((claim for claim in reversed(told) if claim.presence != "absent"), told[-1])


def _inherit(orphan: Claim, subject: Claim) -> Claim:
    sited = orphan.laterality != "unspecified" or bool(orphan.zone)
    update: dict[str, object] = {"observation": subject.observation, "presence": subject.presence, "certainty": subject.certainty}
    if not sited:
        update |= {"laterality": subject.laterality, "zone": subject.zone}
    if orphan.presence == "not_assessed":
        update["presence"] = orphan.presence
    return orphan.model_copy(update=update)


def _advises(items: list[Item]) -> bool:
    """A recommendation says nothing of the image."""
    return any(item.kind == "advice" for item in items)


def _clause_claims(items: list[Item], quantities: tuple[Quantity, ...], compared: bool, words: Lexicon) -> Iterable[Claim]:
    mentions, free = mentions_of(items, words)
    mentions = _with_subjects(items, mentions, free, words)
    if not mentions:
        return _orphan(items, quantities, compared, words)
    windows = windows_of(items, mentions)
    clause = Clause(items, mentions, windows, free, quantities)
    sites = sites_of(items, mentions, windows, words)
    told = polarities(items, mentions)
    numbers = _numbers(clause, words)
    changes = _changes(clause)
    claims: dict[Claim, None] = {}
    for index, mention in enumerate(mentions):
        for site in sites[index]:
            claims[_claim(clause, index, site, told[index], numbers[index], changes[index], compared, len(sites[index]) > 1)] = None
    return claims


def _claim(clause: Clause, index: int, site: Site, polarity: Polarity, numbers: tuple[Quantity, ...],
           change: Change | None, compared: bool, several: bool) -> Claim:  # fmt: skip
    mention, items = clause.mentions[index], clause.items
    presence, certainty, scope = polarity
    if presence == "absent" and scope == "new":
        compared = True
    graded = cast("Severity | None", site.severity or None) if several else None
    severity = (graded or _severity(clause, index)) if presence in ("present", "indeterminate") and not mention.normality else None
    return Claim(
        observation=mention.observation,
        presence=presence,
        laterality=cast("Laterality", site.side or "unspecified"),
        zone=site.zone,
        severity=severity,
        certainty=certainty,
        change=change if presence != "absent" or change in ("resolved", "stable") else None,
        comparison=compared or change is not None,
        quantities=numbers if presence != "absent" or mention.flipped or numbers else (),
        scope=scope if presence == "absent" else "",
        implied=mention.normality and mention.broad,
        span=(items[mention.first].start, items[mention.last].end),
    )


def _with_subjects(items: list[Item], mentions: list[Mention], free: set[int], words: Lexicon) -> list[Mention]:
    """Structures that are measured, compared or not assessable are subjects themselves."""
    if not free:
        return mentions
    kinds = {item.kind for item in items}
    alone = not mentions
    outlined = any(item.kind == "see" and item.value == "outline" for item in items)
    named = [index for index in free if not words.concepts[items[index].value].place]
    extra: list[Mention] = []
    for index in sorted(free):
        concept = words.concepts[items[index].value]
        if concept.place and (named or not alone):
            continue
        if alone and (outlined or {"change", "unassessed", "pseudo", "quantity"} & kinds):
            extra.append(Mention(concept.id, "structure", index, index, index))
        elif concept.reportable or (alone and concept.countable and "quantity" in kinds):
            extra.append(Mention(concept.id, "finding", index, index, index))
    return sorted([*mentions, *extra], key=lambda mention: mention.first)


def _orphan(items: list[Item], quantities: tuple[Quantity, ...], compared: bool, words: Lexicon) -> Iterable[Claim]:
    """A clause without a subject: "It measures 8 mm", "unchanged since the prior"."""
    kinds = {item.kind for item in items}
    numbers = tuple(quantities[int(item.value)] for item in items if item.kind == "quantity")
    numbers = tuple(number for number in numbers if number.unit or number.decimals)
    changes = [item.value for item in items if item.kind in ("change", "pseudo") and item.value != "keep"]
    measured = next((item for item in items if item.kind == "measurement" and item.value != "size"), None)
    if measured and numbers and "pronoun" not in kinds and measured.value not in ("diameter",):
        return (Claim(observation=measured.value, presence="present", quantities=numbers, span=_span(items)),)
    starts = items[0].kind in ("pronoun", "measurement", "change", "pseudo", "quantity", "verb", "compare", "open", "comma", "unassessed")
    if not (numbers or changes or "unassessed" in kinds) or not (starts or "pronoun" in kinds):
        return ()
    return (
        Claim(
            observation="",
            presence="not_assessed" if "unassessed" in kinds else "present",
            change=cast("Change", changes[0]) if changes else None,
            comparison=compared or bool(changes),
            quantities=_named(items, numbers, quantities),
            span=_span(items),
        ),
    )


def _named(items: list[Item], numbers: tuple[Quantity, ...], quantities: tuple[Quantity, ...]) -> tuple[Quantity, ...]:
    kept = set(numbers)
    return tuple(
        number.model_copy(update={"name": name}) if (name := _name_at(items, index)) else number
        for index, item in enumerate(items)
        if item.kind == "quantity" and (number := quantities[int(item.value)]) in kept
    )


def _span(items: list[Item]) -> tuple[int, int]:
    return (items[0].start, items[-1].end)


def _severity(clause: Clause, index: int) -> Severity | None:
    mention, window = clause.mentions[index], clause.windows[index]
    items = clause.items
    found = [item.value for item in items[window.start : mention.last + 1] if item.kind == "severity"]
    if not found:
        after = items[mention.last + 1 : window.end]
        predicate = next((at for at, item in enumerate(after) if item.kind in ("verb", "open")), None)
        found = [item.value for item in after[predicate or 0 :] if item.kind == "severity"] if predicate is not None else []
        lead = items[: window.start] if index == 0 and mention.key == mention.last else []
        found = found or [item.value for item in lead if item.kind == "severity" and "there" not in {i.kind for i in lead}]
    return cast("Severity", max(found, key=SEVERITIES.index)) if found else None  # type: ignore[arg-type]


def _numbers(clause: Clause, words: Lexicon) -> list[tuple[Quantity, ...]]:
    """Each quantity of the clause to the mention it measures."""
    given: list[list[Quantity]] = [[] for _ in clause.mentions]
    for at, item in enumerate(clause.items):
        if item.kind != "quantity":
            continue
        number = clause.quantities[int(item.value)]
        owner = _owner(clause, at)
        mention = clause.mentions[owner]
        name = _name_at(clause.items, at)
        concept = words.concepts.get(mention.observation)
        if not number.unit and not number.decimals:
            counted = concept is not None and (concept.countable or _next_is(clause, at, mention))
            if not (counted or name == "count" or (mention.kind == "measurement") or number.role == "prior"):
                continue
            if counted and not name and not mention.kind == "measurement":
                name = "count"
        if mention.kind == "measurement" and not name:
            name = mention.observation
        given[owner].append(number.model_copy(update={"name": name}) if name else number)
    return [tuple(numbers) for numbers in given]


def _next_is(clause: Clause, at: int, mention: Mention) -> bool:
    return mention.first > at and all(item.kind in ("word", "severity", "side", "descriptor") for item in clause.items[at + 1 : mention.first])


def _owner(clause: Clause, at: int) -> int:
    best = None
    for index, (mention, window) in enumerate(zip(clause.mentions, clause.windows, strict=True)):
        if window.start <= at < mention.first or mention.first <= at <= mention.last:
            return index
        if mention.last < at:
            best = index
    return best if best is not None else 0


def _name_at(items: list[Item], at: int) -> str:
    """The measurement named beside a number: "an area of 12", "12 in longest diameter"."""
    for index in range(at - 1, max(-1, at - 7), -1):
        kind = items[index].kind
        if kind == "measurement":
            if items[index].value != "size":
                return items[index].value
            break
        if kind in ("comma", "and", "quantity", "open", "close"):
            break
    for index in range(at + 1, min(len(items), at + 4)):
        kind = items[index].kind
        if kind == "measurement":
            return "" if items[index].value == "size" or _names_next(items, index) else items[index].value
        if kind not in ("word", "link", "verb"):
            break
    return ""


def _names_next(items: list[Item], index: int) -> bool:
    """Whether a measurement word belongs to the number after it."""
    following = [item.kind for item in items[index + 1 : index + 4]]
    return "quantity" in following and "comma" not in following[: following.index("quantity")]


def _changes(clause: Clause) -> list[Change | None]:
    """The change word of each mention: its own, or the one that the whole list shares."""
    items = clause.items
    told: list[Change | None] = []
    for mention, window in zip(clause.mentions, clause.windows, strict=True):
        own = [item.value for item in items[window.start : window.end]
               if item.kind in ("change", "pseudo") and item.value != "keep" and not _compares_sides(items, items.index(item))
               and not (mention.first <= items.index(item) <= mention.last and item.start == items[mention.key].start and mention.key != mention.first)]  # fmt: skip
        told.append(cast("Change", own[0]) if own else None)
    resolved = [index for index, item in enumerate(items) if item.kind == "neg_post" and item.value == "resolved"]
    shared = _shared_change(clause)
    for index, mention in enumerate(clause.mentions):
        if resolved and mention.last < resolved[0]:
            told[index] = "resolved"
        elif told[index] is None and shared is not None:
            told[index] = shared
    return told


def _shared_change(clause: Clause) -> Change | None:
    items = clause.items
    changes = {item.start: (index, item.value) for index, item in enumerate(items)
               if item.kind in ("change", "pseudo") and item.value != "keep" and not _compares_sides(items, index)}  # fmt: skip
    if len(changes) != 1:
        return None
    ((index, value),) = changes.values()
    first, last = clause.mentions[0], clause.mentions[-1]
    leads = index < first.first and (clause.windows[0].start > index)
    trails = index > last.last and any(item.kind == "verb" for item in items[last.last + 1 : index])
    return cast("Change", value) if leads or trails else None


def _compares_sides(items: list[Item], index: int) -> bool:
    """"smaller than the right" compares two sides of one image."""
    following = items[index + 1 : index + 5]
    start = items[index].start
    words = [item for item in following if item.start != start]
    return bool(words) and words[0].value == "than" and any(item.kind == "side" for item in words)
