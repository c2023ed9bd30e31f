"""Labels by adapters: bound to their vectors, told with whom they were calibrated on, and named in the evidence."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from readingroom.domain.request import Request
from readingroom.errors import BadFile, BadRequest
from readingroom.imaging.image import Image, Study
from readingroom.index.entry import Entry, Space
from readingroom.index.protocol import Collection, unit
from readingroom.learning.adapter import Adapter, Told
from readingroom.learning.fitting import Naming, Truths, adapted
from readingroom.learning.heads import Recipe
from readingroom.learning.operating import Cuts
from readingroom.learning.validation import Plan
from readingroom.tools.adapters import Adapters, adapters_of, evidence_of, read_adapter
from readingroom.tools.backends.chain import Chain
from readingroom.tools.backends.classical.backend import ClassicalBackend
from readingroom.tools.classify import ClassifyRequest, ClassifyResult, classify
from readingroom.workflows.adapting import write_adapter
from readingroom.workflows.question import ask
from tests.agents.ledgers import checked, evidence
from tests.agents.reading_bench import bench_at
from tests.tools.towers import AXES, DIMENSIONS, GAP, Towers, chest_film

SPACE = Space(model="MedImageInsight", version="5", preprocessing_id="mi2-test", dimensions=DIMENSIONS)


def trained(name: str, *labels: str, patients: int = 60, space: Space = SPACE, noise: float = 0.2) -> Adapter:
    """On vectors as `Towers` gives them, with noise; each label is its own axis."""
    rng = np.random.default_rng(len(name))
    truth = rng.random((patients, len(AXES))) < 0.5
    vectors = np.ones((patients, space.dimensions), np.float32)
    vectors[:, : len(AXES)] = (truth - 0.5) * GAP + noise * GAP * rng.normal(size=truth.shape)
    entries = tuple(Entry(id=f"i{n}", metadata={"subject": f"s{n}"}) for n in range(patients))
    known = {label: {f"i{n}": bool(truth[n, AXES.index(label.lower())]) for n in range(patients)} for label in labels}
    found = Collection(space, entries, unit(vectors, space))
    return adapted(found, Truths(known, "0" * 64), Plan((Recipe("logistic", 0.01),)), Naming(name, "", "test"))


@pytest.fixture(scope="module")
def chest() -> Adapter:
    return trained("chest", "Pneumothorax", "mass")


def classified(tmp_path, adapters: Adapters, *labels: str, backend=None) -> ClassifyResult:
    bench = bench_at(tmp_path / "runs", backend or Towers("pneumothorax"))
    bench = replace(bench, images={"img-1": chest_film()}, adapters=adapters)
    return asyncio.run(classify(bench, "classify", ClassifyRequest(image="img-1", labels=labels)))


def test_a_label_of_an_adapter_is_told_calibrated_and_names_it(tmp_path, chest):
    result = classified(tmp_path, Adapters({chest.digest: chest}), "pneumothorax", "Mass")
    assert [(one.label, one.says, one.wording) for one in result.scores] == [
        ("Pneumothorax", "present", "calibrated on 60 patients"),
        ("mass", "absent", "calibrated on 60 patients"),
    ]
    assert (result.label, result.calibrated) == ("unknown", True)  # a finding is told by its evidence
    first, second = result.evidence
    assert (first.observation, first.presence, first.score_kind, first.calibrated) == (
        "pneumothorax", "present", "probability", True)  # fmt: skip
    assert (second.observation, second.presence) == ("mass", "absent")
    assert second.certainty in ("unlikely", "very_unlikely")
    assert chest.digest[:12] in first.summary
    assert first.origin.model_version == f"5+{chest.digest[:12]}"
    assert first.origin.preprocessing_id == "mi2-test"
    assert first.id != second.id


def test_what_a_report_may_say_grows_with_the_calibrated_probability(tmp_path, chest):
    first, second = classified(tmp_path, Adapters({chest.digest: chest}), "Pneumothorax", "mass").evidence

    def verdict(text: str, item) -> str:
        return checked(text, item.model_copy(update={"id": "E1", "image_id": "A"})).checks[0].verdict

    assert 0.9 < first.score < 0.99
    assert verdict("There is most likely a pneumothorax.", first) == "supported"
    assert verdict("There is a pneumothorax.", first) == "contradicted"
    assert verdict("There is a pneumothorax on the left.", first) != "supported"
    assert verdict("There is no mass.", second) == "contradicted"
    assert verdict("A mass is unlikely.", second) == "supported"


@pytest.mark.parametrize("label", ["Pneumothorax", "pleural effusion", "mass"])
@pytest.mark.parametrize("probability", [0.001, 0.05, 0.15, 0.5, 0.7, 0.8, 0.92, 0.995])
def test_the_sentence_it_offers_is_as_firm_as_the_verifier_allows(chest, label, probability):
    """Whatever the cuts: one step firmer is contradicted already."""
    one = chest.labels[0].model_copy(update={"label": label, "cuts": Cuts(low=0.3, high=0.6, youden=0.5)})
    adapter = chest.model_copy(update={"labels": (one,)})
    told = Told(label, probability, one.cuts.called(probability))
    item = evidence_of(adapter, told, ("E1", "A", evidence("E1", "mass", tool="classify").origin))
    if told.called == "indeterminate":
        assert (item.quote, item.presence) == ("", "indeterminate")
        return
    (check,) = checked(item.quote, item).checks
    assert check.verdict == "supported", (item.quote, check.problems)
    if 0.01 < probability < 0.99:
        firm = f"There is {label.lower()}." if told.called == "present" else f"There is no {label.lower()}."
        assert checked(firm, item).checks[0].verdict == "contradicted"


@pytest.mark.parametrize(
    ("question", "sentence"),
    [("Is there a pneumothorax?", "Pneumothorax is most likely present."),
     ("Classify the image: pneumothorax", "Pneumothorax is most likely present."),
     ("Does this patient have a mass?", "Mass is")],
)  # fmt: skip
def test_a_question_after_a_label_is_answered_by_its_calibrated_probability(tmp_path, chest, question, sentence):
    bench = bench_at(tmp_path / "runs", Towers("pneumothorax"))
    pixels = np.random.default_rng(3).integers(0, 255, (128, 128), np.uint8)
    film = Image(chest_film().ref.model_copy(update={"rows": 128, "columns": 128}), pixels)
    bench = replace(bench, images={"img-1": film}, adapters=Adapters({chest.digest: chest}))
    answer, _ = asyncio.run(ask(bench, Study("unknown", (film,)), Request(question=question)))
    known = {item.id: item for item in answer.evidence if item.calibrated}
    (said,) = [one for one in answer.sentences if one.kind == "image" and set(one.evidence) & set(known)]
    assert said.text.startswith(sentence)
    assert answer.checks[said.id].verdict == "supported"
    (record,) = [one for one in answer.sentences if one.kind == "record" and "probability" in one.text]
    assert "(calibrated on 60 patients)" in record.text
    assert "with adapter chest" in record.text
    assert known[record.evidence[0]].score_kind == "probability"
    label = known[record.evidence[0]].observation
    assert not any(label in line.text for line in answer.limitations if line.code == "not_assessed")
    assert not any("not known" in line for line in (*answer.unanswered, *answer.plan.cannot))


def test_too_few_patients_leave_it_indeterminate(tmp_path):
    few = trained("few", "pneumothorax", patients=34)
    assert few.labels[0].wording == "uncalibrated"
    result = classified(tmp_path, Adapters({few.digest: few}), "pneumothorax")
    assert [(one.says, one.wording) for one in result.scores] == [("", "uncalibrated")]
    assert [(item.presence, item.calibrated) for item in result.evidence] == [("indeterminate", False)]
    assert (result.label, result.calibrated) == ("unknown", False)


def test_labels_go_each_to_who_tells_them(tmp_path, chest):
    result = classified(tmp_path, Adapters({chest.digest: chest}), "mass", "nodule", "x_ray chest")
    told = {one.label: one.wording for one in result.scores}
    assert told["mass"].startswith("calibrated")
    assert told["nodule"] == told["x_ray chest"] == "uncalibrated"
    assert not result.calibrated
    assert len({item.id for item in result.evidence}) == len(result.evidence) == 3


def test_an_adapter_of_another_space_is_refused_by_name(tmp_path, chest):
    other = trained("other", "mass", space=SPACE.model_copy(update={"version": "4"}))
    with pytest.raises(BadRequest, match=r"'other' was trained on MedImageInsight 4, .* these are MedImageInsight 5"):
        classified(tmp_path, Adapters({other.digest: other}), "mass")


def test_in_a_chain_the_adapters_own_model_embeds(tmp_path, chest):
    backend = Chain((ClassicalBackend(), Towers("mass")))
    result = classified(tmp_path, Adapters({chest.digest: chest}), "mass", backend=backend)
    assert result.scores[0].says == "present"


def test_the_record_keeps_which_adapter_answered(tmp_path, chest):
    bench = bench_at(tmp_path / "runs", Towers("mass"))
    bench = replace(bench, images={"img-1": chest_film()}, adapters=Adapters({chest.digest: chest}))
    asked = ClassifyRequest(image="img-1", labels=("mass",))
    first = asyncio.run(classify(bench, "classify", asked))
    assert bench.trace.fact("adapters for mass", lambda: {}) == {"mass": chest.digest}
    gone = Adapters({})
    assert asyncio.run(classify(replace(bench, adapters=gone), "classify", asked)) == first  # told, not asked again
    with pytest.raises(BadRequest, match="is not in the folder of adapters"):
        gone.named(chest.digest)


def test_a_folder_of_adapters_is_read_and_two_may_not_serve_one_label(tmp_path, chest):
    assert adapters_of(None).by_digest == {}
    with pytest.raises(BadRequest, match="is not there"):
        adapters_of(tmp_path / "none")
    write_adapter(chest, tmp_path / "a.json")
    found = adapters_of(tmp_path)
    assert found.serving(("MASS", "gout")) == {"MASS": chest.digest}
    assert read_adapter(tmp_path / "a.json") == chest
    write_adapter(trained("twice", "mass"), tmp_path / "b.json")
    with pytest.raises(BadRequest, match=r"a\.json and b\.json both serve 'mass'"):
        adapters_of(tmp_path)
    (tmp_path / "b.json").write_text("{}")
    with pytest.raises(BadFile, match="is no readingroom adapter 1"):
        adapters_of(tmp_path)
