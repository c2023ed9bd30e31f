from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from readingroom.index.entry import Entry
from readingroom.learning.fields import column_of, difference, fields_of, oddity, statistic_of


def _rows(field: str, values: list[object], first: int = 0) -> list[Entry]:
    return [
        Entry(id=f"i{at}", metadata={"subject": f"p{at}"} | ({field: value} if value is not None else {}))
        for at, value in enumerate(values, first)
    ]


def _sides(values: np.ndarray, n: int) -> np.ndarray:
    return (np.arange(len(values)) >= len(values) - n)[None]


def test_ks_statistic_agrees_with_scipy_with_ties() -> None:
    chance = np.random.default_rng(1)
    x, y = chance.normal(size=20).round(1), chance.normal(0.5, size=30).round(1)
    column = column_of(_rows("kvp", [*x.tolist(), *y.tolist()]), "kvp", "numeric")
    wanted = stats.ks_2samp(x, y).statistic * np.sqrt(20 * 30 / 50)
    assert statistic_of(column)(_sides(column.numbers, 30))[0] == pytest.approx(wanted)


def test_chi_square_statistic_agrees_with_scipy() -> None:
    texts = ["GE"] * 12 + ["SIEMENS"] * 8 + ["GE"] * 5 + ["SIEMENS"] * 9 + ["PHILIPS"] * 6
    column = column_of(_rows("maker", list(texts)), "maker", "categorical")
    wanted = stats.chi2_contingency([[12, 8, 0], [5, 9, 6]], correction=False).statistic
    assert statistic_of(column)(_sides(np.array(texts), 20))[0] == pytest.approx(wanted)


def test_a_patient_is_one_value() -> None:
    rows = [Entry(id=f"i{at}", metadata={"subject": "a", "kvp": kvp, "maker": maker})
            for at, (kvp, maker) in enumerate([(80, "GE"), (90, "GE"), (120, "SIEMENS")])]  # fmt: skip
    assert column_of(rows, "kvp", "numeric").numbers.tolist() == [90]
    assert column_of(rows, "maker", "categorical").texts == ("GE",)


def test_two_values_are_tested_by_fisher() -> None:
    found = difference(_rows("maker", ["GE"] * 9 + ["SIEMENS"]), _rows("maker", ["GE"] * 2 + ["SIEMENS"] * 8), "maker")
    assert found.test == "Fisher"
    assert found.p == pytest.approx(stats.fisher_exact([[9, 1], [2, 8]]).pvalue)
    assert found.words == "GE 90% in the reference, 20% here"


def test_many_values_by_chi_square_and_few_of_each_by_permutation() -> None:
    first, second = ["a"] * 30 + ["b"] * 30 + ["c"] * 30, ["a"] * 20 + ["b"] * 30 + ["c"] * 40
    found = difference(_rows("site", list(first)), _rows("site", list(second)), "site")
    wanted = stats.chi2_contingency([[30, 30, 30], [20, 30, 40]], correction=False)
    assert (found.statistic, found.p) == (pytest.approx(wanted.statistic), pytest.approx(wanted.pvalue))
    few = difference(_rows("site", ["a", "b", "c", "a"]), _rows("site", ["a", "b", "c", "b"]), "site")
    assert few.p > 0.5


def test_numbers_by_kolmogorov_smirnov_and_missing_ones_count() -> None:
    first, second = list(np.arange(20.0)), list(np.arange(20.0) + 8)
    found = difference(_rows("kvp", first), _rows("kvp", second), "kvp")
    assert found.p == pytest.approx(stats.ks_2samp(first, second).pvalue)
    gone = difference(_rows("kvp", first), _rows("kvp", [*first[:10], *[None] * 10]), "kvp")
    assert gone.statistic >= 0.5 - 1e-9
    assert "missing in 50%" in gone.words


def test_names_and_chosen_fields_are_left() -> None:
    told = [{"subject": f"p{at}", "file": f"f{at}", "kvp": 80 + at, "maker": "GE", "day": 3} for at in range(30)]
    rows = [Entry(id=f"i{at}", metadata=metadata) for at, metadata in enumerate(told)]
    assert fields_of(rows, leave=("day",)) == ("kvp", "maker")


def test_oddity_by_hand() -> None:
    column = column_of(_rows("maker", ["GE"] * 7 + ["SIEMENS"] * 2), "maker", "categorical")
    assert oddity(column, "AGFA") == 1 / 10
    assert oddity(column, "SIEMENS") == 3 / 10
    assert oddity(column, "GE") == 1.0
    numbers = column_of(_rows("kvp", [80.0, 90.0, 100.0]), "kvp", "numeric")
    assert oddity(numbers, 120.0) == 2 / 4
    assert oddity(numbers, 90.0) == 1.0
