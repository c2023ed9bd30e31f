"""Zero-shot labels: the right scale, findings that can stand together, and no word firmer than "may"."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from math import exp

import numpy as np
import pytest

from readingroom.domain.evidence import Evidence
from readingroom.errors import BadRequest, NotServed
from readingroom.learning.softmax import against, ensemble, one_of, sharpness
from readingroom.tools.backends.chain import Chain
from readingroom.tools.backends.classical.backend import ClassicalBackend
from readingroom.tools.classify import ClassifyRequest, ClassifyResult, classify
from readingroom.tools.contracts.medimageinsight import probabilities
from readingroom.tools.label_sets import label_set, label_sets, read_label_set, set_of
from readingroom.tools.zero_shot import zero_shot
from tests.agents.ledgers import checked
from tests.agents.reading_bench import bench_at
from tests.tools.towers import AXES, GAP, SCALING, Towers, chest_film

CHEST = label_set("chest_xray")
SIX = ("atelectasis", "consolidation", "pleural effusion", "pneumothorax", "nodule", "mass")


def told(backend: ClassicalBackend, name: str = "chest_xray", image=None):
    return asyncio.run(zero_shot(backend, image or chest_film(), label_set(name)))


def classified(tmp_path, backend: ClassicalBackend, *labels: str, label_set: str = "") -> ClassifyResult:
    bench = replace(bench_at(tmp_path / "runs", backend), images={"img-1": chest_film()})
    asked = ClassifyRequest(image="img-1", labels=labels, label_set=label_set)
    return asyncio.run(classify(bench, "classify", asked))


def test_the_scaling_factor_is_a_logarithm():
    """exp(4.5134) = 91.24: a gap of 0.05 is 1 / (1 + exp(-4.562)) = 0.9897, and 0.556 where the exp is left out."""
    image, present, absent = np.array([1.0, 0, 0]), np.array([0.55, 0.8, 0]), np.array([0.50, 0.8, 0])
    sharp = sharpness(SCALING)
    assert sharp == pytest.approx(91.2279, abs=1e-3)
    assert one_of(image, np.stack([present, absent]), sharp)[0] == pytest.approx(1 / (1 + exp(-0.05 * sharp)))
    assert one_of(image, np.stack([present, absent]), sharp).tolist() == pytest.approx([0.990, 0.010], abs=5e-4)
    assert 1 / (1 + exp(-SCALING * 0.05)) == pytest.approx(0.556, abs=5e-4)
    assert float(image @ against(present, absent, sharp)) == pytest.approx(0.05 * sharp, abs=1e-4)
    assert sharpness(None) == sharp
    assert sharpness(SCALING, 2.0) == sharp / 2


def test_shares_are_those_of_the_contract():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(6, 1024)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    assert np.allclose(one_of(rows[0], rows[1:], sharpness(4.0)), probabilities(rows[0], rows[1:], 4.0), atol=1e-12)


def test_an_ensemble_is_the_mean_direction_of_length_one():
    assert ensemble(np.array([[2.0, 0], [0, 1.0]])).tolist() == pytest.approx([0.5**0.5, 0.5**0.5])
    with pytest.raises(BadRequest, match="against one another"):
        ensemble(np.array([[1.0, 0], [-1.0, 0]]))


def test_six_findings_at_once_are_all_told():
    """Fourteen labels that share 1 let no more than five reach 0.2; held each against its absence all six stand out."""
    found = told(Towers(*SIX))
    high = {one.label for one in found.scores if one.score > 0.7}
    assert high == set(SIX)
    assert sum(one.score for one in found.scores) > 4


def test_a_normal_film_can_lean_absent_in_everything():
    """The largest of fourteen shares is at least 1/14, so that a cut-off for "absent" of 0.08 can hardly be met by all,
    and below thirteen labels not at all."""
    found = told(Towers())
    none, *findings = found.scores
    assert len(findings) == 14
    assert {one.leans for one in findings} == {"absent"}
    assert max(one.score for one in findings) < 1 / 14
    assert none == ("No Finding", 1 - findings[0].score, "present")


@pytest.mark.parametrize(
    ("gap", "seen", "leans"), [(GAP, True, "present"), (1e-6, False, "neither"), (GAP, False, "absent")]
)
def test_every_label_can_lean_every_way(gap, seen, leans):
    """No cut is out of reach, whatever the number of labels."""
    for name in CHEST.labels:
        found = {one.label: one.leans for one in told(Towers(*((name,) if seen else ()), gap=gap)).scores}
        assert found[name] == leans


@pytest.mark.parametrize("name", [name for name, one in label_sets().items() if one.choice == "one"])
def test_among_labels_that_exclude_each_other_no_finding_always_stands(name):
    chosen = label_set(name)
    film = chest_film()
    image = replace(film, ref=film.ref.model_copy(update={"modality": chosen.modality, "anatomy": chosen.anatomy}))
    found = told(Towers(gap=4 * GAP), name, image)
    assert found.scores[0].label == "No Finding"
    assert sum(one.score for one in found.scores) == pytest.approx(1)
    first = next(iter(chosen.labels))
    assert told(Towers(first, gap=4 * GAP), name, image).scores[0].label == first


@pytest.mark.parametrize("seen", [(), SIX, AXES])
def test_evidence_never_says_present_or_absent(tmp_path, seen):
    result = classified(tmp_path, Towers(*seen, gap=6 * GAP), label_set="chest_xray")
    assert len(result.evidence) == 14
    assert {(item.presence, item.calibrated, item.score_kind) for item in result.evidence} == {
        ("indeterminate", False, "probability")
    }
    assert all("uncalibrated" in item.summary for item in result.evidence)
    assert (result.calibrated, result.label) == (False, "unknown")
    assert {one.says for one in result.scores} == {""}


def test_a_report_may_say_no_more_than_may(tmp_path):
    result = classified(tmp_path, Towers("pleural effusion", gap=6 * GAP), "pleural effusion")
    (item,) = result.evidence
    assert item.score is not None
    assert item.score > 0.99

    def verdict(text: str, evidence: Evidence = item) -> str:
        return checked(text, evidence.model_copy(update={"id": "E1", "image_id": "A"})).checks[0].verdict

    assert verdict("There is a pleural effusion.") == "contradicted"
    assert verdict("There is likely a pleural effusion.") == "contradicted"
    assert verdict("No pleural effusion.") == "contradicted"
    assert verdict("Findings may represent a pleural effusion.") == "supported"


def test_findings_asked_for_by_name_are_held_against_their_absence(tmp_path):
    """One label alone would have the whole share of a softmax; free words of a finding take the published pattern."""
    backend = Towers("pneumothorax")
    result = classified(tmp_path, backend, "Pneumothorax", "scoliosis")
    scores = {one.label: one.score for one in result.scores}
    assert scores["Pneumothorax"] > 0.7
    assert scores["scoliosis"] < 0.7
    assert "x-ray chest anteroposterior No Pneumothorax." in backend.texts
    assert "x-ray chest posteroanterior scoliosis." in backend.texts
    assert [item.observation for item in result.evidence if item.score and item.score > 0.7] == ["pneumothorax"]


def test_the_baseline_refuses_pathology_by_name_and_tells_kinds(tmp_path):
    with pytest.raises(NotServed, match=r"judges no pathology: 'pneumonia'.*MedImageInsight"):
        classified(tmp_path, ClassicalBackend(), "pneumonia")
    with pytest.raises(NotServed, match=r"'atelectasis', .*'rib fracture'"):
        classified(tmp_path, ClassicalBackend(), label_set="chest_xray")
    assert classified(tmp_path, ClassicalBackend(), "x_ray chest", "ct body").scores


def test_in_a_chain_image_and_words_come_from_the_same_model():
    """The baseline comes first and embeds too, in a space in which findings have no place."""
    chain = Chain((ClassicalBackend(), Towers(*SIX)))
    found = asyncio.run(zero_shot(chain, chest_film(), CHEST))
    assert found.model.name == "MedImageInsight"
    assert {one.label for one in found.scores if one.leans == "present"} == set(SIX)


def test_a_set_is_not_told_of_another_kind_of_image():
    film = chest_film()
    other = replace(film, ref=film.ref.model_copy(update={"modality": "mr", "anatomy": "brain"}))
    with pytest.raises(NotServed, match="findings of a chest radiograph are not told of mr brain"):
        told(Towers(), image=other)


SET = """
title: t
modality: ct
anatomy: chest
choice: {choice}
patterns: ["{pattern}"]
none: No Finding
labels: {labels}
"""


@pytest.mark.parametrize(
    ("choice", "pattern", "labels", "said"),
    [
        ("each", "ct {words}.", "{a: {present: [A]}}", "each need words for their absence"),
        ("one", "ct {words}.", "{a: {present: [A], absent: [B]}}", "have no absence of their own"),
        ("one", "ct {words}.", "{no finding: {present: [A]}}", "always stands among the labels"),
        ("one", "ct.", "{a: {present: [A]}}", "holds {words} once"),
        ("one", "ct {words}.", "{a: {present: [A], weight: 2}}", r"labels\.a\.weight"),
    ],
)
def test_a_set_that_cannot_be_scored_is_refused(choice, pattern, labels, said):
    text = SET.replace("{choice}", choice).replace("{pattern}", pattern).replace("{labels}", labels)
    with pytest.raises(BadRequest, match=said):
        read_label_set(text, "mine.yaml")


def test_labels_are_chosen_by_name():
    assert tuple(CHEST.only(("Pneumothorax", "mass")).labels) == ("pneumothorax", "mass")
    with pytest.raises(BadRequest, match="there is no label 'gout'"):
        CHEST.only(("gout",))
    with pytest.raises(BadRequest, match="Choose of brain_tumor, chest_xray, skin_lesion"):
        label_set("feet")
    assert set_of(("x_ray chest", "brain", "bright field"), chest_film().ref) is None


def test_every_label_of_a_set_is_told_by_a_name_that_reports_know():
    for chosen in label_sets().values():
        assert all(chosen.observation(name).isidentifier() for name in chosen.labels)
