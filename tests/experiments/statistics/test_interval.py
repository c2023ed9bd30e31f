"""The interval of one arm: known values, and what it says where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from readingroom.experiments.statistics.interval import ALIKE, NOTHING, ONE_PATIENT, Interval, interval
from readingroom.experiments.statistics.jackknife import left_out, standard_error


def _found(hits: list[float], of: list[float] | None = None, *, bounded: bool = True) -> Interval:
    return interval(np.array(hits)[:, None], np.array(of or [1.0] * len(hits))[:, None], bounded=bounded)


def test_one_image_a_patient_is_wilson_with_students_quantile() -> None:
    found = _found([1.0] * 70 + [0.0] * 30)
    z, n, p = float(student.ppf(0.975, 99)), 99.0, 0.7  # the jackknife's variance is p (1 - p) / (n - 1)
    middle, half = (
        (p + z**2 / (2 * n)) / (1 + z**2 / n),
        z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n),
    )
    assert (found.value, found.low, found.high) == (0.7, pytest.approx(middle - half), pytest.approx(middle + half))
    assert (found.n_cases, found.n_patients, found.why) == (100, 100, "")


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    values = np.array([1.0, 4.0, 2.0, 8.0, 5.0])
    error = standard_error(left_out(values[:, None], np.ones((5, 1)), "ratio"))
    assert float(error) == pytest.approx(values.std(ddof=1) / np.sqrt(5))


def test_patients_whose_images_agree_count_once() -> None:
    apart = _found([1.0, 0.0] * 40)
    together = _found([10.0, 0.0] * 4, [10.0] * 8)
    assert (together.value, apart.value) == (0.5, 0.5)
    widths = [one.high - one.low for one in (together, apart) if one.high is not None and one.low is not None]
    assert widths[0] > 2 * widths[1]


def test_an_amount_has_students_interval() -> None:
    found = _found([2.0, 4.0, 6.0], bounded=False)
    half = float(student.ppf(0.975, 2)) * 2 / np.sqrt(3)
    assert (found.low, found.high) == (pytest.approx(4 - half), pytest.approx(4 + half))


def test_all_right_has_a_lower_bound_by_the_number_of_patients() -> None:
    found = _found([3.0] * 30, [3.0] * 30)
    z = float(student.ppf(0.975, 29))
    assert (found.value, found.high, found.why) == (1.0, pytest.approx(1.0), ALIKE)
    assert found.low == pytest.approx(30 / (30 + z**2))


def test_what_cannot_be_told_is_named() -> None:
    assert _found([0.0, 0.0], [0.0, 0.0]) == Interval(why=NOTHING)
    assert _found([2.0], [4.0]) == Interval(value=0.5, n_cases=1, n_patients=1, why=ONE_PATIENT)
    assert _found([2.0, 2.0], [1.0, 1.0], bounded=False) == Interval(value=2.0, n_cases=2, n_patients=2, why=ALIKE)


def test_patients_without_anything_to_count_are_none() -> None:
    assert _found([1.0, 0.0, 0.0], [1.0, 1.0, 0.0]) == _found([1.0, 0.0])
