"""Numbers, units and tolerance."""

from __future__ import annotations

import pytest

from readingroom.language.quantities import Quantity, quantities_of, same_number
from tests.agents.ledgers import measured


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("a nodule of 8 mm", [(8, "mm", "value")]),
        ("8mm nodule", [(8, "mm", "value")]),
        ("3 x 2 cm", [(3, "cm", "value"), (2, "cm", "value")]),
        ("4.5 x 6.0 x 3.2 cm", [(4.5, "cm", "value"), (6, "cm", "value"), (3.2, "cm", "value")]),
        ("3-4 mm", [(3, "mm", "value"), (4, "mm", "value")]),
        ("from 8 to 12 mm", [(8, "mm", "prior"), (12, "mm", "value")]),
        ("9 mm (previously 7 mm)", [(9, "mm", "value"), (7, "mm", "prior")]),
        ("0.48 on the prior image and 0.55 now", [(0.48, "", "prior"), (0.55, "", "value")]),
        ("-812 hu", [(-812, "HU", "value")]),
        ("213.4 cm²", [(213.4, "cm2", "value")]),
        ("10 square centimetres", [(10, "cm2", "value")]),
        ("3 cc of fluid", [(3, "mL", "value")]),
        ("1,020.3 pixels", [(1020.3, "px", "value")]),
        ("10234 square pixels", [(10234, "px2", "value")]),
        ("23 % of the tissue", [(23, "%", "value")]),
        ("near the limit of 0.50", [(0.5, "", "limit")]),
        ("within 5 %", [(5, "%", "bound")]),
        ("a 45-year-old", []),
        ("2 views of t6 at 3 hours", []),
    ],
)
def test_numbers_of_a_text(text: str, numbers: list[tuple[float, str, str]]) -> None:
    assert [(number.value, number.unit, number.role) for number in quantities_of(text)] == numbers


def test_a_spread_belongs_to_its_number() -> None:
    for text in ("0.52 (sd 0.03)", "0.52 ± 0.03", "0.52 +/- 0.03"):
        (number,) = quantities_of(text)
        assert (number.value, number.sd) == (0.52, 0.03)


def told(value: float, unit: str, decimals: int, rough: bool = False) -> Quantity:
    return Quantity(value=value, unit=unit, decimals=decimals, rough=rough, span=(0, 1))


@pytest.mark.parametrize(
    ("number", "same"),
    [
        (told(12, "mm", 0), True),
        (told(1.2, "cm", 1), True),
        (told(12.4, "mm", 1), True),
        (told(12.5, "mm", 1), False),
        (told(13, "mm", 0), False),
        (told(24, "mm", 0), False),
        (told(21, "mm", 0), False),
        (told(13, "mm", 0, rough=True), True),
        (told(1.3, "cm", 1), False),
    ],
)
def test_a_number_may_differ_by_what_is_printed(number: Quantity, same: bool) -> None:
    assert same_number(number, measured("size", 12.4, "mm", 1)) is same


def test_percent_is_a_ratio() -> None:
    assert same_number(told(52, "%", 0), measured("cardiothoracic_ratio", 0.523))
    assert not same_number(told(25, "%", 0), measured("cardiothoracic_ratio", 0.523))


@pytest.mark.parametrize(
    ("text", "same"),
    [("within 15 %", True), ("within 13 %", True), ("within 31 %", False), ("within 5 %", False),
     ("more than 10 %", True), ("more than 20 %", False), ("less than 20 %", True)],
)  # fmt: skip
def test_a_bound_is_a_round_figure_or_the_measured_one(text: str, same: bool) -> None:
    (number,) = quantities_of(text)
    assert same_number(number, measured("density_difference", 13, "%", 0)) is same


def test_a_grade_is_no_measurement() -> None:
    assert quantities_of("bi-rads 4 lesion of 12 mm, grade 2")[0].value == 12
    assert len(quantities_of("bi-rads 4 lesion of 12 mm, grade 2")) == 1
