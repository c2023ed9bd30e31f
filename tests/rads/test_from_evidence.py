"""What evidence may say to a reporting system: measured sizes and a person's word, nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from readingroom.domain.category import NOT_ASSESSABLE
from readingroom.domain.evidence import Evidence, Origin
from readingroom.domain.image import ImageRef
from readingroom.domain.measurement import Measurement
from readingroom.domain.region import Region
from readingroom.rads.from_evidence import assess_finding, categories_of, read_inputs, withheld
from readingroom.rads.systems import SYSTEMS

LUNG, THYROID, BREAST = SYSTEMS["lung-rads"], SYSTEMS["ti-rads"], SYSTEMS["bi-rads"]
BOX = (Region(image_id="A", kind="box", frame="source_pixels", box=(1, 1, 9, 9)),)
ORIGIN = Origin(tool="measure", tool_version="1", backend="b", model="m", model_version="1", preprocessing_id="p",
                step="s1", input_sha256="0", output_sha256="0")  # fmt: skip

LUNG_WORDS = {"lungs": "evaluable", "prior": "none", "infection": "none", "benign_feature": "none", "type": "solid",
              "juxtapleural": "no", "change": "baseline", "suspicious_features": "no"}  # fmt: skip


def image(modality: Any = "ct", role: Any = "current", name: str = "A", source: Any = "header") -> ImageRef:
    return ImageRef(id=name, sha256="0", kind="volume", rows=100, columns=100, modality=modality, role=role,
                    modality_source=source)  # fmt: skip


def length(name: str, value: float, unit: Any = "mm", **more: Any) -> Measurement:
    known = {"spacing_source": "PixelSpacing", **more} if unit in ("mm", "cm", "mL", "mm3") else more
    return Measurement(name=name, value=value, unit=unit, method="test", **known)


def nodule(*parts: Measurement, **fields: Any) -> Evidence:
    return Evidence(**{"id": "E1", "observation": "nodule", "presence": "present", "measurements": parts,
                       "regions": BOX, "summary": "nodule", "image_id": "A", "origin": ORIGIN, **fields})  # fmt: skip


def stated(system: str, words: dict[str, str], first: int = 10, **fields: Any) -> list[Evidence]:
    base = {"presence": "present", "summary": "stated", "image_id": "A", "origin": ORIGIN, "kind": "human",
            "trust": "human", **fields}  # fmt: skip
    return [Evidence(**{**base, "id": f"E{at}", "observation": f"{system}.{name}", "quote": word})
            for at, (name, word) in enumerate(words.items(), first)]  # fmt: skip


def test_sizes_are_measured_words_are_stated_and_each_input_names_its_evidence() -> None:
    found = nodule(length("longest_diameter", 0.8, "cm"), length("perpendicular_diameter", 6))
    category = assess_finding(LUNG, found, [found, *stated("lung_rads", LUNG_WORDS)], [image()])
    assert category.value == "3"
    sources = {given.name: given.evidence for given in category.inputs}
    assert sources["diameter"] == sources["long_axis"] == ("E1",)
    assert sources["finding"] == ("E1",)
    assert sources["type"] == ("E14",)
    assert [given.value for given in category.inputs if given.name == "diameter"] == ["7 mm"]


def test_without_a_persons_words_nothing_is_assessable() -> None:
    found = nodule(length("mean_diameter", 7))
    category = assess_finding(LUNG, found, [found], [image()])
    assert category.value == NOT_ASSESSABLE
    assert "type" in category.missing or "lungs" in category.missing


@pytest.mark.parametrize(("part", "why"), [
    (length("mean_diameter", 20, "px"), "px is not a length"), (length("mean_diameter", 20, "voxel"), "voxel is not"),
    (length("mean_diameter", 7, "mm", at_detector=True), "at the detector"),
    (length("mean_diameter", 7, "1"), "1 is not a length"), (length("volume", 900, "voxel"), "voxel is not"),
])  # fmt: skip
def test_pixels_and_lengths_at_the_detector_are_never_millimetres(part: Measurement, why: str) -> None:
    given = read_inputs(LUNG, nodule(part), stated("lung_rads", LUNG_WORDS), [image()])
    assert why in given.refused[0]
    assert getattr(given.inputs, "diameter") is None  # noqa: B009 - the inputs of any system
    assert getattr(given.inputs, "volume") is None  # noqa: B009
    assert LUNG.assess(given.inputs).missing == ("diameter",)


@pytest.mark.parametrize(("fields", "why"), [
    ({"regions": (), "score": 0.97, "score_kind": "probability"}, "a score or a label of the whole image"),
    ({"kind": "prior_report", "trust": "untrusted_text"}, "a text from outside"),
    ({"kind": "clinical_note", "trust": "untrusted_text"}, "a text from outside"),
    ({"presence": "absent"}, "it is absent"), ({"presence": "indeterminate"}, "it is indeterminate"),
    ({"observation": "pleural_effusion"}, "is not what Lung-RADS classifies"),
])  # fmt: skip
def test_what_is_no_finding_gives_no_input(fields: dict[str, Any], why: str) -> None:
    found = nodule(**fields)
    given = read_inputs(LUNG, found, [found], [image()])
    assert why in given.refused[0]
    assert given.evidence == {}


def test_a_radiograph_and_a_prior_image_are_not_classified() -> None:
    found = nodule(length("mean_diameter", 7))
    assert "the image is x_ray" in read_inputs(LUNG, found, [found], [image("x_ray")]).refused[0]
    assert "guessed from its pixels" in read_inputs(LUNG, found, [found], [image(source="pixels")]).refused[0]
    assert "not of a current image" in read_inputs(LUNG, found, [found], [image(role="prior")]).refused[0]
    assert categories_of(LUNG, [found], [image(role="prior")]) == ()


def test_larger_is_not_growth_without_sizes_and_new_is_new() -> None:
    more = {"prior_image_id": "P"}
    larger = nodule(length("mean_diameter", 9), change="larger", **more)
    assert "change" not in read_inputs(LUNG, larger, [larger], [image()]).evidence
    new = nodule(length("mean_diameter", 9), change="new", **more)
    assert read_inputs(LUNG, new, [new], [image()]).evidence["change"] == ("E1",)


def test_only_a_person_states() -> None:
    for kind, trust in (("tool_output", "tool"), ("clinical_note", "untrusted_text")):
        told = stated("lung_rads", {"type": "solid"}, kind=kind, trust=trust)
        given = read_inputs(LUNG, None, told, [image()])
        assert given.refused == ("E10: only a person can state lung_rads.type",)
        assert given.evidence == {}


def test_two_people_who_do_not_agree_state_nothing() -> None:
    told = [*stated("lung_rads", {"type": "solid"}), *stated("lung_rads", {"type": "part_solid"}, 20)]
    given = read_inputs(LUNG, None, told, [image()])
    assert given.refused == ("type: E10, E20 do not agree",)


def test_a_word_that_the_table_does_not_list_is_refused() -> None:
    given = read_inputs(LUNG, None, stated("lung_rads", {"type": "squishy", "colour": "red"}), [image()])
    assert len(given.refused) == 2
    assert given.evidence == {}


def test_each_nodule_has_its_own_category_and_its_own_words() -> None:
    first = nodule(length("mean_diameter", 5))
    second = nodule(length("mean_diameter", 9), id="E2")
    whole = {key: LUNG_WORDS[key] for key in ("lungs", "prior", "infection", "suspicious_features")}
    own = {key: LUNG_WORDS[key] for key in ("benign_feature", "juxtapleural", "change")}
    ledger = [
        first, second, *stated("lung_rads", whole),
        *stated("lung_rads", {**own, "type": "solid"}, 20, derived_from=("E1",)),
        *stated("lung_rads", {**own, "type": "ground_glass"}, 30, derived_from=("E2",)),
    ]  # fmt: skip
    found = categories_of(LUNG, ledger, [image()])
    assert [(one.id, one.value) for one in found] == [("C1", "2"), ("C2", "2")]
    words = [{given.name: given.value for given in one.inputs} for one in found]
    assert [one["type"] for one in words] == ["solid", "ground_glass"]
    assert [one["diameter"] for one in words] == ["5 mm", "9 mm"]


def test_an_exam_without_a_nodule_needs_a_person_to_say_so() -> None:
    exam = {"lungs": "evaluable", "prior": "none", "infection": "none", "finding": "none"}
    assert categories_of(LUNG, [], [image()]) == ()
    found = categories_of(LUNG, stated("lung_rads", exam), [image()])
    assert [one.value for one in found] == ["1"]


def test_a_thyroid_nodule_and_a_breast_mass() -> None:
    thyroid = nodule(length("longest_diameter", 1.6, "cm"))
    words = {"composition": "solid", "echogenicity": "hypoechoic", "shape": "wider_than_tall", "margin": "smooth",
             "foci": "macrocalcification+punctate"}  # fmt: skip
    level = assess_finding(THYROID, thyroid, stated("ti_rads", words), [image("ultrasound")])
    assert (level.value, level.management) == ("TR5", "FNA (at 10 mm or more)")
    assert [one.evidence for one in level.inputs if one.name == "points"] == [("E10", "E11", "E12", "E13", "E14")]
    mass = nodule(observation="mass", score=0.9, score_kind="probability")
    told = {"known_malignancy": "no", "complete": "yes", "finding": "mass", "shape": "irregular"}
    category = assess_finding(BREAST, mass, [mass, *stated("bi_rads", told)], [image("ultrasound")])
    assert category.value == NOT_ASSESSABLE
    assert category.missing == ("likelihood",)


@pytest.mark.parametrize(("system", "modality", "ledger", "why"), [
    (LUNG, "x_ray", [nodule(length("mean_diameter", 7))], "it is for CT, and this study is X-ray"),
    (LUNG, "ct", [nodule(presence="indeterminate")], "nodule (E1): it is indeterminate"),
    (LUNG, "ct", [], "no tool found and measured a nodule or mass, and nobody stated lungs, prior, infection"),
    (THYROID, "ultrasound", [], "nobody stated composition, echogenicity, shape, margin, foci"),
    (BREAST, "mammography", [nodule(observation="pleural_effusion")], "no tool found and measured a mass"),
])  # fmt: skip
def test_what_is_not_given_tells_what_it_lacks(system: Any, modality: str, ledger: list[Evidence], why: str) -> None:
    assert categories_of(system, ledger, [image(modality)]) == ()
    assert why in withheld(system, ledger, [image(modality)])


def test_what_is_given_lacks_nothing() -> None:
    found = nodule(length("mean_diameter", 7))
    assert withheld(LUNG, [found], [image()]) == ""
