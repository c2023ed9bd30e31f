"""ACR TI-RADS 2017: the chart's points, levels and sizes."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import pytest
from pydantic import ValidationError

from readingroom.domain.category import NOT_ASSESSABLE
from readingroom.rads.ti_rads import TiRads, assess, rules

LEVELS = {0: "TR1", 2: "TR2", 3: "TR3", 4: "TR4", 5: "TR4", 6: "TR4"}
"""By the chart; 7 and more are TR5, and there is no level for 1."""

POINTS: dict[str, dict[str, int]] = {
    "composition": {"cystic": 0, "mixed": 1, "solid": 2, "undetermined": 2},
    "echogenicity": {"anechoic": 0, "hyperechoic": 1, "isoechoic": 1, "hypoechoic": 2, "very_hypoechoic": 3,
                     "undetermined": 1},
    "shape": {"wider_than_tall": 0, "taller_than_wide": 3},
    "margin": {"smooth": 0, "ill_defined": 0, "lobulated": 2, "irregular": 2, "extrathyroidal": 3, "undetermined": 0},
}  # fmt: skip
FOCI = {"comet_tail": 0, "macrocalcification": 1, "peripheral": 2, "punctate": 3}

PLAIN: dict[str, Any] = {"composition": "solid", "echogenicity": "isoechoic", "shape": "wider_than_tall",
                         "margin": "smooth", "foci": {"none"}}  # fmt: skip


def test_every_combination_of_features_has_the_level_of_its_points() -> None:
    seen: set[str] = set()
    subsets = [{"none"}, *({*one} for size in (1, 2, 4) for one in combinations(FOCI, size))]
    for words, foci in product(product(*POINTS.values()), subsets):
        fields: dict[str, Any] = dict(zip(POINTS, words, strict=True))
        found = assess(TiRads(**fields, foci=foci))
        if fields["echogenicity"] == "anechoic" and fields["composition"] != "cystic":
            assert "contradicts itself" in found.meaning
            continue
        points = sum(POINTS[name][word] for name, word in fields.items()) + sum(FOCI.get(one, 0) for one in foci)
        assert found.value == (LEVELS.get(points, "TR5") if points != 1 else NOT_ASSESSABLE), (fields, foci)
        if points != 1:
            assert [one.value for one in found.inputs if one.name == "points"] == [str(points)]
        seen.add(found.value)
    assert seen == {"TR1", "TR2", "TR3", "TR4", "TR5", NOT_ASSESSABLE}


def test_a_spongiform_nodule_gets_no_further_points() -> None:
    assert assess(TiRads(composition="spongiform", echogenicity="hypoechoic", foci={"punctate"})).value == "TR1"
    assert assess(TiRads(composition="spongiform")).value == "TR1"


@pytest.mark.parametrize(("fields", "diameter", "text"), [
    ({}, 25, "FNA (at 25 mm or more)"), ({}, 24.9, "Follow-up at 1, 3 and 5 years (at 15 mm or more)"),
    ({}, 15, "Follow-up at 1, 3 and 5 years (at 15 mm or more)"), ({}, 14.9, "Neither FNA nor follow-up (below 15 mm)"),
    ({"echogenicity": "hypoechoic"}, 15, "FNA (at 15 mm or more)"),
    ({"echogenicity": "hypoechoic"}, 10, "Follow-up at 1, 2, 3 and 5 years (at 10 mm or more)"),
    ({"echogenicity": "hypoechoic"}, 9.9, "Neither FNA nor follow-up (below 10 mm)"),
    ({"foci": {"punctate"}, "margin": "irregular"}, 10, "FNA (at 10 mm or more)"),
    ({"foci": {"punctate"}, "margin": "irregular"}, 5, "Follow-up every year for 5 years (at 5 mm or more)"),
    ({"foci": {"punctate"}, "margin": "irregular"}, 4.9, "Neither FNA nor follow-up (below 5 mm)"),
    ({"foci": {"punctate"}, "margin": "irregular"}, None, ""), ({"composition": "spongiform"}, None, "No FNA"),
])  # fmt: skip
def test_what_the_chart_says_at_each_size(fields: dict[str, Any], diameter: float | None, text: str) -> None:
    assert assess(TiRads(**{**PLAIN, **fields}, diameter=diameter)).management == text


@pytest.mark.parametrize("name", ["composition", "echogenicity", "shape", "margin", "foci"])
def test_a_missing_feature_that_decides_is_named(name: str) -> None:
    found = assess(TiRads(**{**PLAIN, name: None}))
    assert found.value == NOT_ASSESSABLE
    assert found.missing == (name,)


def test_a_missing_feature_that_cannot_decide_is_not_asked_for() -> None:
    known = {**PLAIN, "echogenicity": "very_hypoechoic", "shape": "taller_than_wide", "margin": None, "foci": None}
    found = assess(TiRads(**known))
    assert found.value == "TR5"
    assert [one.name for one in found.inputs if one.name == "points"] == []


def test_none_does_not_go_with_other_foci() -> None:
    with pytest.raises(ValidationError):
        TiRads(foci={"none", "punctate"})


def test_more_suspicious_features_never_lower_the_level() -> None:
    order = (*rules().table.order,)
    for name, points in POINTS.items():
        ranked = sorted((word for word in points if word not in ("anechoic", "cystic")), key=points.__getitem__)
        values = [assess(TiRads(**{**PLAIN, name: word})).value for word in ranked]
        assert [order.index(value) for value in values] == sorted(order.index(value) for value in values)
