"""Figures and comparisons of arms from the scores of their drafts, failures counted and left out."""

from __future__ import annotations

import pytest

from readingroom.errors import BadRequest
from readingroom.experiments.metrics.tally import Tally, tally
from readingroom.experiments.statistics.arms import Scored, comparisons, figures
from readingroom.experiments.statistics.comparison import SAME


def _arm(*recalls: tuple[float, float], failed: tuple[int, ...] = (), **more: Tally) -> list[Scored]:
    return [
        Scored(f"c{n}", f"p{n // 2}", {"label_recall": tally(*pair), **more}, failed=n in failed)
        for n, pair in enumerate(recalls)
    ]


GOOD = _arm((3, 3), (2, 3), (3, 4), (4, 4), (1, 2), (2, 2))
POOR = _arm((1, 3), (0, 3), (3, 4), (2, 4), (0, 2), (0, 2), failed=(5,))


def test_a_figure_is_the_ratio_of_sums_with_its_patients() -> None:
    (found,) = figures(GOOD)
    assert (found.metric, found.included) == ("label_recall", found.completed)
    assert (found.included.value, found.included.n_cases, found.included.n_patients) == (15 / 18, 6, 3)


def test_failures_are_in_one_figure_and_not_in_the_other() -> None:
    (found,) = figures(POOR)
    assert (found.included.value, found.completed.value) == (6 / 18, 6 / 16)
    assert (found.included.n_cases, found.completed.n_cases) == (6, 5)


def test_a_case_that_failed_in_one_arm_is_left_out_of_both() -> None:
    (found,) = comparisons(GOOD, POOR)
    assert found.included.difference == pytest.approx(15 / 18 - 6 / 18)
    assert found.completed.difference == pytest.approx(13 / 16 - 6 / 16)
    assert (found.included.n_cases, found.completed.n_cases, found.completed.n_patients) == (6, 5, 3)


def test_f1_is_recomputed_from_its_parts() -> None:
    recalls = [tally(3, 4), tally(1, 4)]
    scored = [Scored(f"c{n}", f"p{n}", {"claim_precision": tally(2, 3), "claim_recall": one})
              for n, one in enumerate(recalls)]  # fmt: skip
    value = {one.metric: one.included.value for one in figures(scored)}
    assert value["claim_f1"] == pytest.approx(2 * (4 / 6) * (4 / 8) / (4 / 6 + 4 / 8))


def test_seeds_of_a_case_are_one_patient() -> None:
    twice = [one._replace(seed=seed) for one in GOOD for seed in (0, 1)]
    (once,), (both,) = figures(GOOD), figures(twice)
    assert both.included.n_cases == 2 * once.included.n_cases
    assert (both.included.low, both.included.high) == (
        pytest.approx(once.included.low),
        pytest.approx(once.included.high),
    )


def test_sanity_metrics_have_a_figure_and_no_comparison() -> None:
    one, other = _arm((1, 2), (2, 2), rouge_l=tally(0.5, 1)), _arm((0, 2), (2, 2), rouge_l=tally(0.9, 1))
    assert [found.metric for found in figures(one)] == ["label_recall", "rouge_l"]
    assert [found.metric for found in comparisons(one, other)] == ["label_recall"]


def test_the_same_arm_twice_does_not_differ() -> None:
    (found,) = comparisons(GOOD, GOOD)
    assert (found.included.difference, found.included.why, found.included.different) == (0.0, SAME, False)


def test_arms_of_other_cases_cannot_be_compared() -> None:
    with pytest.raises(BadRequest, match="not drafted the same cases"):
        comparisons(GOOD, GOOD[:-1])


def test_the_order_of_cases_changes_nothing() -> None:
    assert comparisons(GOOD[::-1], POOR, seed=4) == comparisons(GOOD, POOR[::-1], seed=4)
