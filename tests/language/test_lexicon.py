"""The lexicon is whole: what it refers to exists, and the product's own names are there."""

from __future__ import annotations

import re

import pytest

from readingroom.language.lexicon import lexicon, plurals, tokens_of

OWN = {
    "structure": "lung heart body bone airway liver brain skin_lesion optic_disc retinal_vessels nuclei fetal_head "
    "hypoechoic_lesion target image",
    "finding": "cardiac_enlargement lung_density_asymmetry lung_size_asymmetry pleural_effusion pneumothorax "
    "consolidation nodule mass atelectasis pulmonary_edema",
    "measurement": "cardiothoracic_ratio area longest_diameter perpendicular_diameter volume mean_intensity "
    "intensity_sd mean_hu hu_sd head_circumference biparietal_diameter count area_fraction asymmetry_index "
    "density_difference area_ratio "
    "vertical_diameter horizontal_diameter median_area",
}
"""What tools write into evidence."""


@pytest.mark.parametrize("kind", OWN)
def test_the_names_that_tools_use_are_known(kind: str) -> None:
    concepts = lexicon().concepts
    assert [name for name in OWN[kind].split() if name not in concepts or concepts[name].kind != kind] == []


def test_everything_referred_to_exists() -> None:
    concepts = lexicon().concepts
    lost = [
        (concept.id, name)
        for concept in concepts.values()
        for name in (*concept.parents, *concept.normal, *(made.lstrip("!") for made in concept.makes.values()))
        if name not in concepts
    ]
    assert lost == []
    assert [concept.id for concept in concepts.values() if concept.about and concept.about not in concepts] == []


def test_nothing_is_a_kind_of_itself_in_a_circle() -> None:
    words = lexicon()
    for concept in words.concepts.values():
        for parent in concept.parents:
            assert concept.id not in words.lineage[parent], (concept.id, parent)


def test_codes_have_their_systems_shape() -> None:
    shapes = {"RADLEX": r"RID\d+", "SCT": r"\d{6,18}"}
    for concept in lexicon().concepts.values():
        for system, code in concept.codes.items():
            assert re.fullmatch(shapes[system], code), concept.id


def test_a_kind_is_what_its_parents_are() -> None:
    words = lexicon()
    assert words.is_a("consolidation", "lung_opacity")
    assert not words.is_a("lung_opacity", "consolidation")
    assert words.reportable("pleural_effusion")
    assert words.reportable("hypoechoic_lesion")
    assert not words.reportable("lung")
    assert words.place("Lower lung zone") == "lower zone"


def test_words_are_joined_and_made_plural() -> None:
    assert tokens_of("Right-sided, X-ray") == ("right", "sided", ",", "x", "ray")
    assert [*plurals("opacity"), *plurals("mass"), *plurals("effusion"), *plurals("reflex")] == [
        "opacities", "effusions", "reflexes",
    ]  # fmt: skip


def test_line_is_the_lineage_nearest_first() -> None:
    words = lexicon()
    for name, concept in words.concepts.items():
        line = words.line_of(name)
        assert frozenset(line) == words.ancestors(name)
        assert len(set(line)) == len(line)
        assert line[: 1 + len(concept.parents)] == (name, *concept.parents)
    assert words.line_of("open:gizmo") == ("open:gizmo",)
