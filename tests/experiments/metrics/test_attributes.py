"""Side, polarity, number and course, among claims that both sides make."""

from __future__ import annotations

import pytest

from readingroom.errors import BadRequest
from readingroom.experiments.case import TrueClaim, TrueNumber
from readingroom.experiments.metrics.score import score
from tests.experiments.metrics.drafts import case, drafted, pairs

KNOWN = (
    "FINDINGS: Right pleural effusion, larger than on the prior. 8 mm nodule in the left upper lobe. No pneumothorax."
)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("There is a right pleural effusion.", (1, 1)),
        ("There is a left pleural effusion.", (0, 1)),
        ("There are bilateral pleural effusions.", (0, 1)),
        ("There is a pleural effusion.", (0, 0)),
        ("There is a left rib fracture.", (0, 0)),
    ],
)
def test_a_side_counts_where_both_tell_one(said: str, found: tuple[int, int]) -> None:
    assert pairs(drafted(said), case(KNOWN), "laterality_accuracy") == [found]


def test_one_side_of_a_bilateral_finding_is_no_wrong_side() -> None:
    known = case("FINDINGS: Bilateral pleural effusions.")
    assert pairs(drafted("There is a left pleural effusion."), known, "laterality_accuracy") == [(1, 1)]


def test_sides_that_the_reference_tells_apart_are_taken_together() -> None:
    known = case("FINDINGS: Small right pleural effusion. Large left pleural effusion.")
    assert pairs(drafted("There are bilateral pleural effusions."), known, "laterality_accuracy") == [(1, 1)]


def test_a_flipped_negative_is_a_wrong_polarity_and_no_wrong_side() -> None:
    draft = drafted("There is a left pneumothorax.", "There is no pleural effusion.", "There is a nodule.")
    assert pairs(draft, case(KNOWN), "negation_accuracy", "laterality_accuracy") == [(1, 3), (0, 0)]


@pytest.mark.parametrize(
    ("said", "found"),
    [("8 mm", (1, 1)), ("0.8 cm", (1, 1)), ("9 mm", (0, 1)), ("8 cm", (0, 1)), ("8.4 mm", (1, 1)), ("8.6 mm", (0, 1))],
)
def test_a_number_is_right_in_any_unit_to_the_digits_printed(said: str, found: tuple[int, int]) -> None:
    assert pairs(drafted(f"There is a {said} nodule in the left upper lobe."), case(KNOWN), "number_accuracy") == [
        found
    ]


def test_a_course_is_right_by_its_direction() -> None:
    known = case(KNOWN, prior=("before.png",))
    worse = drafted("The right pleural effusion has worsened.")
    better = drafted("The right pleural effusion is smaller than before.")
    added = drafted("The nodule is stable.")  # the text names the nodule, and no course of it
    other = drafted("The rib fracture is stable.")
    drafts = (worse, better, added, other)
    assert [pairs(one, known, "comparison_accuracy")[0] for one in drafts] == [(1, 1), (0, 1), (0, 1), (0, 0)]


def test_a_course_without_an_earlier_image_is_wrong() -> None:
    known = case("FINDINGS: Right pleural effusion.")
    assert pairs(drafted("The pleural effusion is stable."), known, "comparison_accuracy") == [(0, 1)]


def test_a_unit_that_is_not_known_is_told() -> None:
    number = TrueNumber(name="area", value=3, unit="furlong")
    with pytest.raises(BadRequest, match="furlong"):
        score(drafted("The lungs are clear."), case("", TrueClaim(observation="nodule", measurement=number)))
