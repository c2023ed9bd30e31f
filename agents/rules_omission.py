"""Rule R11: evidence of something present, or of a change, that no sentence tells."""

from __future__ import annotations

import re
from collections.abc import Iterator

from readingroom.agents.agreement import SIDES, sides_of
from readingroom.agents.case import Told
from readingroom.agents.ledger import Index
from readingroom.agents.matching import GROUPS, Match
from readingroom.agents.rules_text import positive
from readingroom.domain.check import Omission
from readingroom.domain.evidence import Evidence
from readingroom.language.claim import Claim
from readingroom.language.sentences import SAYING


def omissions(text: tuple[Told, ...], problems: frozenset[str], index: Index) -> tuple[Omission, ...]:
    """R11: trusted evidence of a finding or a device in a current image that no sentence speaks of, and of a change
    since the prior image, of whatever was compared, whose course no sentence tells.

    That something is stable may go untold: a reader takes what is not said to have changed for unchanged.

    `problems`: evidence that some problem already names; saying it wrongly is not leaving it out, nor is citing it in a
    sentence that nobody can read.
    """
    claims = [found.claim for told in text if told.sentence.section in SAYING for found in told.matches]
    used = {item.id for told in text for found in told.matches for item in _spoken_of(found)}
    used |= {name for told in text if not told.matches for name in told.sentence.cites}
    left: list[Omission] = []
    for items in index.exact.values():
        for item in items:
            if (
                item.presence != "present"
                or item.id in used
                or item.id in problems
                or not index.words.reportable(item.observation)
            ):
                continue
            if not any(_tells(claim, item, index) for claim in claims):
                side = f" on the {item.laterality}" if item.laterality in ("left", "right") else ""
                reason = (
                    f"{index.words.name(item.observation)}{side} is in the evidence ({item.id}); no sentence tells it"
                )
                left.append(Omission(evidence=(item.id,), reason=reason))
    left += _courses_left(text, problems, index, frozenset(name for one in left for name in one.evidence))
    return tuple(sorted(left, key=lambda one: one.evidence))


def _courses_left(
    text: tuple[Told, ...], problems: frozenset[str], index: Index, known: frozenset[str]
) -> Iterator[Omission]:
    """Changes that no sentence tells; which of them a sentence tells wrongly is R08's. `known`: left out altogether."""
    changed = [item for items in index.exact.values() for item in items
               if item.change not in (None, "stable") and item.id not in problems and item.id not in known]  # fmt: skip
    if not changed:
        return
    saying = [told for told in text if told.sentence.section in SAYING]
    unread = {name for told in saying if not told.matches or any(found.unread for found in told.matches)
              for name in told.sentence.cites}  # fmt: skip
    courses = [found for told in saying for found in told.matches
               if _tells_course(found.claim) or TIME.search(told.sentence.text)]  # fmt: skip
    for item in changed:
        if item.id in unread or any(_course_of(found, item, index) for found in courses):
            continue
        name = index.words.name(item.observation)
        where = f" on the {item.laterality}" if item.laterality in ("left", "right") else ""
        reason = f"{name}{where} is {item.change} in the evidence ({item.id}); no sentence tells that change"
        yield Omission(evidence=(item.id,), reason=reason)


TIME = re.compile(
    r"\b(?:prior|previous|before|since|interval|earlier|last|then|ago|former|again|now|comparison|compared|"
    r"progress|regress|gr[eo]w|shr[aiu]nk|develop|appeared|chang|increas|decreas|improv|worse|resol|unchanged)",
    re.IGNORECASE,
)
"""What a sentence on a course holds however it is worded; what it says of the course is for R08 to judge."""


def _tells_course(claim: Claim) -> bool:
    """Whether it says what became of something, in words or by the number of then."""
    earlier = any(number.role == "prior" for number in claim.quantities)
    return claim.change is not None or claim.altered or earlier or claim.presence == "absent"


def _course_of(found: Match, item: Evidence, index: Index) -> bool:
    """Whether the claim is on the evidence; a plain denial tells the course of what is gone, and of nothing else."""
    claim, words = found.claim, index.words
    if claim.presence == "absent" and item.change != "resolved" and claim.change is None and not claim.altered:
        return False
    if found.best is item or item in found.others:
        return True
    told, sides = SIDES[claim.laterality], sides_of(item)
    near = words.is_a(claim.observation, item.observation) or words.is_a(item.observation, claim.observation)
    return near and not (told and sides and not told & sides)


def _spoken_of(found: Match) -> tuple[Evidence, ...]:
    """Evidence that a claim stands on or denies, or may speak of."""
    if found.unread and found.best is not None:
        return (found.best, *found.others)
    if found.best is not None:
        return (found.best,)
    return found.others if found.stance in ("denied", "doubted") else ()


def _tells(claim: Claim, item: Evidence, index: Index) -> bool:
    if not positive(claim):
        return False
    words = index.words
    same = claim.observation == item.observation or words.is_a(claim.observation, item.observation)
    if not same and (claim.observation in GROUPS or not words.is_a(item.observation, claim.observation)):
        return False
    told, sides = SIDES[claim.laterality], sides_of(item)
    if told and sides and not told & sides:
        return False
    if not claim.zone or not item.zone:
        return True
    zone, place = claim.zone, words.place(item.zone)
    return (
        zone == place
        or zone in words.zones.get(place, ())
        or place in words.zones.get(zone, ())
        or zone in words.qualifiers
    )
