"""Probabilities against scikit-learn's and against sums done by hand."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss

from readingroom.errors import BadRequest
from readingroom.learning.calibration import brier, calibrator, expected_error, isotonic, platt, reliability
from readingroom.learning.calibrator import Isotonic, bounded
from readingroom.learning.rates import wilson


def drawn(seed: int, n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    scores = np.round(rng.normal(size=n) * 3, 1)  # rounded: equal scores occur
    return scores, rng.random(n) < 1 / (1 + np.exp(-(0.7 * scores - 1)))


@pytest.mark.parametrize("seed", range(3))
def test_platt_is_scikit_learns(seed):
    scores, present = drawn(seed)
    theirs = _SigmoidCalibration().fit(scores, present)
    ours = platt(scores, present)
    grid = np.linspace(-12, 12, 101)
    assert np.abs(ours.apply(grid) - theirs.predict(grid)).max() < 2e-5
    a, b = ours.slope, ours.offset
    p = 1 / (1 + np.exp(a * scores + b))
    target = np.where(present, (present.sum() + 1) / (present.sum() + 2), 1 / ((~present).sum() + 2))
    assert abs((target - p).sum()) < 1e-6  # at the maximum of the likelihood both derivatives are 0
    assert abs(((target - p) * scores).sum()) < 1e-5


def test_platt_of_separable_scores_stays_finite_by_its_targets():
    scores, present = np.array([-2.0, -1.0, 1.0, 2.0]), np.array([False, False, True, True])
    p = platt(scores, present).apply(scores)
    assert 0.1 < p[0] < p[1] < 0.5 < p[2] < p[3] < 0.9  # pulled towards 1/4 and 3/4


@pytest.mark.parametrize("seed", range(3))
def test_isotonic_is_scikit_learns(seed):
    scores, present = drawn(seed)
    theirs = IsotonicRegression(out_of_bounds="clip").fit(scores, present.astype(float))
    ours = isotonic(scores, present)
    grid = np.concatenate([scores, np.linspace(-12, 12, 101)])
    assert np.abs(ours.apply(grid) - theirs.predict(grid)).max() < 1e-6
    assert len(ours.scores) < len(np.unique(scores))


def test_isotonic_by_hand():
    found = isotonic(np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, True, False, True]))
    assert found.apply(np.array([0.0, 1.0, 2.0, 2.5, 3.0, 3.5, 9.0])).tolist() == [0, 0, 0.5, 0.5, 0.5, 0.75, 1]


def test_no_patients_show_more_than_their_number():
    assert bounded(np.array([0.0, 0.5, 1.0]), 8).tolist() == [0.1, 0.5, 0.9]


def test_errors_by_hand():
    present = np.array([True, False, True, True])
    p = np.array([0.92, 0.98, 0.15, 1.0])
    bins = reliability(present, p)
    assert [(one.low, one.seen.n) for one in bins] == [(0.1, 1), (0.9, 3)]
    assert expected_error(bins) == pytest.approx((1 * abs(0.15 - 1) + 3 * abs((0.92 + 0.98 + 1) / 3 - 2 / 3)) / 4)
    assert brier(present, p) == pytest.approx((0.08**2 + 0.98**2 + 0.85**2) / 4)
    assert brier(present, p) == pytest.approx(brier_score_loss(present, p))


def test_the_score_interval_is_wilsons():
    """Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662."""
    found = wilson(81, 263)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)


def test_what_cannot_be_calibrated_is_refused():
    with pytest.raises(BadRequest, match="4 of 4 are present"):
        calibrator("platt", np.arange(4.0), np.ones(4, bool))
    with pytest.raises(ValidationError, match="ascends"):
        Isotonic(scores=(1, 2), probabilities=(0.5, 0.4))
