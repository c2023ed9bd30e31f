"""Calibration: how often what is called likely is there, and how often what scores 0.8 is.

Words stand for the middle of their range on the Brigham and Women's Hospital scale (>90, 75-90, 25-75, 5-25, <5
percent); "definite" for 1, and a flat denial for 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from readingroom.domain.report import Report
from readingroom.domain.terms import Certainty
from readingroom.domain.value import Value
from readingroom.experiments.metrics.bearing import bearing
from readingroom.experiments.metrics.tally import Tally, tally
from readingroom.experiments.metrics.truth import Truth, specific
from readingroom.language.claim import Claim
from readingroom.language.lexicon import Lexicon
from readingroom.learning.calibration import BINS

WORTH: dict[Certainty, float] = {
    "definite": 1.0, "most_likely": 0.95, "likely": 0.825, "may_represent": 0.5, "unlikely": 0.15,
    "very_unlikely": 0.025,
}  # fmt: skip


def calibration_parts(name: str) -> tuple[str, ...]:
    """Names of the tallies of a calibration: what was told in each bin, then what was seen."""
    return tuple(f"{name}:{kind}:{n}" for kind in ("told", "seen") for n in range(BINS))


def certainty_scores(said: Sequence[Claim], truth: Truth, words: Lexicon) -> dict[str, Tally]:
    """Of the words of the draft's claims, where the reference says whether it is there."""
    told = [(_probability(claim), _is_there(claim, truth, words)) for claim in specific(said)]
    return _scores("certainty", ((p, there) for p, there in told if there is not None))


def score_scores(report: Report, truth: Truth, words: Lexicon) -> dict[str, Tally]:
    """Of the probabilities that the report's evidence carries, calibrated or not."""
    scored = [item for item in report.evidence
              if item.score is not None and item.score_kind == "probability" and 0 <= item.score <= 1]  # fmt: skip
    claims = [(item.score, Claim(item.observation, "present", span=(0, 0), laterality=item.laterality))
              for item in scored]  # fmt: skip
    told = [(score, _is_there(claim, truth, words)) for score, claim in claims if score is not None]
    return _scores("score", ((p, there) for p, there in told if there is not None))


class CertaintyBin(Value):
    """What was told with probabilities in one tenth, and how often it came true."""

    low: float
    high: float
    told: float
    """Mean probability."""
    seen: float
    n: int


def bins_of(scores: Iterable[Mapping[str, Tally]], name: str) -> tuple[CertaintyBin, ...]:
    """The bins behind `certainty_ece` or `score_ece` of an arm's cases; empty ones are left out."""
    parts, none = calibration_parts(name), tally(0, 0)
    sums = dict.fromkeys(parts, none)
    for one in scores:
        sums = {part: held + one.get(part, none) for part, held in sums.items()}
    told, seen = ([sums[part] for part in half] for half in (parts[:BINS], parts[BINS:]))
    return tuple(
        CertaintyBin(low=n / BINS, high=(n + 1) / BINS, told=one.hits / one.of, seen=other.hits / one.of, n=int(one.of))
        for n, (one, other) in enumerate(zip(told, seen, strict=True)) if one.of
    )  # fmt: skip


def _probability(claim: Claim) -> float:
    return 0.0 if claim.presence == "absent" and claim.certainty == "definite" else WORTH[claim.certainty]


def _is_there(claim: Claim, truth: Truth, words: Lexicon) -> bool | None:
    """Of the bare finding at its side, whatever its degree; None where the reference does not say."""
    found = bearing(Claim(claim.observation, "present", span=(0, 0), laterality=claim.laterality), truth, words)
    return None if found == "unjudged" else found == "borne_out"


def _scores(name: str, told: Iterable[tuple[float, bool]]) -> dict[str, Tally]:
    pairs = list(told)
    scores = {f"{name}_brier": tally(sum((p - there) ** 2 for p, there in pairs), len(pairs))}
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for p, there in pairs:
        bins[min(int(p * BINS), BINS - 1)].append((p, there))
    told_parts, seen_parts = calibration_parts(f"{name}_ece")[:BINS], calibration_parts(f"{name}_ece")[BINS:]
    scores |= {part: tally(sum(p for p, _ in held), len(held)) for part, held in zip(told_parts, bins, strict=True)}
    return scores | {part: tally(sum(y for _, y in held), len(held))
                     for part, held in zip(seen_parts, bins, strict=True)}  # fmt: skip
