"""Of claims that both sides make: is the side right, the polarity, the number, the course."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from readingroom.agents.agreement import COURSE
from readingroom.experiments.metrics.bearing import overlap, related
from readingroom.experiments.metrics.numbers import agrees, pairs
from readingroom.experiments.metrics.tally import Tally, counted
from readingroom.experiments.metrics.truth import Truth, is_positive, sides
from readingroom.language.claim import Claim
from readingroom.language.lexicon import Lexicon


def attribute_scores(said: Sequence[Claim], truth: Truth, words: Lexicon) -> dict[str, Tally]:
    """Each accuracy counts the claims of the draft that have a counterpart in the reference which tells the same
    attribute; of several, those of the same name before those more or less general."""
    return {
        "laterality_accuracy": counted(_sides_right(said, truth, words)),
        "negation_accuracy": counted(_polarity_right(said, truth, words)),
        "number_accuracy": counted(_numbers_right(said, truth, words)),
        "comparison_accuracy": counted(_course_right(said, truth, words)),
    }


def _counterparts(claim: Claim, truth: Truth, words: Lexicon, fits: Callable[[Claim], bool]) -> list[Claim]:
    found = [one for one in truth.claims if related(claim, one, words) and fits(one)]
    return [one for one in found if one.observation == claim.observation] or found


def _sides_right(said: Iterable[Claim], truth: Truth, words: Lexicon) -> Iterable[bool]:
    """A side is right where it is among those known; "left" of a bilateral effusion omits, and is no wrong side."""
    for claim in said:
        if is_positive(claim) and sides(claim):
            known = _counterparts(claim, truth, words, lambda one: is_positive(one) and bool(sides(one)))
            if known:
                yield sides(claim) <= frozenset().union(*map(sides, known))


def _polarity_right(said: Iterable[Claim], truth: Truth, words: Lexicon) -> Iterable[bool]:
    for claim in said:
        known = _counterparts(claim, truth, words, lambda one, claim=claim: overlap(one, claim))  # type: ignore[misc]
        if known:
            yield any(is_positive(one) == is_positive(claim) for one in known)


def _numbers_right(said: Iterable[Claim], truth: Truth, words: Lexicon) -> Iterable[bool]:
    """Each number once, against every number known of the same measure and thing."""
    for claim in said:
        known = _counterparts(claim, truth, words, lambda one, claim=claim: overlap(one, claim))  # type: ignore[misc]
        for number, against in pairs(claim, known, words):
            yield any(agrees(number, one) for one in against)


def _course_right(said: Iterable[Claim], truth: Truth, words: Lexicon) -> Iterable[bool]:
    """A course is wrong of a case that has no earlier image, and of a finding that a human's text names without any."""
    for claim in said:
        if claim.change is None:
            continue
        known = _counterparts(claim, truth, words, lambda one: one.change is not None)
        courses = {COURSE[one.change] for one in known if one.change is not None}
        named = truth.whole and any(is_positive(one) and related(claim, one, words) for one in truth.claims)
        if courses:
            yield COURSE[claim.change] in courses
        elif named or not truth.has_prior:
            yield False
