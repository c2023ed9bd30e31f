"""Whether what is known bears out what is said: one claim against the claims of the other side.

Directional, as RadFact's entailment: "opacity" is borne out where consolidation is known, not the other way round; "no
consolidation" where no opacity is known, but not by "no acute abnormality", which sums up. Side, place, degree, course
and numbers count against a claim only where both sides tell them and they differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from readingroom.agents.agreement import COURSE
from readingroom.agents.matching import GROUPS, NARROWING
from readingroom.experiments.metrics.numbers import disagree
from readingroom.experiments.metrics.truth import Truth, is_positive, sides
from readingroom.language.claim import GREATER, Claim
from readingroom.language.lexicon import Lexicon

Bearing = Literal["borne_out", "refuted", "unsupported", "unjudged"]
"""unsupported: nothing known says so, and it would be known. unjudged: the truth is silent."""


def bearing(said: Claim, truth: Truth, words: Lexicon) -> Bearing:
    """What the truth says of a claim; a hedge on what is known to be absent is unsupported, not refuted."""
    found = _asserted(said, truth.claims, words) if is_positive(said) else _denied(said, truth.claims, words)
    if found == "refuted" and said.presence == "indeterminate":
        return "unsupported"
    return "unjudged" if found == "unsupported" and not (truth.whole and _is_finding(said, words)) else found


def is_borne_out(said: Claim, known: Sequence[Claim], words: Lexicon) -> bool:
    """The same question the other way round, for recall: does a draft, `known`, tell what is so. Numbers may lie apart
    by the tolerance of what is so, in either direction."""
    found = _asserted(said, known, words, back=True) if is_positive(said) else _denied(said, known, words)
    return found == "borne_out"


def is_wrong(said: Claim, truth: Truth, words: Lexicon) -> bool:
    """Refuted, or stated of a report that would name it and does not; a denial that nobody else makes is not wrong."""
    found = bearing(said, truth, words)
    return found == "refuted" or (found == "unsupported" and said.presence == "present")


def _is_finding(said: Claim, words: Lexicon) -> bool:
    """A report names every finding, and few of the sizes and structures that are as they should be."""
    known = words.concepts.get(said.observation)
    return known.kind in ("finding", "device") if known else not said.observation.endswith(GREATER)


def related(one: Claim, other: Claim, words: Lexicon) -> bool:
    """Whether both speak of the same thing, one perhaps less exactly."""
    return words.is_a(one.observation, other.observation) or words.is_a(other.observation, one.observation)


def overlap(one: Claim, other: Claim) -> bool:
    """Whether they can speak of the same side."""
    return not sides(one) or not sides(other) or bool(sides(one) & sides(other))


def _asserted(said: Claim, known: Sequence[Claim], words: Lexicon, *, back: bool = False) -> Bearing:
    bearers = [one for one in known if is_positive(one) and words.is_a(one.observation, said.observation)]
    if bearers:
        told = frozenset().union(*map(sides, bearers))
        near = [one for one in bearers if overlap(said, one)]
        fits = near and (not told or sides(said) <= told) and not _differs(said, near, words, back=back)
        return "borne_out" if fits else "refuted"
    against = (one for one in known if one.presence == "absent" and words.is_a(said.observation, one.observation))
    refuted = any(overlap(said, one) and one.scope not in NARROWING for one in against)
    return "refuted" if refuted else "unsupported"


def _denied(said: Claim, known: Sequence[Claim], words: Lexicon) -> Bearing:
    same = [one for one in known if one.presence == "absent" and one.observation == said.observation]
    if same and _covered(said, same):
        return "borne_out"
    present = (one for one in known if one.presence == "present" and words.is_a(one.observation, said.observation))
    if said.scope not in NARROWING and any(overlap(said, one) for one in present):
        return "refuted"
    above = [one for one in known if one.presence == "absent" and words.is_a(said.observation, one.observation)
             and one.observation not in GROUPS]  # fmt: skip
    return "borne_out" if above and _covered(said, above) else "unsupported"


def _covered(said: Claim, denials: Sequence[Claim]) -> bool:
    """Whether denials reach every side that is denied; one without a side reaches all."""
    reached = frozenset().union(*map(sides, denials))
    return any(not sides(one) for one in denials) or (bool(sides(said)) and sides(said) <= reached)


def _differs(said: Claim, known: Sequence[Claim], words: Lexicon, *, back: bool) -> bool:
    """Whether place, degree, course or a number is known, and not as it is said: one that tells it and agrees is
    enough, those that do not tell it say nothing."""
    degrees = {one.severity for one in known} - {None}
    courses = {COURSE[one.change] for one in known if one.change is not None}
    places = [one.zone for one in known if one.zone]
    return (
        (said.severity is not None and bool(degrees) and said.severity not in degrees)
        or (said.change is not None and bool(courses) and COURSE[said.change] not in courses)
        or (bool(said.zone and places) and all(_elsewhere(said.zone, place, words) for place in places))
        or disagree(said, known, words, back=back)
    )


def _elsewhere(said: str, known: str, words: Lexicon) -> bool:
    """Whether two places exclude each other: neither is within the other, and neither only says how it lies."""
    if words.qualifiers & {said, known}:
        return False
    first, second = words.place(said), words.place(known)
    return first not in words.zones.get(second, (second,)) and second not in words.zones.get(first, (first,))
