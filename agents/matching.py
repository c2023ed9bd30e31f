"""Which evidence a claim stands on: the piece that comes nearest to saying it, or the one that says the opposite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from readingroom.agents.agreement import SIDES, distance, sides_of
from readingroom.agents.ledger import LOW_QUALITY, Index
from readingroom.domain.evidence import Evidence
from readingroom.domain.measurement import Measurement
from readingroom.language.claim import Claim
from readingroom.language.quantities import Quantity, dimension, same_number

NARROWING = frozenset(("large", "new", "other", "suspicious", "acute"))
"""A denial so narrowed leaves room for a finding of the same name."""

GROUPS = frozenset(("abnormality", "acute_abnormality", "lung_abnormality"))
"""Too general for a single finding to be told by them."""


class Match(NamedTuple):
    """A claim with what the ledger says of it."""

    claim: Claim
    stance: str
    """backed: evidence says so. denied: evidence says the opposite. doubted: evidence leaves open what the text denies.
    part: only part was looked at. hearsay: only an untrusted text says so. nothing: no evidence speaks of it."""
    best: Evidence | None = None
    others: tuple[Evidence, ...] = ()
    """Further evidence of the same thing, or of a denied claim the evidence against it."""
    uncited: bool = False
    """True evidence exists, but not among what the sentence cites."""
    unread: bool = False
    """The words are not all the lexicon's: `best` is what they may name."""

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.best.id,) if self.best else tuple(item.id for item in self.others)


def match(claim: Claim, index: Index, cited: frozenset[str]) -> Match:
    """The evidence for or against one claim, sought first among what the sentence cites."""
    whole = _match(claim, index, None)
    if not cited:
        return whole
    if whole.best is not None and whole.best.id in cited and _holds_within(whole, cited, index):
        return whole._replace(others=tuple([item for item in whole.others if item.id in cited]))
    within = _match(claim, index, cited)
    if _bears_elsewhere(whole, within, claim, index):
        return whole._replace(uncited=True)
    if within.stance != "nothing" or whole.stance == "nothing":
        return within
    return whole._replace(uncited=True)


def _holds_within(whole: Match, cited: frozenset[str], index: Index) -> bool:
    """Whether a match whose nearest evidence is cited is the same among the cited evidence alone.

    So is every assertion but one of a group, which denials of its own name can undo, and a denial where all evidence of
    what it denies is cited.
    """
    claim = whole.claim
    if whole.stance != "backed" or whole.best is None or claim.presence == "not_assessed":
        return False
    if claim.presence != "absent":
        return not _is_group(claim)
    under = index.under.get(claim.observation, ())
    return whole.best.observation == claim.observation and all(item.id in cited for item in under)


def _bears_elsewhere(whole: Match, within: Match, claim: Claim, index: Index) -> bool:
    """Whether evidence that the sentence does not cite says all that it says, and what it cites does not: it is of
    another side, place, degree or course, has other numbers, or looked at a part only."""
    if whole.stance != "backed" or whole.best is None or whole.best is within.best:
        return False
    if not _says_all(claim, whole.best, index):
        return False
    if within.stance == "backed" and within.best is not None:
        return not _says_all(claim, within.best, index)
    return within.stance in ("part", "hearsay")


def _says_all(claim: Claim, item: Evidence, index: Index) -> bool:
    return distance(claim, item, index.words) == 0 and (not item.measurements or _bears(claim, item))


def _match(claim: Claim, index: Index, pool: frozenset[str] | None) -> Match:
    if claim.presence == "not_assessed":
        return _unassessed(claim, index, pool)
    concept = index.words.concepts.get(claim.observation)
    if claim.presence == "absent":
        return _denial(claim, index, pool)
    if concept is not None and concept.kind in ("measurement", "structure"):
        return _measured(claim, index, pool)
    return _assertion(claim, index, pool)


def _within(items: Sequence[Evidence], pool: frozenset[str] | None) -> Sequence[Evidence]:
    return items if pool is None else [item for item in items if item.id in pool]


