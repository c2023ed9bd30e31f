"""What a draft took, and the answers to questions."""

from __future__ import annotations

import pytest

from readingroom.experiments.draft import Drafted
from readingroom.experiments.metrics.score import score
from tests.experiments.metrics.drafts import FAILED, case, drafted, pair, pairs

CHOICES = ("Pneumonia", "Pneumothorax", "Normal")


@pytest.mark.parametrize(
    ("answer", "right"),
    [("B", 1), ("b", 1), ("B.", 1), ("(B) Pneumothorax", 1), ("pneumothorax", 1), ("A", 0), ("Both", 0), ("", 0)],
)
def test_an_answer_is_right_by_its_letter_or_its_words(answer: str, right: int) -> None:
    question = case(choices=CHOICES, answer="B")
    given = Drafted(case="c1", cell="0" * 64, arm="arm", seed=0, answer=answer)
    found = score(given, question)
    assert pair(found["choice_accuracy"]) == (right, 1)
    assert "claim_precision" not in found


def test_what_it_took_is_counted_of_failures_too() -> None:
    found = score(FAILED, case("FINDINGS: Nodule."))
    assert [pair(found[name]) for name in ("seconds", "cost", "completed")] == [(2.0, 1), (0.5, 1), (0, 1)]


def test_money_without_a_price_is_left_out() -> None:
    draft = drafted("The lungs are clear.").model_copy(update={"tokens_in": 900, "tokens_out": 100, "calls": 2})
    assert pairs(draft, case(), "tokens", "calls", "words") == [(1000, 1), (2, 1), (4, 1)]
    assert "cost" not in score(draft, case())
