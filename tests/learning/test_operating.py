"""Areas, cuts and intervals against scikit-learn, DeLong's formula and counting."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from readingroom.errors import BadRequest
from readingroom.learning.operating import at_sensitivity, at_specificity, cuts, youden
from readingroom.learning.rates import auroc, auroc_rate, draws, share

CASES = np.array([False, False, True, False, True, True, False, True])
SCORES = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.6, 0.9])


def drawn(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    present = rng.random(n) < 0.4
    return present, np.round(rng.normal(size=n) + present, 2)


def test_the_area_is_scikit_learns_and_a_count_of_pairs():
    for seed in range(4):
        present, scores = drawn(120, seed)
        assert auroc(present, scores) == pytest.approx(roc_auc_score(present, scores))
    pairs = [(p > n) + (p == n) / 2 for p in SCORES[CASES] for n in SCORES[~CASES]]
    assert auroc(CASES, SCORES) == pytest.approx(sum(pairs) / len(pairs)) == pytest.approx(12.5 / 16)


def test_with_folds_only_pairs_of_one_fold_count():
    folds = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    assert auroc(CASES, SCORES, folds) == pytest.approx((2 + 0.5 + 1 + 0) / (3 + 3))
    assert auroc(CASES, SCORES + 5 * folds, folds) == auroc(CASES, SCORES, folds)


def delong(present: np.ndarray, scores: np.ndarray) -> float:
    """Standard error of the area (DeLong, DeLong and Clarke-Pearson 1988)."""
    x, y = scores[present], scores[~present]
    psi = (x[:, None] > y).astype(float) + (x[:, None] == y) / 2
    return float(np.sqrt(psi.mean(1).var(ddof=1) / len(x) + psi.mean(0).var(ddof=1) / len(y)))


def test_the_interval_of_independent_cases_is_delongs():
    present, scores = drawn(400)
    found = auroc_rate(present, scores, np.array([str(n) for n in range(400)]))
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * delong(present, scores), rel=0.1)
    assert found.low < found.value < found.high
    assert (found.n, found.patients) == (400, 400)


def test_the_interval_draws_patients_and_not_images():
    """Ten copies of each case say nothing new: the interval stays as it is, where drawing images would narrow it."""
    present, scores = drawn(60)
    names = np.array([str(n) for n in range(60)])
    once = auroc_rate(present, scores, names)
    tenfold = auroc_rate(np.repeat(present, 10), np.repeat(scores, 10), np.repeat(names, 10))
    assert (tenfold.low, tenfold.high) == pytest.approx((once.low, once.high))
    assert (tenfold.n, tenfold.patients) == (600, 60)


def test_the_interval_is_that_of_a_plain_loop_over_the_same_draws():
    present, scores = drawn(50)
    names = np.array([f"p{n // 2:02d}" for n in range(50)])
    told = []
    for counts in draws(25, seed=3).astype(int):
        rows = np.concatenate([np.repeat([2 * p, 2 * p + 1], c) for p, c in enumerate(counts)])
        x, y = scores[rows][present[rows], None], scores[rows][~present[rows]]
        told.append((x > y).mean() + (x == y).mean() / 2)
    found = auroc_rate(present, scores, names, seed=3)
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(told, (2.5, 97.5))))


def test_what_never_fails_has_an_interval_all_the_same():
    names = np.array([str(n) for n in range(20)])
    assert share(np.ones(20, bool), names).low == pytest.approx(0.8389, abs=1e-4)  # Wilson, 20 of 20
    found = auroc_rate(np.arange(20) >= 15, np.arange(20.0), names)
    assert found.value == 1
    assert found.low == pytest.approx(0.5655, abs=1e-4)  # Wilson, 5 of 5


def test_youdens_cut_is_the_best_of_scikit_learns_curve():
    for seed in range(4):
        present, scores = drawn(150, seed)
        false, hit, cut = roc_curve(present, scores, drop_intermediate=False)
        assert youden(present, scores) == cut[np.argmax(hit - false)]
    assert youden(CASES, SCORES) == 0.5  # 3/4 + 3/4; 0.3 gives 4/4 + 2/4, and the higher of equals is taken


def test_fixed_sensitivity_and_specificity_by_counting():
    assert at_sensitivity(CASES, SCORES, 0.75) == 0.5
    assert at_sensitivity(CASES, SCORES, 0.76) == 0.3
    assert at_specificity(CASES, SCORES, 0.75) == 0.5
    assert at_specificity(CASES, SCORES, 1.0) == 0.9
    assert at_specificity(np.array([True, False]), np.array([0.2, 0.9]), 1.0) == np.inf


def test_between_two_cuts_nothing_is_called():
    found = cuts(CASES, SCORES, 1.0, 1.0)
    assert (found.low, found.high) == (0.3, 0.9)
    assert [found.called(p) for p in (0.29, 0.3, 0.89, 0.9)] == ["absent", "indeterminate", "indeterminate", "present"]


def test_no_cut_is_out_of_reach():
    """Fixed cut-offs may never fire; these are scores that occurred, and on their own cases both sides do."""
    for seed in range(20):
        present, scores = drawn(80, seed)
        p = 1 / (1 + np.exp(-scores)) / 14  # as low as competing shares are
        found = cuts(present, p)
        called = [found.called(one) for one in p.tolist()]
        assert {"present", "absent"} <= set(called)
        assert np.mean([one != "absent" for one in np.array(called)[present]]) >= 0.9
        assert np.mean([one != "present" for one in np.array(called)[~present]]) >= 0.9


def test_cuts_of_a_perfect_score_cross_and_leave_the_gap_open():
    present, p = np.arange(8) >= 4, np.array([0.05, 0.1, 0.1, 0.2, 0.8, 0.9, 0.9, 0.95])
    found = cuts(present, p, 0.9, 0.9)
    assert found.low <= found.high
    assert [found.called(one) for one in p] == ["absent"] * 4 + ["present"] * 4


def test_one_class_alone_is_refused():
    with pytest.raises(BadRequest, match="with and without"):
        youden(np.ones(3, bool), np.arange(3.0))
    with pytest.raises(BadRequest, match="with and without"):
        auroc_rate(np.ones(3, bool), np.arange(3.0), np.array(["a", "b", "c"]))
