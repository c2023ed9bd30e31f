"""How one claim and one piece of evidence agree: side, place, degree, certainty, change."""

from __future__ import annotations

from typing import Literal

from readingroom.agents.ledger import LOW_QUALITY
from readingroom.domain.evidence import Evidence
from readingroom.domain.terms import Certainty, Change, Laterality
from readingroom.language.claim import Claim
from readingroom.language.lexicon import Lexicon

Agreement = Literal["same", "silent", "finer", "other"]
"""same: the evidence says so. silent: it does not speak of it. finer: it says so less exactly. other: it differs."""

SIDES: dict[Laterality, frozenset[str]] = {
    "left": frozenset(("left",)), "right": frozenset(("right",)), "bilateral": frozenset(("left", "right")),
    "midline": frozenset(("midline",)), "unspecified": frozenset(), "not_applicable": frozenset(),
}  # fmt: skip

FIRMNESS: dict[Certainty, int] = {
    "definite": 3, "most_likely": 2, "likely": 1, "may_represent": 0, "unlikely": 0, "very_unlikely": 0,
}  # fmt: skip

DENIAL: dict[Certainty, int] = {"definite": 2, "very_unlikely": 1, "unlikely": 0}
"""How firm a denial is; any other word denies nothing."""

COURSE: dict[Change, str] = {
    "new": "new", "resolved": "gone", "stable": "same",
    "larger": "more", "worse": "more", "smaller": "less", "better": "less",
}  # fmt: skip

CALIBRATED: tuple[tuple[float, Certainty], ...] = ((0.99, "definite"), (0.9, "most_likely"), (0.75, "likely"))
"""Least calibrated probability for each step of the Brigham and Women's scale (>90, 75-90 percent)."""


def side_agreement(claim: Claim, told: frozenset[str]) -> Agreement:
    """Of the claim's side with the sides that the evidence names."""
    claimed = SIDES[claim.laterality]
    if not claimed:
        return "same"
    if not told:
        return "silent" if claim.presence != "absent" else "same"
    if claimed <= told:
        return "same"
    return "finer" if claimed & told else "other"


def sides_of(item: Evidence) -> frozenset[str]:
    """The sides that evidence names; empty where it names none."""
    return SIDES[item.laterality]


def zone_agreement(claim: Claim, item: Evidence, words: Lexicon) -> Agreement:
    """Of the claim's place with the evidence's: a place is implied by every place within it."""
    if not claim.zone or claim.zone == words.name(claim.observation):
        return "same"
    told = words.place(item.zone)
    if not told:
        return "silent" if claim.presence != "absent" and claim.zone not in words.qualifiers else "same"
    if told.endswith(f" {claim.zone}"):
        return "same"
    if claim.zone == told or claim.zone in words.zones.get(told, ()):
        return "same"
    if claim.zone.endswith(f" {told}"):
        return "finer"
    return "finer" if told in words.zones.get(claim.zone, ()) or told in words.qualifiers else "other"


def severity_agreement(claim: Claim, item: Evidence) -> Agreement:
    """Of the claim's degree with the evidence's."""
    if claim.severity is None or claim.severity == item.severity:
        return "same"
    return "silent" if item.severity is None else "other"


def allowed_certainty(item: Evidence) -> Certainty:
    """The firmest word that evidence bears: its own words' or its score's, whichever is weaker; an uncalibrated score
    or a poor quality no more than "may represent"."""
    if item.presence == "indeterminate" or (item.quality is not None and item.quality < LOW_QUALITY):
        return "may_represent"
    said, scored = item.certainty or "definite", _of_score(item)
    return scored if FIRMNESS[scored] < FIRMNESS[said] else said


def _of_score(item: Evidence) -> Certainty:
    if item.score is None or item.score_kind in ("quality", "none"):
        return "definite"
    if not item.calibrated or item.score_kind != "probability":
        return "may_represent"
    return next((word for least, word in CALIBRATED if item.score >= least), "may_represent")


def denied_certainty(item: Evidence) -> Certainty:
    """The firmest denial that evidence of absence bears: its own words', and of an uncalibrated score "unlikely"."""
    if item.certainty in DENIAL:
        return item.certainty
    scored = item.score is not None and item.score_kind in ("probability", "cosine", "logit")
    return "unlikely" if scored and not item.calibrated else "definite"


def is_overclaim(claim: Claim, item: Evidence) -> bool:
    """Whether the text is firmer than its evidence: in what it asserts, or in what it rules out."""
    if claim.presence == "absent" == item.presence:
        return DENIAL.get(claim.certainty, 0) > DENIAL[denied_certainty(item)]
    firm = FIRMNESS[claim.certainty] if claim.presence == "present" else 0
    return firm > 0 and firm > FIRMNESS[allowed_certainty(item)]


def change_agreement(claim: Claim, item: Evidence) -> Agreement:
    """Of the claim's course with the evidence's."""
    if claim.change is None and not claim.altered:
        return "same"
    if item.change is None:
        return "silent"
    if claim.change is None:
        return "other" if item.change == "stable" else "same"
    return "same" if COURSE[claim.change] == COURSE[item.change] else "other"


WEIGHT: dict[Agreement, int] = {"same": 0, "finer": 1, "silent": 2, "other": 4}


def distance(claim: Claim, item: Evidence, words: Lexicon) -> int:
    """How far evidence is from saying what the claim says; 0 where it says all of it, numbers aside."""
    return (
        8 * WEIGHT[side_agreement(claim, sides_of(item))]
        + 4 * WEIGHT[zone_agreement(claim, item, words)]
        + 2 * WEIGHT[severity_agreement(claim, item)]
        + 2 * WEIGHT[change_agreement(claim, item)]
        + 2 * is_overclaim(claim, item)
    )
