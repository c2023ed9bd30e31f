"""Two arms: differences, permutations, what could have been detected, and what cannot be told."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import t as student

from readingroom.experiments.metrics.metric import Metric
from readingroom.experiments.statistics.comparison import SAME, Comparison, Pair, compared
from readingroom.experiments.statistics.folds import Numbers
from readingroom.experiments.statistics.interval import NOTHING, ONE_PATIENT
from readingroom.experiments.statistics.resampling import BLOCK, drawn, exchanged

SHARE = Metric(name="share", title="share", better="higher", needs="draft")
AMOUNT = SHARE.model_copy(update={"name": "amount", "bounded": False})


def _pair(first: list[float], second: list[float], of: list[float] | None = None, metric: Metric = SHARE) -> Pair:
    below = np.array(of or [1.0] * len(first))[:, None]
    return Pair(metric, (np.array(first)[:, None], below), (np.array(second)[:, None], below), len(first))


def _one(*given: Pair, replicates: int = 4000) -> Comparison:
    return compared(given, replicates=replicates)[0]


FIRST, SECOND = [5.0, 7.0, 6.0, 9.0, 4.0, 8.0], [4.0, 3.0, 5.0, 5.0, 4.0, 6.0]


def test_an_amount_is_the_paired_t_interval() -> None:
    found = _one(_pair(FIRST, SECOND, metric=AMOUNT))
    apart = np.subtract(FIRST, SECOND)
    error = apart.std(ddof=1) / np.sqrt(6)
    half = float(student.ppf(0.975, 5)) * error
    assert (found.difference, found.low, found.high) == (2.0, pytest.approx(2 - half), pytest.approx(2 + half))
    power = float(student.ppf(0.975, 5) + student.ppf(0.8, 5))
    assert found.minimal_detectable == pytest.approx(power * error)


def test_p_is_the_share_of_exchanges_as_far_apart() -> None:
    found = _one(_pair(FIRST, SECOND, metric=AMOUNT))
    apart = np.subtract(FIRST, SECOND)
    exact = np.mean([abs(np.dot(signs, apart)) >= abs(apart.sum()) for signs in product((-1, 1), repeat=6)])
    assert found.p == pytest.approx(exact, abs=0.02)


def test_the_exchanges_recompute_ratios_of_unequal_denominators() -> None:
    first, second = (
        (np.array([[3.0], [1.0]]), np.array([[4.0], [1.0]])),
        (np.array([[1.0], [2.0]]), np.array([[2.0], [9.0]])),
    )
    found = _one(Pair(SHARE, first, second, 2))
    seen = abs(4 / 5 - 3 / 11)
    ways = [seen, abs(2 / 3 - 4 / 13)]  # exchanging both patients is exchanging the arms
    assert found.p == pytest.approx(np.mean([way >= seen for way in ways]), abs=0.03)


def test_shares_have_newcombes_interval_of_paired_shares() -> None:
    """Two arms on 200 patients, both right 120, first alone 40, second alone 20, neither 20."""
    found = _one(_pair([1.0] * 160 + [0.0] * 40, [1.0] * 120 + [0.0] * 40 + [1.0] * 20 + [0.0] * 20))
    assert found.difference == pytest.approx(0.1)
    assert (found.low, found.high) == (pytest.approx(0.0238, abs=2e-3), pytest.approx(0.1751, abs=2e-3))
    assert (found.bootstrap_low, found.bootstrap_high) == (
        pytest.approx(0.025, abs=0.01),
        pytest.approx(0.175, abs=0.01),
    )


def test_a_difference_of_shares_stays_within_what_shares_can_be() -> None:
    found = _one(_pair([1.0] * 20, [0.0] * 19 + [1.0]))
    assert found.high is not None
    assert found.low is not None
    assert 0.5 < found.low < found.high <= 1.0


def test_holm_is_over_the_metrics_that_have_a_p_value() -> None:
    clear = _pair([1.0] * 30, [0.0] * 28 + [1.0] * 2)
    same, even = _pair([1.0] * 30, [1.0] * 30), _pair([1.0, 0.0] * 15, [0.0, 1.0] * 15)
    first, second, third = compared([clear, same, even], replicates=2000)
    assert (second.p, second.p_holm, second.why) == (None, None, SAME)
    assert first.p_holm == pytest.approx(2 * (first.p or 0))
    assert (first.different, second.different, third.different, third.p) == (True, False, False, 1.0)


def test_what_cannot_be_told_is_named_instead_of_a_number() -> None:
    nothing = _one(_pair([0.0, 0.0], [0.0, 0.0], [0.0, 0.0]))
    assert (nothing.difference, nothing.p, nothing.why) == (None, None, NOTHING)
    alone = _one(_pair([1.0], [0.0]))
    assert (alone.difference, alone.low, alone.p, alone.why) == (1.0, None, None, ONE_PATIENT)
    same = _one(_pair([1.0, 0.0], [1.0, 0.0]))
    assert (same.difference, same.low, same.minimal_detectable, same.why) == (0.0, None, None, SAME)
    assert compared([]) == ()


def test_draws_have_as_many_patients_and_keep_the_arms_together() -> None:
    sums = np.array([[1.0, 2.0], [10.0, 20.0], [100.0, 200.0]])
    found = drawn(sums, seed=3, replicates=500)
    assert np.array_equal(found[:, 1], 2 * found[:, 0])
    assert set(np.unique(drawn(np.ones((3, 1)), seed=3, replicates=50))) == {3.0}
    assert found[:, 0].mean() == pytest.approx(111, abs=10)


def test_blocks_change_nothing_but_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    sums: Numbers = np.random.default_rng(0).random((BLOCK // 1000 + 1, 2))
    for way in (drawn, exchanged):
        found = way(sums, seed=1, replicates=1500)
        assert found.shape == (1500, 2)
        assert len(np.unique(found[:, 0])) == 1500
        assert np.array_equal(found, way(sums, seed=1, replicates=1500))


def test_an_arm_without_errors_is_as_sure_as_the_images_of_the_other_allow() -> None:
    """20 patients of ten images, independent in the other arm: 200 images say more than 20 patients."""
    errors, of = [1.0] * 10 + [0.0] * 10, [10.0] * 20
    found = _one(_pair([0.0] * 20, errors, of))
    assert (found.difference, found.different) == (-0.05, True)
    assert found.high is not None
    assert -0.05 < found.high < 0.0


def test_without_any_spread_no_difference_can_be_said_to_be_detectable() -> None:
    full, fuller = (np.full((4, 1), 3.0), np.full((4, 1), 3.0)), (np.full((4, 1), 5.0), np.full((4, 1), 5.0))
    found = _one(Pair(SHARE, full, fuller, 4))
    assert (found.difference, found.p, found.minimal_detectable) == (0.0, 1.0, None)


def test_arms_that_are_wrong_as_often_but_count_less_are_not_called_different() -> None:
    """One arm's marked sentences leave its denominator: every patient has fewer, though the same two are wrong."""
    wrong = [1.0, 1.0] + [0.0] * 21
    found = compared([Pair(SHARE, (np.array(wrong)[:, None], np.full((23, 1), 5.0)),
                           (np.array(wrong)[:, None], np.full((23, 1), 9.0)), 23)])[0]  # fmt: skip
    assert found.p is not None
    assert found.p < 0.001
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0 < found.high
    assert not found.different
