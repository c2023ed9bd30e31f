"""The simulation of benchmarks.coverage, in small: it can tell a good interval from a bad one."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.coverage import difference_coverage, failed, share_coverage, simulated


def test_simulated_arms_have_the_rates_that_were_put_in() -> None:
    arms = simulated(np.random.default_rng(0), 200, 100, (0.9, 0.7))
    found = [arm.sum() / arms.images.sum() for arm in (arms.first, arms.second)]
    assert found == [pytest.approx(0.9, abs=0.01), pytest.approx(0.7, abs=0.01)]
    assert (arms.images.min(), arms.images.max()) == (1, 12)


def test_near_one_the_interval_that_is_used_holds_where_the_usual_ones_do_not() -> None:
    found = share_coverage(30, 0.95, 300, np.random.default_rng(1))
    assert found["used"] >= 0.93 > max(found["percentile"], found["plain_t"])


def test_a_difference_is_seen_and_none_is_rarely_called_one() -> None:
    chance = np.random.default_rng(2)
    none, some = (difference_coverage(60, rates, 150, chance) for rates in ((0.8, 0.8), (0.9, 0.6)))
    assert none["different"] <= 0.08 < 0.9 < some["different"]
    assert min(none["used"], some["used"]) >= 0.9


def test_the_bars_name_what_does_not_hold() -> None:
    good = {"patients": 30, "rate": 0.5, "used": 0.95, "few": False, "n": 1500}
    null = {"patients": 30, "rates": (0.5, 0.5), "used": 0.95, "few": False, "different": 0.04, "n": 1500}
    results = {"shares": [good], "differences": [null], "families": []}
    assert failed(results) == []
    low, often = good | {"used": 0.92}, null | {"different": 0.08}
    assert len(failed({"shares": [low], "differences": [often], "families": []})) == 4  # each, and over all settings
    assert failed({"shares": [good, good | {"used": 0.98, "few": True}], "differences": [null], "families": []}) == []
