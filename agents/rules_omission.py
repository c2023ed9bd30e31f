"""Rule R11: evidence of something present that no sentence tells."""

from __future__ import annotations

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
    """R11: trusted evidence of a finding or a device in a current image that no sentence speaks of.

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
    return tuple(sorted(left, key=lambda one: one.evidence))


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
