"""BI-RADS: what the atlas states is computed, everything else says why not."""

from __future__ import annotations

from itertools import product
from typing import Any, get_args

import pytest

from readingroom.domain.category import NOT_ASSESSABLE
from readingroom.rads.bi_rads import BiRads, assess, rules

BASE: dict[str, Any] = {"known_malignancy": "no", "complete": "yes"}
MASS = {**BASE, "modality": "ultrasound", "finding": "mass"}
CYST = {**MASS, "shape": "oval", "margin": "circumscribed", "echo": "anechoic", "posterior": "enhancement"}
BENIGN = ("skin", "vascular", "coarse", "large_rod_like", "rim", "dystrophic", "milk_of_calcium", "suture")


@pytest.mark.parametrize(("value", "fields"), [
    ("6", {"known_malignancy": "yes"}), ("0", {**BASE, "complete": "no"}), ("1", {**BASE, "finding": "none"}),
    ("2", CYST), ("2", {**CYST, "shape": "round"}),
    *(("2", {**BASE, "finding": "calcification", "calcification": one}) for one in BENIGN),
    *(("2", {**BASE, "finding": "benign_entity", "benign_entity": one})
      for one in rules().table.inputs["benign_entity"].values),
    *((value, {**BASE, "finding": "other", "likelihood": likelihood}) for value, likelihood in
      (("2", 0), ("3", 0.1), ("3", 2), ("4A", 2.1), ("4A", 10), ("4B", 10.1), ("4B", 50), ("4C", 50.1), ("4C", 94.9),
       ("5", 95), ("5", 100))),
])  # fmt: skip
def test_what_the_atlas_states(value: str, fields: dict[str, Any]) -> None:
    found = assess(BiRads(**fields))
    assert (found.value, found.missing) == (value, ())
    assert found.management == rules().table.categories[value].management


def test_every_category_is_reached() -> None:
    assert {row.category for row in rules().table.rows} == set(rules().table.order) == set(rules().table.categories)


def test_no_other_descriptors_make_a_category() -> None:
    questions = rules().table.inputs
    told = 0
    for words in product(*(questions[name].values for name in ("shape", "margin", "echo", "posterior"))):
        fields = dict(zip(("shape", "margin", "echo", "posterior"), words, strict=True))
        found = assess(BiRads(**{**MASS, **fields}))
        simple = fields in ({"shape": shape, "margin": "circumscribed", "echo": "anechoic", "posterior": "enhancement"}
                            for shape in ("oval", "round"))  # fmt: skip
        if simple:
            assert found.value == "2"
            continue
        told += 1
        assert (found.value, found.missing) == (NOT_ASSESSABLE, ("likelihood",))
        assert "no rule from these descriptors" in found.meaning
    assert told > 200


@pytest.mark.parametrize(
    "morphology", ["round", "amorphous", "coarse_heterogeneous", "fine_pleomorphic", "fine_linear"]
)
def test_calcifications_that_need_a_reader(morphology: str) -> None:
    found = assess(BiRads(**BASE, finding="calcification", calcification=morphology))  # type: ignore[arg-type]
    assert found.missing == ("likelihood",)


@pytest.mark.parametrize("fields", [
    {**CYST, "likelihood": 30}, {**BASE, "finding": "none", "likelihood": 5},
    {**BASE, "finding": "calcification", "calcification": "skin", "likelihood": 5},
    {"finding": "none", "shape": "oval"},
    {**BASE, "modality": "mammography", "finding": "mass", "echo": "anechoic"},
    {"known_malignancy": "yes", "finding": "none"},
])  # fmt: skip
def test_answers_that_contradict_each_other(fields: dict[str, Any]) -> None:
    assert "contradicts itself" in assess(BiRads(**fields)).meaning


def test_a_missing_descriptor_of_a_cyst_is_named() -> None:
    found = assess(BiRads(**{**CYST, "posterior": None}))
    assert found.value == NOT_ASSESSABLE
    assert found.missing == ("posterior", "likelihood")


def test_the_types_offer_what_the_table_lists() -> None:
    for name, field in BiRads.model_fields.items():
        words = [word for part in get_args(field.annotation) for word in get_args(part)]
        assert words == list(rules().table.inputs[name].values)
