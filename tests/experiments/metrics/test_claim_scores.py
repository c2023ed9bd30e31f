"""Claims against the reference: what is borne out, refuted, unsupported, left out."""

from __future__ import annotations

import pytest

from readingroom.experiments.case import TrueClaim, TrueNumber
from readingroom.experiments.metrics.catalogue import METRICS
from readingroom.experiments.metrics.score import score
from readingroom.experiments.metrics.tally import Tally, tally
from tests.experiments.metrics.drafts import FAILED, case, drafted, pairs

TEXT = "FINDINGS: Small right pleural effusion. Left lower lobe consolidation. No pneumothorax."


def test_precision_and_recall_count_each_claim_once() -> None:
    draft = drafted("There is a right pleural effusion.", "No pneumothorax.", "There is a rib fracture.",
                    "There is a right pleural effusion.")  # fmt: skip
    assert pairs(draft, case(TEXT), "claim_precision", "claim_recall") == [(2, 3), (2, 3)]


def test_f1_is_the_harmonic_mean_of_the_summed_parts() -> None:
    (f1,) = (metric for metric in METRICS if metric.name == "claim_f1")
    assert (f1.tallies, f1.fold) == (("claim_precision", "claim_recall"), "harmonic")


@pytest.mark.parametrize(
    ("said", "hits"),
    [
        ("There is a left lower lobe opacity.", 1),  # more general: borne out
        ("There is left lower lobe pneumonia.", 0),  # a sibling
        ("There is left consolidation.", 1),
        ("There is right consolidation.", 0),
        ("There is a left upper lobe consolidation.", 0),
        ("There is a small right pleural effusion.", 1),
        ("There is a large right pleural effusion.", 0),
        ("There is a right pleural effusion.", 1),
        ("There are bilateral pleural effusions.", 0),
        ("There is no pneumothorax.", 1),
        ("There is no left consolidation.", 0),
        ("There is a pneumothorax.", 0),
    ],
)
def test_a_claim_is_borne_out_by_what_says_as_much(said: str, hits: int) -> None:
    assert pairs(drafted(said), case(TEXT), "claim_precision") == [(hits, 1)]


@pytest.mark.parametrize(
    ("said", "hits"), [("small right", 1), ("large right", 0), ("left", 0), ("right", 1), ("small", 1)]
)
def test_a_vaguer_mention_elsewhere_does_not_bear_out_what_the_exact_one_refutes(said: str, hits: int) -> None:
    known = case("FINDINGS: Small right pleural effusion. IMPRESSION: Pleural effusion.")
    assert pairs(drafted(f"There is a {said} pleural effusion."), known, "claim_precision") == [(hits, 1)]


def test_a_general_denial_need_not_be_said_and_must_not_be_false() -> None:
    known = case("FINDINGS: No pneumothorax. IMPRESSION: No acute cardiopulmonary abnormality.")
    names = ("claim_precision", "claim_recall")
    assert pairs(drafted("No pneumothorax."), known, *names) == [(1, 1), (1, 1)]
    assert pairs(drafted("No acute cardiopulmonary abnormality."), known, *names) == [(1, 1), (0, 1)]
    assert pairs(drafted("Acute cardiopulmonary abnormality."), known, *names) == [(0, 1), (0, 1)]
    ill = case("FINDINGS: Right pneumothorax.")
    assert pairs(drafted("No acute cardiopulmonary abnormality."), ill, "contradicted_by_reference") == [(1, 1)]


def test_which_side_is_the_worse_is_a_claim_of_its_own() -> None:
    known = case("FINDINGS: Bilateral pleural effusions, left greater than right.")
    same = drafted("Bilateral pleural effusions, left greater than right.")
    other = drafted("Bilateral pleural effusions, right greater than left.")
    assert [pairs(one, known, "claim_precision")[0] for one in (same, other)] == [(2, 2), (1, 2)]


def test_recall_asks_for_as_much_as_the_reference_says() -> None:
    known = case("FINDINGS: Left lower lobe consolidation.")
    assert pairs(drafted("There is a left lower lobe opacity."), known, "claim_recall") == [(0, 1)]
    assert pairs(drafted("There is a left opacity."), known, "omission_rate") == [(0, 1)]  # told, if less exactly


def test_a_denial_covers_what_is_beneath_it() -> None:
    known = case("FINDINGS: The lungs are clear.")
    assert pairs(drafted("No consolidation."), known, "claim_precision") == [(1, 1)]
    narrow = case("FINDINGS: No consolidation.")
    assert pairs(drafted("The lungs are clear."), narrow, "claim_precision") == [(0, 1)]


def test_left_out_unsupported_and_refuted_are_told_apart() -> None:
    draft = drafted("There is a pneumothorax.", "There is a rib fracture.")
    names = ("omission_rate", "unsupported_by_reference", "contradicted_by_reference")
    assert pairs(draft, case(TEXT), *names) == [(2, 2), (1, 2), (1, 2)]


def test_a_hedge_on_what_is_absent_is_unsupported_and_not_refuted() -> None:
    names = ("unsupported_by_reference", "contradicted_by_reference")
    assert pairs(drafted("There may be a pneumothorax."), case(TEXT), *names) == [(1, 1), (0, 1)]


def test_of_what_typed_truth_does_not_name_nothing_is_counted() -> None:
    known = case("", TrueClaim(observation="pleural_effusion", laterality="right"),
                 TrueClaim(observation="pneumothorax", presence="absent"))  # fmt: skip
    draft = drafted("There is a rib fracture.", "There is a pneumothorax.", "There is a right pleural effusion.")
    assert pairs(draft, known, "claim_precision", "claim_recall") == [(1, 2), (1, 2)]


def test_sizes_that_a_text_does_not_give_are_not_counted_against_the_draft() -> None:
    assert pairs(drafted("The cardiothoracic ratio is 0.58."), case(TEXT), "claim_precision") == [(0, 0)]


@pytest.mark.parametrize(("said", "hits"), [("0.52", 1), ("0.53", 1), ("0.56", 0), ("0.56 (sd 0.09)", 0)])
def test_a_number_is_held_to_the_tolerance_of_the_truth(said: str, hits: int) -> None:
    ratio = TrueNumber(name="cardiothoracic_ratio", value=0.515, unit="1", tolerance=0.02)
    known = case("", TrueClaim(observation="cardiothoracic_ratio", measurement=ratio))
    draft = drafted(f"The cardiothoracic ratio is {said}.")
    assert pairs(draft, known, "claim_precision", "claim_recall") == [(hits, 1), (hits, 1)]


def test_a_failed_draft_leaves_everything_out_and_misses_once() -> None:
    names = ("claim_precision", "claim_recall", "omission_rate", "completed", "label_recall")
    assert pairs(FAILED, case(TEXT), *names) == [(0, 1), (0, 3), (2, 2), (0, 1), (0, 2)]
    scores = score(FAILED, case(TEXT))
    assert {"silent_errors", "silent_errors_per_report", "unsupported_rate"}.isdisjoint(scores)
    assert scores["laterality_accuracy"].of == 0


def test_tallies_add_up_to_the_figure_of_an_arm() -> None:
    total = sum((tally(1, 2), tally(3, 6)), tally(0, 0))
    assert total == Tally(hits=4, of=8)
    assert (total.rate, tally(0, 0).rate) == (0.5, None)
