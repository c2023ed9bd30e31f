"""Claim precision, recall and F1, what was left out and what nothing bears out, all against the reference."""

from __future__ import annotations

from collections.abc import Sequence

from readingroom.experiments.metrics.bearing import bearing, is_borne_out, overlap, related
from readingroom.experiments.metrics.tally import Tally, counted, tally
from readingroom.experiments.metrics.truth import Truth, is_general, is_positive, specific
from readingroom.language.claim import Claim
from readingroom.language.lexicon import Lexicon


def claim_scores(said: Sequence[Claim], truth: Truth, words: Lexicon) -> dict[str, Tally]:
    """`said`: each claim of the draft once. "No acute abnormality" and its like need not be said, and where nothing
    bears them out are not counted; where they are refuted they are."""
    known = specific(truth.claims)
    found = [(claim, bearing(claim, truth, words)) for claim in said]
    judged = [(claim, one) for claim, one in found
              if one != "unjudged" and not (one == "unsupported" and is_general(claim))]  # fmt: skip
    return {
        "claim_precision": counted(one == "borne_out" for _, one in judged),
        "claim_recall": counted(is_borne_out(claim, said, words) for claim in known),
        "omission_rate": _omitted(said, known, words),
        "unsupported_by_reference": counted(one == "unsupported" for claim, one in judged if is_positive(claim)),
        "contradicted_by_reference": counted(one == "refuted" for _, one in judged),
    }


def _omitted(told: Sequence[Claim], known: Sequence[Claim], words: Lexicon) -> Tally:
    """Findings and devices that are there and that no claim tells, not even in general or with a wrong degree."""
    there = [one for one in known if one.presence == "present" and words.reportable(one.observation)]
    positive = [claim for claim in told if is_positive(claim)]
    missed = sum(not any(related(one, claim, words) and overlap(one, claim) for claim in positive) for one in there)
    return tally(missed, len(there))
