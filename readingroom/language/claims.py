"""What a sentence claims, read from its words alone: observation, presence, side, place, degree, change, numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple, cast

from readingroom.domain.terms import Laterality, Severity
from readingroom.language.claim import GREATER, Claim
from readingroom.language.clauses import clauses_of
from readingroom.language.courses import Course, told_course
from readingroom.language.degrees import with_degrees
from readingroom.language.dominance import ITSELF, with_dominance
from readingroom.language.hearsay import UNSEEN, observed
from readingroom.language.item import Item
from readingroom.language.laterality import NAMING, Site, sites_of, windows_of
from readingroom.language.lexicon import Lexicon, lexicon
from readingroom.language.mentions import Mention, mentions_of
from readingroom.language.negation import Polarity, polarities
from readingroom.language.orphans import WHOLE, inherit, loose_sides, orphans_of, supposed
from readingroom.language.particulars import Clause, changes_of, numbers_of, severity_of
from readingroom.language.quantities import Quantity
from readingroom.language.scan import scan
from readingroom.language.sentences import SAYING, Sentence


def claims_of(sentence_text: str, *, previous: Claim | None = None, asked: bool = False) -> tuple[Claim, ...]:
    """The claims of one sentence, in order.

    `previous` is the last claim of the sentence before, for "It measures 8 mm". A statement of normality gives
    what it denies: "heart size is normal" denies cardiac_enlargement. Of a question (`asked`) also that is read which
    in a report would be history or only supposed: "rule out consolidation".
    """
    claims = _own_claims(sentence_text, asked)
    if claims.orphans and previous is not None:
        return (*claims.told, *(inherit(orphan, previous) for orphan in claims.orphans))
    return claims.told


def read_claims(sentences: Iterable[Sentence], *, asked: bool = False) -> Iterator[tuple[Sentence, tuple[Claim, ...]]]:
    """Each sentence with its claims; only findings and impression claim anything of the images."""
    previous: Claim | None = None
    section = ""
    for sentence in sentences:
        if sentence.section not in SAYING:
            yield sentence, ()
            continue
        if sentence.section != section:
            previous, section = None, sentence.section
        claims = claims_of(sentence.text, previous=previous, asked=asked)
        previous = next((claim for claim in reversed(claims) if claim.presence != "absent"), previous)
        yield sentence, claims


UNNAMED = frozenset(("abnormality", "acute_abnormality", WHOLE))
"""What "this finding was discussed" seems to claim."""


BESIDE = frozenset(("advice", "view", "unassessed", "administrative"))
"""In a clause with one of these a doubt is about no finding."""


class Part(NamedTuple):
    """What a clause says of one of its mentions at one site."""

    which: int
    site: Site
    polarity: Polarity
    degree: str
    """The degree at this site, where a list of sites grades each."""
    numbers: tuple[Quantity, ...]
    change: Course | None
    compared: bool


def forget() -> None:
    """Let go of the sentences read so far, so that a measurement of speed reads each anew."""
    _own_claims.cache_clear()


class _Reading(NamedTuple):
    told: tuple[Claim, ...]
    orphans: tuple[Claim, ...]
    """Claims without a subject of their own; their observation is empty."""


@lru_cache(maxsize=4096)
def _own_claims(text: str, asked: bool = False) -> _Reading:
    words = lexicon()
    row = scan(text, words)
    told: list[Claim] = []
    orphans: list[Claim] = []
    kinds = {item.kind for item in row.items}
    compared = "compare" in kinds
    if "normal" in kinds and kinds <= NORMAL_ALONE:
        scope = "other" if "scope" in kinds else ""
        return _Reading((Claim(observation="abnormality", presence="absent", scope=scope, span=(0, len(text))),), ())
    for items in _statements(row.items, kinds, asked):
        claims = list(_clause_claims(items, row.quantities, compared, words))
        for claim in claims:
            if claim.observation and not (claim.observation == WHOLE and told):
                told.append(claim)
            elif told:
                told.append(inherit(claim, _subject(told)))
            else:
                orphans.append(claim)
    if any(claim.change or claim.altered for claim in told if claim.observation != WHOLE):
        told = [claim for claim in told if claim.observation != WHOLE]
    if "administrative" in kinds:
        told, orphans = [claim for claim in told if claim.observation not in UNNAMED], []
    return _Reading(_distinct(told), tuple(orphans))


NORMAL_ALONE = frozenset(("normal", "break", "severity", "scope", "comma"))
"""All that "Unremarkable." and "Within normal limits." hold: they say of everything that it is normal."""


def _statements(items: list[Item], kinds: set[str], asked: bool) -> Iterable[list[Item]]:
    """The clauses of a sentence that speak of the image; `kinds` are those of its items."""
    if kinds & UNSEEN:
        items = observed(items, asked=asked)
    if "severity" in kinds:
        items = with_degrees(items)
    if "dominance" in kinds:
        items = with_dominance(items)
    clauses = clauses_of(items)
    return filter(None, map(_without_advice, clauses)) if "advice" in kinds else clauses


def _distinct(told: list[Claim]) -> tuple[Claim, ...]:
    """Without claims that repeat an earlier one of the sentence."""
    if len(told) < 2:
        return tuple(told)
    return tuple({claim._replace(span=(0, 0)): claim for claim in reversed(told)}.values())[::-1]


def _subject(told: list[Claim]) -> Claim:
    return next((claim for claim in reversed(told) if claim.presence != "absent"), told[-1])


def _without_advice(items: list[Item]) -> list[Item]:
    """A recommendation says nothing of the image: "..., recommend CT", "CT is recommended"."""
    at = next((index for index, item in enumerate(items) if item.kind == "advice"), None)
    if at is None:
        return items
    passive = any(item.kind == "verb" for item in items[max(0, at - 2) : at]) or (
        items[at].start != items[0].start and "be" in items[at].value
    )
    comma = max((index for index, item in enumerate(items[:at]) if item.kind == "comma"), default=0)
    return items[:comma] if passive else items[:at]


def _clause_claims(
    items: list[Item], quantities: tuple[Quantity, ...], compared: bool, words: Lexicon
) -> Iterable[Claim]:
    kinds = {item.kind for item in items}
    mentions, free = mentions_of(items, words, kinds)
    if free:
        mentions = _with_subjects(items, mentions, free, kinds, words)
    if not mentions:
        told_alone = tuple(orphans_of(items, quantities, compared, words))
        return told_alone or (supposed(items, []) if "hedge" in kinds and not kinds & BESIDE else ())
    windows = windows_of(items, mentions)
    clause = Clause(items, mentions, windows, free, quantities, kinds)
    sites = sites_of(items, mentions, windows, words) if kinds & NAMING else [(Site(),)] * len(mentions)
    told = polarities(items, mentions, kinds)
    loose = loose_sides(clause, words) if "side" in kinds else []
    numbers = numbers_of(clause, words)
    changes = changes_of(clause)
    claims: dict[Claim, None] = {}
    for index in range(len(mentions)):
        for site in sites[index]:
            degree = site.severity if len(sites[index]) > 1 else ""
            own = _of_side(numbers[index], site, sites[index], clause) if len(numbers[index]) > 1 else numbers[index]
            for change in changes[index] or (None,):
                claim = _claim(clause, Part(index, site, told[index], degree, own, change, compared))
                claims[claim] = None
            if site.dominant and claim.presence == "present":
                claims[_greater(claim, site.dominant)] = None
    claims |= dict.fromkeys(loose)
    if "hedge" in kinds or "scope" in kinds:
        claims |= dict.fromkeys(supposed(items, mentions))
    return _specific(claims)


def _of_side(
    numbers: tuple[Quantity, ...], here: Site, sites: tuple[Site, ...], clause: Clause
) -> tuple[Quantity, ...]:
    """The numbers of one of two sides: "right 257, left 219", "0.6 in the left eye and 0.3 in the right", "right and
    left lungs of 257 and 219"."""
    if {site.side for site in sites} != {"left", "right"}:
        return numbers
    spans = {number.span for number in numbers}
    row = [item for item in clause.items if (item.kind == "side" and item.value in ("left", "right"))
           or (item.kind == "quantity" and clause.quantities[int(item.value)].span in spans)]  # fmt: skip
    kinds = "".join("s" if item.kind == "side" else "q" for item in row)
    sides = [item.value for item in row if item.kind == "side"]
    if kinds == "ssqq":
        owners = sides
    elif kinds in ("sqsq", "sqqsqq", "qsqs", "qqsqqs") and len(set(sides)) == 2:
        owners = [side for side in sides for _ in range(len(numbers) // 2)]
    else:
        return numbers
    names = {number.unit: number.name for number in reversed(numbers) if number.name}
    return tuple(
        number if number.name else number._replace(name=names.get(number.unit, ""))
        for number, owner in zip(numbers, owners, strict=True)
        if owner == here.side
    )


def _specific(claims: Iterable[Claim]) -> list[Claim]:
    """Without "findings" where the clause goes on to say which: "findings consistent with edema"."""
    told = list(claims)
    named = [claim for claim in told if claim.observation != "abnormality" or claim.presence == "absent"]
    return named or told


def _claim(clause: Clause, part: Part) -> Claim:
    mention, items = clause.mentions[part.which], clause.items
    presence, certainty, scope = part.polarity
    change, altered = told_course(part.change)
    if presence == "absent" and not mention.normality and change not in ("resolved", "stable"):
        scope = "large" if change == "larger" else scope
        change, altered = None, False
    positive = presence in ("present", "indeterminate") and not mention.normality
    degree = cast("Severity | None", part.degree or None) or severity_of(clause, part.which)
    return Claim(
        observation=mention.observation,
        presence=presence,
        laterality=cast("Laterality", part.site.side or "unspecified"),
        zone=part.site.zone,
        severity=degree if positive else None,
        certainty=certainty,
        change=change,
        altered=altered,
        comparison=part.compared or change is not None or altered or (presence == "absent" and scope == "new"),
        quantities=part.numbers,
        scope=scope if presence == "absent" else "",
        implied=mention.normality and mention.broad,
        span=(items[mention.first].start, items[mention.last].end),
    )


def _greater(claim: Claim, side: str) -> Claim:
    """The claim that one side is the worse."""
    laterality = "not_applicable" if side == ITSELF else side
    return Claim(
        observation=f"{claim.observation}{GREATER}",
        presence="present",
        laterality=cast("Laterality", laterality),
        span=claim.span,
    )


def _with_subjects(
    items: list[Item], mentions: list[Mention], free: set[int], kinds: set[str], words: Lexicon
) -> list[Mention]:
    """Structures that are measured, compared or not assessable are subjects themselves."""
    alone = not mentions
    outlined = any(item.kind == "see" and item.value == "outline" for item in items)
    named = [index for index in free if not words.concepts[items[index].value].place]
    extra: list[Mention] = []
    unassessed = next((index for index, item in enumerate(items) if item.kind == "unassessed"), -1)
    alone_before = all(mention.first > unassessed for mention in mentions)
    for index in sorted(free):
        concept = words.concepts[items[index].value]
        if concept.place and (named or not alone):
            continue
        left_open = index < unassessed and alone_before
        if left_open or (alone and (outlined or {"change", "unassessed", "pseudo", "quantity"} & kinds)):
            extra.append(Mention(concept.id, "structure", index, index, index))
        elif concept.reportable or (alone and concept.countable and "quantity" in kinds):
            extra.append(Mention(concept.id, "finding", index, index, index))
    return sorted([*mentions, *extra], key=lambda mention: mention.first)
