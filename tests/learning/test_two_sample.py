from __future__ import annotations

from math import exp

import numpy as np
import pytest
from scipy import stats

from readingroom.errors import BadRequest
from readingroom.learning.two_sample import (
    by_unit,
    classifier_test,
    energy_distance,
    energy_of,
    median_distance,
    mmd_of,
    mmd_unbiased,
    permutation_test,
    permutations,
)

CHANCE = np.random.default_rng(7)
X, Y = CHANCE.normal(size=(9, 3)), CHANCE.normal(0.4, 1.2, size=(13, 3))


def _mmd_by_double_sum(x: np.ndarray, y: np.ndarray, bandwidth: float) -> float:
    def k(a: np.ndarray, b: np.ndarray) -> float:
        return exp(-sum((p - q) ** 2 for p, q in zip(a, b, strict=True)) / (2 * bandwidth**2))

    m, n = len(x), len(y)
    first = sum(k(x[i], x[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    second = sum(k(y[i], y[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    return first + second - 2 * sum(k(a, b) for a in x for b in y) / (m * n)


def test_mmd_is_the_double_sum() -> None:
    assert mmd_unbiased(X, Y, 1.3) == pytest.approx(_mmd_by_double_sum(X, Y, 1.3), abs=1e-12)
    width = median_distance(np.concatenate([X, Y]))
    assert mmd_unbiased(X, Y) == pytest.approx(_mmd_by_double_sum(X, Y, width), abs=1e-12)


def test_mmd_is_without_bias() -> None:
    """Mean over 400 pairs from one distribution is 0 within 4 standard errors; the biased form would be above."""
    chance = np.random.default_rng(2)
    found = [mmd_unbiased(chance.normal(size=(8, 2)), chance.normal(size=(8, 2)), 1.0) for _ in range(400)]
    assert abs(np.mean(found)) < 4 * np.std(found) / 20


def test_median_distance_by_hand() -> None:
    assert median_distance(np.array([[0.0], [1.0], [3.0]])) == 2.0  # of 1, 2, 3


def test_energy_distance_agrees_with_scipy_in_one_dimension() -> None:
    for shift in (0.0, 0.3, 2.0):
        x, y = CHANCE.normal(size=15), CHANCE.normal(shift, size=22)
        wanted = stats.energy_distance(x, y) ** 2
        assert energy_distance(x[:, None], y[:, None]) == pytest.approx(wanted, abs=1e-12)


def test_energy_distance_in_several_dimensions_is_the_double_sum() -> None:
    def mean(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.mean([np.linalg.norm(p - q) for p in a for q in b]))

    assert energy_distance(X, Y) == pytest.approx(2 * mean(X, Y) - mean(X, X) - mean(Y, Y), abs=1e-12)


def test_permutations_deal_out_as_many_as_asked_every_way_alike() -> None:
    sides = permutations(6, 2, 3000, seed=1)
    assert (sides.sum(axis=1) == 2).all()
    assert np.abs(sides.mean(axis=0) - 1 / 3).max() < 5 * np.sqrt(2 / 9 / 3000)


def test_permutation_p_agrees_with_all_divisions() -> None:
    """Of the 35 divisions of 7 into 4 and 3, the p-value by complete enumeration with scipy's machinery."""
    x, y = np.array([0.1, 0.5, 0.7, 1.1]), np.array([1.0, 1.6, 2.0])
    rows = np.concatenate([x, y])
    away = np.abs(rows[:, None] - rows[None])
    found = permutation_test(energy_of(away), np.arange(7) >= 4, splits=9999, seed=1)
    exact = stats.permutation_test(
        (x, y), lambda a, b: stats.energy_distance(a, b) ** 2, alternative="greater", n_resamples=np.inf
    )
    assert found.statistic == pytest.approx(exact.statistic)
    assert found.p == pytest.approx(exact.pvalue, abs=0.01)


def test_a_patient_counts_once_however_many_images() -> None:
    """Three copies of every image of a patient change nothing."""
    gram = np.exp(-((X[:, None] - X[None]) ** 2).sum(-1))
    thrice = np.repeat(np.repeat(gram, 3, axis=0), 3, axis=1)
    units = [tuple(range(3 * at, 3 * at + 3)) for at in range(len(X))]
    assert by_unit(thrice, units) == pytest.approx(gram)
    sides = permutations(len(X), 4, 5, seed=0)
    assert mmd_of(by_unit(thrice, units))(sides) == pytest.approx(mmd_of(gram)(sides))


def test_classifier_tells_shifted_patients_apart_and_equal_ones_not() -> None:
    chance = np.random.default_rng(4)
    subjects = [f"s{row // 2}" for row in range(80)]
    near = chance.normal(size=(80, 5))
    far = near + np.r_[np.zeros(40), np.full(40, 2.0)][:, None]
    apart = classifier_test(far[:40], far[40:], subjects, splits=19)
    alike = classifier_test(near[:40], near[40:], subjects, splits=19)
    assert apart.statistic > 0.95
    assert apart.p == 1 / 20
    assert alike.p > 0.1


def test_classifier_does_not_learn_the_patient() -> None:
    """Each patient has his own place and five images there; no patient of one sample is like the others of it."""
    chance = np.random.default_rng(5)
    places = np.repeat(chance.normal(0, 5, size=(40, 20)), 5, axis=0) + chance.normal(0, 0.01, size=(200, 20))
    subjects = [f"s{row // 5}" for row in range(200)]
    found = classifier_test(places[:100], places[100:], subjects, splits=19)
    assert found.statistic < 0.75  # with images of one patient on both sides of a fold it would be near 1
    assert found.p > 0.05


def test_a_patient_in_both_samples_is_refused() -> None:
    with pytest.raises(BadRequest, match="both samples"):
        classifier_test(X, Y, ["one"] * 22)


def test_too_few_are_refused() -> None:
    with pytest.raises(BadRequest, match="at least 2"):
        mmd_unbiased(X[:1], Y)
    with pytest.raises(BadRequest, match="10 subjects"):
        classifier_test(X, Y, [str(row) for row in range(22)])
