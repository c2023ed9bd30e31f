"""Calibration of words and of scores, with its bins."""

from __future__ import annotations

import pytest

from readingroom.experiments.metrics.certainty import bins_of
from readingroom.experiments.metrics.score import score
from tests.agents.ledgers import evidence
from tests.experiments.metrics.drafts import case, drafted, pair, pairs

KNOWN = case("FINDINGS: Right pleural effusion. No pneumothorax.")


@pytest.mark.parametrize(
    ("said", "brier"),
    [
        ("There is a right pleural effusion.", 0.0),
        ("There may be a right pleural effusion.", 0.25),
        ("There is no pleural effusion.", 1.0),
        ("There is a pneumothorax.", 1.0),
        ("Pneumothorax is unlikely.", 0.15**2),
    ],
)
def test_words_stand_for_the_middle_of_their_range(said: str, brier: float) -> None:
    assert pairs(drafted(said), KNOWN, "certainty_brier") == [(pytest.approx(brier), 1)]


def test_scores_of_the_evidence_are_held_against_the_truth() -> None:
    items = tuple(
        evidence(f"E{n}", what, "indeterminate", score=p, score_kind=kind)
        for n, what, p, kind in (
            (2, "pleural_effusion", 0.85, "probability"),
            (3, "pneumothorax", 0.83, "probability"),
            (4, "pneumothorax", 7.0, "cosine"),
        )
    )
    found = score(drafted("The lungs are seen.", items=items), KNOWN)
    assert pair(found["score_brier"]) == (pytest.approx(0.15**2 + 0.83**2), 2)
    (bin_,) = bins_of([found, found], "score_ece")
    assert (bin_.low, bin_.high, bin_.n, bin_.seen) == (0.8, 0.9, 4, 0.5)
    assert bin_.told == pytest.approx(0.84)
