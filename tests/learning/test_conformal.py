from __future__ import annotations

import numpy as np
import pytest

from readingroom.errors import BadRequest
from readingroom.learning.conformal import fewest, p_value, subject_weights, threshold


def test_p_value_is_counted_by_hand() -> None:
    reference = [1.0, 2.0, 3.0, 4.0]
    assert p_value(reference, 5.0) == 1 / 5
    assert p_value(reference, 4.0) == 2 / 5  # equal counts as at least as strange
    assert p_value(reference, 2.5) == 3 / 5
    assert p_value(reference, 0.0) == 1.0


def test_a_subject_with_many_scores_counts_once() -> None:
    """Subject a: 2 of 4 scores at least 3, subject b: its one. (1 + 1/2 + 1) / (2 + 1)."""
    assert p_value([1, 2, 3, 4, 9], 3, ["a", "a", "a", "a", "b"]) == pytest.approx(2.5 / 3)
    assert subject_weights(["a", "b", "a"]).tolist() == [0.5, 1.0, 0.5]


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.1, 0.2, 1 / 3])
@pytest.mark.parametrize("n", [99, 100, 119, 200])
def test_threshold_says_what_the_p_value_says(n: int, alpha: float) -> None:
    reference = np.random.default_rng(n).normal(size=n).round(1)  # with ties
    limit = threshold(reference, alpha)
    for score in (*reference, limit, limit + 0.05, 9.0, -9.0):
        assert (score > limit) == (p_value(reference, float(score)) <= alpha + 1e-12)


def test_fewest_is_where_the_smallest_p_value_reaches_alpha() -> None:
    assert [fewest(alpha) for alpha in (0.5, 0.1, 0.05, 0.01)] == [1, 9, 19, 99]
    threshold(range(19), 0.05)
    with pytest.raises(BadRequest, match="at least 19"):
        threshold(range(18), 0.05)


def test_share_of_false_flags_is_alpha_over_fresh_references() -> None:
    """500 references of 39 with a case of their own each: at alpha 0.1 some 50 flags, 20 and 85 are 5 sd away."""
    chance = np.random.default_rng(1)
    flags = sum(p_value(chance.normal(size=39), float(chance.normal())) <= 0.1 for _ in range(500))
    assert 20 < flags < 85


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, 2.0])
def test_alpha_is_a_share(alpha: float) -> None:
    with pytest.raises(BadRequest, match="alpha"):
        fewest(alpha)


def test_no_reference_no_p_value() -> None:
    with pytest.raises(BadRequest, match="reference"):
        p_value([], 1.0)