def _nearest(claim: Claim, items: Sequence[Evidence], index: Index) -> Evidence:
    if len(items) == 1:
        return items[0]
    return min(items, key=lambda item: (distance(claim, item, index.words), item.observation != claim.observation,
                                        not _bears(claim, item)))  # fmt: skip


def _bears(claim: Claim, item: Evidence) -> bool:
    """Whether every number of the claim is among the evidence's."""
    return all(any(same_number(number, part) for part in item.measurements) for number in claim.quantities)


def _assertion(claim: Claim, index: Index, pool: frozenset[str] | None) -> Match:
    under = _within(index.under.get(claim.observation, ()), pool)
    backing = [item for item in under if item.presence in ("present", "indeterminate")]
    if backing and not (_is_group(claim) and _only_denied(claim, under)):
        best = _nearest(claim, backing, index)
        return Match(claim, "backed", best, tuple(item for item in backing if item is not best))
    against = [item for name in _beyond(claim.observation, index)
               for item in _within(index.exact.get(name, ()), pool) if item.presence == "absent"]  # fmt: skip
    if against:
        return Match(claim, "denied", None, tuple(against))
    rumours = _within(index.hearsay.get(claim.observation, ()), pool)
    return Match(claim, "hearsay" if rumours else "nothing", None, tuple(rumours))


def _beyond(observation: str, index: Index) -> Iterator[str]:
    """The observation, and what it is a kind of that is not too general; the nearest first, so that the same evidence
    is named every time."""
    line = index.words.line_of(observation)
    return (name for name in line if name not in GROUPS or name == observation)


def _is_group(claim: Claim) -> bool:
    """An unplaced claim of abnormality as such, or that something is not clear."""
    unplaced = claim.laterality == "unspecified" and not claim.zone
    return unplaced and (claim.implied or claim.observation.endswith("abnormality"))


def _only_denied(claim: Claim, under: Sequence[Evidence]) -> bool:
    told = {item.presence for item in under if item.observation == claim.observation}
    return "absent" in told and not told & {"present", "indeterminate"}


def _measured(claim: Claim, index: Index, pool: frozenset[str] | None) -> Match:
    direct = _within(index.exact.get(claim.observation, ()), pool)
    named = _within(index.naming.get(claim.observation, ()), pool)
    backing = [item for item in (*direct, *named) if item.presence in ("present", "indeterminate", "absent")]
    if not backing:
        about = [item for item in _about(claim.observation, index) if pool is None or item.id in pool]
        backing = [item for item in about if item.presence != "not_assessed"]
    if not backing:
        return Match(claim, "nothing")
    best = _nearest(claim, backing, index)
    return Match(claim, "backed", best, tuple(item for item in backing if item is not best))


def _about(observation: str, index: Index) -> list[Evidence]:
    """Evidence on a structure: itself, its own measurements, and what calling it normal would deny."""
    found = list(index.exact.get(observation, ()))
    concept = index.words.concepts.get(observation)
    if concept is not None and concept.kind == "structure":
        related = {*concept.normal, *(name.lstrip("!") for name in concept.makes.values())}
        for name, items in index.exact.items():
            known = index.words.concepts.get(name)
            if name in related or (known is not None and known.about == observation):
                found += items
    return found


def _covers(claim: Claim, items: list[Evidence]) -> bool:
    """Whether denials together reach every side that the claim denies."""
    claimed = SIDES[claim.laterality]
    told = [sides_of(item) for item in items]
    if any(not sides for sides in told):
        return True
    reached = frozenset().union(*told)
    return (claimed or SIDES["bilateral"]) <= reached or not reached & SIDES["bilateral"]


def _overlaps(claim: Claim, item: Evidence) -> bool:
    claimed, told = SIDES[claim.laterality], sides_of(item)
    return not claimed or not told or bool(claimed & told)


def _same_spot(claim: Claim, item: Evidence) -> bool:
    """Whether both name the same finding on the same named side and place."""
    named = claim.laterality != "unspecified"
    return named and (item.observation, item.laterality, item.zone) == (claim.observation, claim.laterality, claim.zone)


