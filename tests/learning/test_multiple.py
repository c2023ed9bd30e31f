from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from readingroom.errors import BadRequest
from readingroom.learning.multiple import benjamini_hochberg, holm


def test_holm_worked_by_hand() -> None:
    """Sorted 0.005 0.01 0.03 0.04 times 4 3 2 1 = 0.02 0.03 0.06 0.04, made monotone: 0.02 0.03 0.06 0.06."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_benjamini_hochberg_worked_by_hand() -> None:
    """The same times 4/1 4/2 4/3 4/4 = 0.02 0.02 0.04 0.04."""
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])


def test_benjamini_hochberg_agrees_with_scipy() -> None:
    p = np.random.default_rng(3).random(40) ** 3
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))


def test_none_and_one_stay_as_they_are() -> None:
    assert holm([]).tolist() == benjamini_hochberg([]).tolist() == []
    assert holm([0.2]).tolist() == benjamini_hochberg([0.2]).tolist() == [0.2]


@pytest.mark.parametrize("wrong", [[0.1, 1.2], [-0.1], [float("nan")], [[0.1]]])
def test_what_is_no_p_value_is_refused(wrong: list[float]) -> None:
    for adjust in (holm, benjamini_hochberg):
        with pytest.raises(BadRequest, match="0 to 1"):
            adjust(wrong)
