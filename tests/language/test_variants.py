"""A name in other words means the same, and takes no phrase that has a meaning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readingroom.language.claims import claims_of
from readingroom.language.lexicon import lexicon
from readingroom.language.variants import Families

FAMILIES = Families([[("kidney",), ("renal",)], [("stone",), ("calculus",)], [("brain",), ("cerebral",)],
                     [("atrophy",), ("volume", "loss")]], [("atrophy",), ("stone",), ("detachment",)])  # fmt: skip


def test_each_part_is_exchanged_and_both() -> None:
    once = FAMILIES.variants(("renal", "calculus"), twice=False)
    assert set(once) == {("kidney", "calculus"), ("renal", "stone")}
    assert set(FAMILIES.variants(("renal", "calculus"), twice=True)) == {*once, ("kidney", "stone")}
    assert FAMILIES.variants(("brain", "volume", "loss"), twice=False) == (
        ("cerebral", "volume", "loss"), ("brain", "atrophy"),
    )  # fmt: skip


def test_a_single_word_is_never_exchanged() -> None:
    assert FAMILIES.variants(("calculus",), twice=True) == ()
    assert claims_of("Swelling.") == () or claims_of("Swelling.")[0].observation != "pulmonary_edema"


def test_a_head_is_turned_round_with_its_side() -> None:
    turned = dict(FAMILIES.turnings(("retinal", "detachment")))
    assert turned[("detachment", "of", "the", "left", "retinal")] == "left"
    assert turned[("detachment", "of", "retinal")] == ""
    assert dict(FAMILIES.turnings(("retinal", "vessel"))) == {}


@pytest.mark.parametrize(
    ("text", "observation"),
    [
        ("Kidney stone.", "renal_calculus"),
        ("Stone of the kidney.", "renal_calculus"),
        ("Intracranial bleeding.", "intracranial_hemorrhage"),
        ("Thrombosis of the portal vein.", "portal_vein_thrombosis"),
        ("Distortion of the architecture.", "architectural_distortion"),
        ("Dilation of the bile duct.", "biliary_dilatation"),
        ("Mastoid fluid.", "mastoid_effusion"),
    ],
)
def test_variants_are_read(text: str, observation: str) -> None:
    assert [claim.observation for claim in claims_of(text)] == [observation]


def test_no_variant_takes_another_concepts_name() -> None:
    words = lexicon()
    for concept in words.concepts.values():
        if concept.kind == "finding":
            found = claims_of(f"There is {concept.name}.")
            assert any(words.is_a(claim.observation, concept.id) for claim in found), concept.id


@given(st.lists(st.sampled_from(("kidney", "renal", "stone", "calculus", "of", "brain")), max_size=5).map(tuple))
def test_variants_are_other_names_each_once(name: tuple[str, ...]) -> None:
    found = FAMILIES.variants(name, twice=True)
    assert len(set(found)) == len(found)
    assert name not in found