def _leaves_room(claim: Claim, item: Evidence, index: Index) -> bool:
    """Whether a narrowed denial is compatible with something present: "no large effusion" with a small one."""
    if claim.scope not in NARROWING and not (claim.implied and item.observation not in index.exact):
        return False
    if claim.scope == "large":
        return item.severity != "severe"
    if claim.scope == "acute":
        return "acute_abnormality" not in index.words.ancestors(item.observation)
    if claim.scope == "new":
        return item.change != "new"
    return claim.scope in ("other", "suspicious")


def _denial(claim: Claim, index: Index, pool: frozenset[str] | None) -> Match:
    exact = _within(index.exact.get(claim.observation, ()), pool)
    same = [item for item in exact if item.presence == "absent"]
    under = [item for item in _within(index.under.get(claim.observation, ()), pool) if _overlaps(claim, item)]
    present = [item for item in under if item.presence == "present" and not _leaves_room(claim, item, index)]
    pointed = [item for item in present if _same_spot(claim, item)]
    if pointed and not any(_same_spot(claim, item) for item in same):
        return Match(claim, "denied", None, tuple(pointed))
    if same and _covers(claim, same):
        best = _nearest(claim, same, index)
        return Match(claim, "backed", best, tuple(item for item in present if item.observation == claim.observation))
    if present:
        return Match(claim, "denied", None, tuple(present))
    above = [item for name in _beyond(claim.observation, index) if name != claim.observation
             for item in _within(index.exact.get(name, ()), pool) if item.presence == "absent"]  # fmt: skip
    if above and _covers(claim, above):
        return Match(claim, "backed", _nearest(claim, above, index))
    doubts = [item for item in under if item.presence == "indeterminate"]
    if doubts and claim.certainty == "definite":
        return Match(claim, "doubted", None, tuple(doubts))
    partial = [*same, *above, *(item for item in under if item.presence == "absent")]
    return Match(claim, "part" if partial else "nothing", None, tuple(partial))


def _unassessed(claim: Claim, index: Index, pool: frozenset[str] | None) -> Match:
    about = [item for item in _within(_about(claim.observation, index), pool) if _overlaps(claim, item)]
    sure = [
        item
        for item in about
        if item.presence in ("present", "absent") and (item.quality is None or item.quality >= LOW_QUALITY)
    ]
    if sure:
        return Match(claim, "denied", None, tuple(sure))
    return Match(claim, "backed", about[0] if about else None)


def measurements_for(number: Quantity, found: Match, index: Index) -> list[tuple[Evidence, Measurement]]:
    """What a number can be held against: the claim's evidence, what that was computed from, else any of its name."""
    items = [item for item in (found.best, *found.others) if item is not None]
    items = [item for item in items if _overlaps(found.claim, item)] or items
    if found.best is not None:
        reached = index.closure((found.best.id,))
        items += [index.by_id[name] for name in sorted(reached) if name not in {item.id for item in items}]
    if number.role != "prior":
        items = [item for item in items if item.id not in index.earlier]
    pairs = [(item, part) for item in items for part in item.measurements if _named_alike(number, item, part, index)]
    if pairs:
        return pairs
    wanted = [name for name in index.naming if number.name and index.words.is_a(name, number.name)]
    pairs = [(item, part) for name in wanted for item in index.naming[name] if _overlaps(found.claim, item)
             for part in item.measurements if _named_alike(number, item, part, index)]  # fmt: skip
    return pairs or [(item, part) for item in items for part in item.measurements if not number.name]


def _named_alike(number: Quantity, item: Evidence, part: Measurement, index: Index) -> bool:
    earlier = part.name.startswith("prior_") or item.id in index.earlier
    if earlier != (number.role == "prior"):
        return False
    name = part.name.removeprefix("prior_")
    if not number.name or number.name == name or index.words.is_a(name, number.name):
        return bool(number.name) or dimension(number.unit) in (dimension(part.unit), "")
    return index.words.is_a(number.name, name)
