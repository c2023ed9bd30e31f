"""Lung-RADS v2022: every row of the table, its notes, and what happens when an input is missing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.domain.category import NOT_ASSESSABLE, Category
from readingroom.rads.lung_rads import LungRads, assess, changes_of, mean_diameter, of_exam, rules, tenths

ORDER = rules().table.order

EXAM: dict[str, Any] = {"lungs": "evaluable", "prior": "compared", "infection": "none", "suspicious_features": "no"}
NODULE = {**EXAM, "finding": "nodule", "benign_feature": "none", "juxtapleural": "no", "workup": "none"}
SOLID = {**NODULE, "type": "solid"}
PART = {**NODULE, "type": "part_solid", "solid_component_change": "none"}
GLASS = {**NODULE, "type": "ground_glass"}
AIRWAY = {**EXAM, "finding": "airway", "airway_content": "soft_tissue"}
CYST = {**EXAM, "finding": "cyst", "workup": "none"}

ROWS = [
    ("0", {**EXAM, "lungs": "not_evaluable"}),
    ("0", {**EXAM, "prior": "being_located"}),
    ("0", {**EXAM, "infection": "suspected"}),
    ("1", {**EXAM, "finding": "none"}),
    *(("1", {**NODULE, "benign_feature": feature}) for feature in
      ("complete_calcification", "central_calcification", "popcorn_calcification", "concentric_rings", "fat")),
    *(("2", {**SOLID, "change": change, "diameter": 9.9, "juxtapleural": "yes", "margin": "smooth", "shape": shape})
      for change in ("baseline", "new") for shape in ("oval", "lentiform", "triangular")),
    ("4A", {**SOLID, "change": "baseline", "diameter": 10, "juxtapleural": "yes", "margin": "smooth", "shape": "oval"}),
    ("4A", {**SOLID, "change": "baseline", "diameter": 9.9, "juxtapleural": "yes", "margin": "other", "shape": "oval"}),
    ("4A", {**SOLID, "change": "baseline", "diameter": 9.9, "juxtapleural": "yes", "margin": "smooth",
            "shape": "other"}),
    ("4A", {**SOLID, "change": "growing", "diameter": 7, "juxtapleural": "yes", "margin": "smooth", "shape": "oval"}),
    *((value, {**SOLID, "change": "baseline", "diameter": size}) for value, size in
      (("2", 5.9), ("3", 6), ("3", 7.9), ("4A", 8), ("4A", 14.9), ("4B", 15))),
    *((value, {**SOLID, "change": "new", "diameter": size}) for value, size in
      (("2", 3.9), ("3", 4), ("3", 5.9), ("4A", 6), ("4A", 7.9), ("4B", 8))),
    *((value, {**SOLID, "change": "growing", "diameter": size}) for value, size in (("4A", 7.9), ("4B", 8))),
    *((value, {**PART, "change": "baseline", "diameter": size, "solid_component": solid}) for value, size, solid in
      (("2", 5.9, 5), ("3", 6, 5.9), ("3", 29, 0), ("4A", 6, 6), ("4A", 20, 7.9), ("4B", 20, 8))),
    *((value, {**PART, "change": "new", "diameter": size, "solid_component": solid}) for value, size, solid in
      (("3", 5.9, 2), ("3", 5.9, 5), ("4A", 6, 3.9), ("4B", 6, 4))),
    *((value, {**PART, "change": "stable", "diameter": 12, "solid_component": solid, "solid_component_change": change})
      for change in ("new", "growing") for value, solid in (("4A", 3.9), ("4B", 4))),
    *(("2", {**GLASS, "change": change, "diameter": 29.9}) for change in ("baseline", "new", "growing", "stable")),
    *(("2", {**GLASS, "change": change, "diameter": 30}) for change in ("stable", "slow_growing", "decreased")),
    *(("3", {**GLASS, "change": change, "diameter": 30}) for change in ("baseline", "new", "crossed")),
    *(("2", {**AIRWAY, "airway": "subsegmental", "change": change}) for change in ("baseline", "new", "stable")),
    *(("4A", {**AIRWAY, "airway": "segmental_or_proximal", "change": change}) for change in ("baseline", "new")),
    *(("4B", {**AIRWAY, "airway": "segmental_or_proximal", "change": change, "workup": "none"})
      for change in ("stable", "growing", "slow_growing")),
    ("2", {**AIRWAY, "airway_content": "air"}),
    ("4A", {**CYST, "cyst": "thick_walled", "cyst_growth": "none", "change": "baseline"}),
    ("4A", {**CYST, "cyst": "multilocular", "cyst_growth": "none", "change": "baseline"}),
    ("4A", {**CYST, "cyst": "multilocular", "cyst_growth": "became_multilocular"}),
    ("3", {**CYST, "cyst": "thick_walled", "cyst_growth": "size"}),
    ("4B", {**CYST, "cyst": "thick_walled", "cyst_growth": "wall"}),
    ("4B", {**CYST, "cyst": "multilocular", "cyst_growth": "size"}),
    ("4B", {**CYST, "cyst": "multilocular", "cyst_growth": "loculation_or_opacity"}),
    ("4B", {**SOLID, "change": "slow_growing", "diameter": 5}),
    ("4B", {**PART, "change": "slow_growing", "diameter": 9, "solid_component": 3}),
    *((value, {**NODULE, "type": kind, "change": change, "previous": previous, "scheduled_follow_up": "yes",
               "solid_component_change": "none" if kind == "part_solid" else None})
      for value, previous in (("2", "2"), ("2", "3"), ("3", "4A")) for change in ("stable", "decreased")
      for kind in ("solid", "part_solid")),
    ("3", {**CYST, "cyst": "multilocular", "cyst_growth": "none", "change": "stable", "previous": "4A",
           "scheduled_follow_up": "yes"}),
    ("2", {**SOLID, "change": "stable", "previous": "4B", "workup": "benign"}),
    ("4X", {**SOLID, "change": "baseline", "diameter": 6, "suspicious_features": "yes"}),
    ("4X", {**SOLID, "change": "baseline", "diameter": 15, "suspicious_features": "yes"}),
    ("2", {**SOLID, "change": "baseline", "diameter": 5.9, "suspicious_features": "yes"}),
    ("3", {**SOLID, "change": "crossed", "prior_diameter": 5.5, "diameter": 6.5, "months": 12}),
]  # fmt: skip


@pytest.mark.parametrize(("value", "fields"), ROWS)
def test_every_row_of_the_table(value: str, fields: dict[str, Any]) -> None:
    found = assess(LungRads(**fields))
    assert (found.value, found.missing) == (value, ())
    assert found.version == "2022"
    assert found.rule_sha256 == rules().table.sha256


def test_the_rows_above_reach_every_row_and_every_category() -> None:
    meanings = [assess(LungRads(**fields)).meaning for _, fields in ROWS]
    assert {value for value, _ in ROWS} == set(ORDER)
    silent = [
        row.why for row in rules().table.rows if row.category and not any(f"({row.why})" in one for one in meanings)
    ]
    assert silent == []


@pytest.mark.parametrize("fields", [
    {**CYST, "cyst": "thin_walled"}, {**CYST, "cyst": "multiple"}, {**CYST, "cyst": "fluid_filled"},
    {**CYST, "cyst": "multilocular", "cyst_growth": "wall"},
    {**AIRWAY, "airway": "subsegmental", "change": "growing", "workup": "none"},
    {**AIRWAY, "airway": "segmental_or_proximal", "change": "decreased", "workup": "none"},
    {**SOLID, "change": "stable", "diameter": 7, "previous": "none"},
    {**SOLID, "change": "stable", "previous": "3", "scheduled_follow_up": "no"},
    {**SOLID, "change": "stable", "previous": "4B"},
    {**PART, "change": "growing", "diameter": 5, "solid_component": 2, "previous": "2"},
])  # fmt: skip
def test_what_the_table_does_not_cover_gets_no_category(fields: dict[str, Any]) -> None:
    found = assess(LungRads(**fields))
    assert found.value == NOT_ASSESSABLE
    assert found.missing == ()
    assert "table has no row" in found.meaning or "does not classify" in found.meaning


def test_the_modifier_s_is_added_and_its_silence_is_told() -> None:
    known = {**SOLID, "change": "baseline", "diameter": 5}
    assert assess(LungRads(**known, other_finding="yes")).value == "2S"
    assert assess(LungRads(**known, other_finding="no")).value == "2"
    silent = assess(LungRads(**known))
    assert silent.value == "2"
    assert [one.value for one in silent.inputs if one.name == "other_finding"] == ["not stated"]


@pytest.mark.parametrize(("long_axis", "short_axis", "mean"), [
    (7, 5, 6.0), (6.1, 5.8, 6.0), (5.94, 5.94, 5.9), (5.95, 5.95, 6.0), (6.0, 5.9, 6.0), (8.3, 7.6, 8.0),
])  # fmt: skip
def test_axes_and_their_mean_are_rounded_to_one_decimal(long_axis: float, short_axis: float, mean: float) -> None:
    assert mean_diameter(long_axis, short_axis) == mean
    found = assess(LungRads(**SOLID, change="baseline", long_axis=long_axis, short_axis=short_axis))
    assert found.value == ("2" if mean < 6 else "3" if mean < 8 else "4A")


def test_a_size_just_below_a_threshold_is_read_as_it_is_reported() -> None:
    assert assess(LungRads(**SOLID, change="baseline", diameter=5.95)).value == "3"
    assert assess(LungRads(**SOLID, change="baseline", diameter=5.94)).value == "2"


@pytest.mark.parametrize(("value", "volume"), [("2", 112.4), ("3", 112.6), ("3", 267), ("4A", 268), ("4B", 1767)])
def test_a_volume_stands_for_the_diameter(value: str, volume: float) -> None:
    assert assess(LungRads(**SOLID, change="baseline", volume=volume)).value == value


def test_growth_is_more_than_one_and_a_half_millimetres_within_twelve_months() -> None:
    assert changes_of("solid", 5.0, 6.6, 12.0) == {"growing"}
    assert "growing" not in changes_of("solid", 5.0, 6.5, 12.0)
    assert changes_of("solid", 5.0, 6.6, 13.0) == {"growing", "slow_growing", "crossed"}
    assert changes_of("solid", 6.5, 7.5, 6.0) == {"slow_growing", "stable"}
    assert changes_of("solid", 7.0, 7.0, None) == {"stable", "decreased"}


def test_growth_follows_from_the_sizes_alone() -> None:
    known = {**SOLID, "previous": "2", "prior_diameter": 5.0, "diameter": 6.6, "months": 6}
    assert assess(LungRads(**known)).value == "4A"
    slower = assess(LungRads(**{**known, "diameter": 5.6}))
    assert slower.missing == ("change",)


@pytest.mark.parametrize("fields", [
    {**SOLID, "change": "stable", "prior_diameter": 5, "diameter": 9, "months": 6},
    {**SOLID, "change": "growing", "prior_diameter": 9, "diameter": 8},
    {**SOLID, "change": "stable", "prior_diameter": 5.5, "diameter": 6.5, "months": 6},
    {**PART, "change": "baseline", "diameter": 5, "solid_component": 6},
    {**SOLID, "change": "baseline", "long_axis": 5, "short_axis": 9},
    {**SOLID, "change": "baseline", "diameter": 5, "volume": 300},
    {**SOLID, "change": "baseline", "diameter": 5, "long_axis": 9, "short_axis": 8},
    {**SOLID, "change": "stable", "prior": "none"},
    {**SOLID, "change": "new", "previous": "3"},
    {"type": "solid", "finding": "cyst"},
])  # fmt: skip
def test_answers_that_contradict_each_other_give_no_category(fields: dict[str, Any]) -> None:
    found = assess(LungRads(**fields))
    assert found.value == NOT_ASSESSABLE
    assert "contradicts itself" in found.meaning
    assert found.missing == ()


def test_missing_inputs_are_named_in_the_order_they_are_needed() -> None:
    found = assess(LungRads(type="solid", diameter=7, change="baseline"))
    assert found.value == NOT_ASSESSABLE
    assert found.missing == ("lungs", "prior", "infection", "benign_feature", "juxtapleural", "margin", "shape",
                             "suspicious_features")  # fmt: skip
    assert "Could be 0 or 1 or 2 or 3 or 4X" in found.meaning


@pytest.mark.parametrize(("value", "fields"), [
    ("2", {**GLASS, "diameter": 20, "change": None, "suspicious_features": None}),
    ("2", {**SOLID, "change": "baseline", "diameter": 5, "juxtapleural": None, "suspicious_features": None}),
    ("4X", {**SOLID, "change": "baseline", "diameter": 20, "suspicious_features": "yes", "juxtapleural": None}),
    ("0", {"lungs": "not_evaluable"}),
    ("4B", {**PART, "change": "baseline", "diameter": None, "solid_component": 8}),
])  # fmt: skip
def test_an_input_that_cannot_change_the_category_is_not_asked_for(value: str, fields: dict[str, Any]) -> None:
    assert assess(LungRads(**fields)).value == value


SIZES = st.floats(0.1, 40, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(
    SIZES, SIZES, st.sampled_from(["baseline", "new", "growing", "crossed"]), st.sampled_from(["solid", "ground_glass"])
)
def test_a_larger_nodule_never_has_a_lower_category(one: float, two: float, change: str, kind: str) -> None:
    small, large = (
        assess(LungRads(**{**NODULE, "type": kind, "change": change, "diameter": size})) for size in sorted((one, two))
    )
    assert ORDER.index(small.value) <= ORDER.index(large.value)


@settings(max_examples=60, deadline=None)
@given(SIZES, SIZES, SIZES, st.sampled_from(["baseline", "new", "growing"]))
def test_a_larger_solid_component_never_has_a_lower_category(one: float, two: float, more: float, change: str) -> None:
    whole = max(one, two, 6 if change == "growing" else 0) + more
    small, large = (
        assess(LungRads(**{**PART, "change": change, "diameter": min(whole, 300), "solid_component": size}))
        for size in sorted((one, two))
    )
    assert ORDER.index(small.value) <= ORDER.index(large.value)


def _category(value: str) -> Category:
    return assess(LungRads(**next(fields for known, fields in ROWS if known == value)))


def test_the_exam_has_the_category_of_its_most_suspicious_finding() -> None:
    open_one = assess(LungRads(type="solid"))
    assert of_exam(map(_category, ("2", "4A", "3"))).value == "4A"  # type: ignore[union-attr]
    assert of_exam(map(_category, ("0", "4B"))).value == "0"  # type: ignore[union-attr]
    assert of_exam([_category("2"), open_one]) is open_one
    assert of_exam([open_one, _category("4X")]).value == "4X"  # type: ignore[union-attr]
    assert of_exam([]) is None


def test_tenths_round_half_up() -> None:
    assert [tenths(number) for number in (5.95, 5.949, 0.05, 7)] == [6.0, 5.9, 0.1, 7.0]
