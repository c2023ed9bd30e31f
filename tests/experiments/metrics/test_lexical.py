"""ROUGE-L and BLEU on pairs whose values are known, and what they cannot see."""

from __future__ import annotations

import pytest

from readingroom.experiments.metrics.catalogue import METRICS
from readingroom.experiments.metrics.lexical import bleu, rouge_l


@pytest.mark.parametrize(
    ("draft", "reference", "value"),
    [
        ("the lungs are clear", "the lungs are clear", 1.0),
        ("police kill the gunman", "police killed the gunman", 0.75),  # Lin 2004, section 3.1
        ("the gunman kill police", "police killed the gunman", 0.5),
        ("", "the lungs are clear", 0.0),
        ("a b c d e", "a x c y e", 0.6),
    ],
)
def test_rouge_l_is_the_f1_of_the_longest_common_subsequence(draft: str, reference: str, value: float) -> None:
    assert rouge_l(draft, reference).rate == pytest.approx(value)


def test_bleu_is_one_of_the_same_text_and_small_of_another() -> None:
    pytest.importorskip("sacrebleu")
    text = "There is no focal consolidation, pleural effusion or pneumothorax."
    assert bleu(text, text).rate == pytest.approx(1.0)
    assert (bleu("Normal.", text).rate or 0) < 0.05


def test_a_swapped_side_hardly_moves_them() -> None:
    text = "There is a small left pleural effusion. The heart is normal in size. No pneumothorax is seen."
    assert (rouge_l(text.replace("left", "right"), text).rate or 0) > 0.9


def test_they_are_for_sanity_only_and_no_other_metric_is() -> None:
    sanity = {metric.name: metric.safety for metric in METRICS if metric.sanity_only}
    assert sanity == {"rouge_l": False, "bleu": False}
