"""Adapters: trained heads are kept as they are, bound to one space, and measured on patients they never saw."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from sklearn.model_selection import KFold

from readingroom.errors import BadFile, BadRequest
from readingroom.index.entry import Entry, Space
from readingroom.index.protocol import Collection, unit
from readingroom.learning import validation
from readingroom.learning.adapter import ENOUGH, Adapter, from_text, kept, to_text
from readingroom.learning.card import NOT_FOR, false_alarms, to_json, to_markdown
from readingroom.learning.fitting import Naming, Truths, adapted, figures_of
from readingroom.learning.heads import Recipe, estimator, scaled, text_head, train
from readingroom.learning.rates import auroc
from readingroom.learning.validation import Cases, Plan, fit, nested, refuse_few, split

SPACE = Space(model="m", version="1", preprocessing_id="p", dimensions=24)
QUICK = (Recipe("logistic", 0.01), Recipe("logistic", 0.1))
NAMING = Naming("lungs <b>", "made up", "readingroom test")


def cohort(patients: int = 60, images: int = 2, signal: float = 1.0, seed: int = 0) -> tuple[Collection, np.ndarray]:
    """Vectors of which each patient has its own place, and the first number leans with the label."""
    rng = np.random.default_rng(seed)
    own = np.repeat(rng.normal(size=(patients, 24)), images, axis=0)
    present = np.repeat(rng.permutation(np.arange(patients) % 2 == 0), images)
    vectors = own + 0.2 * rng.normal(size=own.shape)
    vectors[:, 0] += 3 * signal * present
    entries = tuple(Entry(id=f"i{n}", metadata={"subject": f"s{n // images}"}) for n in range(len(vectors)))
    return Collection(SPACE, entries, unit(vectors.astype(np.float32), SPACE)), present


def truths(found: Collection, **labels: np.ndarray) -> Truths:
    known = {name: {entry.id: bool(one) for entry, one in zip(found.entries, present, strict=True)}
             for name, present in labels.items()}  # fmt: skip
    return Truths(known, "0" * 64)


@pytest.fixture(scope="module")
def made() -> tuple[Adapter, Collection]:
    found, present = cohort()
    return adapted(found, truths(found, effusion=present), Plan(QUICK), NAMING), found


@pytest.mark.parametrize(
    "recipe", [Recipe("logistic", 0.01), Recipe("logistic", 1.0), Recipe("svm", 0.01), Recipe("mlp", 1.0)]
)
def test_a_kept_head_says_what_scikit_learn_says(recipe):
    """On vectors of 1024 numbers of length 1, as the models give them."""
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(160, 1024)).astype(np.float32)
    present = vectors[:, 0] + 0.5 * rng.normal(size=160) > 0
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    head = train(recipe, vectors[:120], present[:120])
    again = kept(head, recipe.title).model_validate_json(kept(head, recipe.title).model_dump_json()).head()
    theirs = estimator(recipe)
    with np.errstate(all="ignore"):
        theirs.fit(scaled(vectors[:120], head.mean, head.scale), present[:120])
    x = scaled(vectors, head.mean, head.scale)
    if recipe.kind == "svm":
        assert np.abs(again.scores(vectors) - theirs.decision_function(x)).max() < 1e-6
    else:
        assert np.abs(1 / (1 + np.exp(-again.scores(vectors))) - theirs.predict_proba(x)[:, 1]).max() < 1e-6
    assert auroc(present[120:], again.scores(vectors[120:])) > 0.5


def test_the_file_says_what_the_value_says_and_runs_no_code(made):
    adapter, found = made
    text = to_text(adapter)
    again = from_text(text, "a.json")
    assert (again, again.digest, to_text(again)) == (adapter, adapter.digest, text)
    assert again.apply(found.vectors, SPACE) == adapter.apply(found.vectors, SPACE)
    assert set(json.loads(text)) == {"format", "space", "labels", "training"}


@pytest.mark.parametrize("field", ["model", "version", "preprocessing_id"])
def test_vectors_of_another_space_are_refused_by_name(made, field):
    adapter, found = made
    other = SPACE.model_copy(update={field: "another"})
    with pytest.raises(BadRequest, match=rf"trained on m 1, p, 24 numbers, and these are {re.escape(other.title)}"):
        adapter.apply(found.vectors, other)
    with pytest.raises(BadRequest, match=r"no label 'mass'.*It has effusion"):
        adapter.apply(found.vectors, SPACE, ("mass",))


def test_a_changed_file_is_refused(made):
    text = to_text(made[0])
    data = json.loads(text)
    weights = data["labels"][0]["head"]["layers"][0]["weights"]["data"]
    for broken, said in (
        (text.replace(weights, "AAAA" + weights[4:]), "not what its digest says"),
        (text.replace('"format":"readingroom adapter 1"', '"format":"readingroom adapter 2"'), "format"),
        (text[:-20], "Invalid JSON"),
        (text.replace('"space":', '"code":"import os","space":'), "code"),
        (text.replace('"dimensions":24', '"dimensions":25'), "does not fit 25 numbers"),
        (text.replace('"low":', '"low":1e999,"was":'), "."),
    ):
        with pytest.raises(BadFile, match=said):
            from_text(broken, "a.json")


def test_calibrated_is_said_with_its_patients_or_not_at_all(made):
    adapter, found = made
    assert adapter.labels[0].wording == "calibrated on 60 patients"
    few, present = cohort(patients=2 * ENOUGH - 2)
    assert adapted(few, truths(few, a=present), Plan(QUICK[:1]), NAMING).labels[0].wording == "uncalibrated"
    plain = adapted(found, truths(found, a=cohort()[1]), Plan(QUICK[:1], "none"), NAMING)
    assert plain.labels[0].wording == "uncalibrated"


def test_several_labels_stand_together_and_missing_ones_are_left_out():
    found, present = cohort()
    table = truths(found, a=present, b=~present)
    short = Truths({"a": table.present["a"], "b": dict(list(table.present["b"].items())[:80])}, "0" * 64)
    adapter = adapted(found, short, Plan(QUICK[:1]), NAMING)
    assert [(one.label, one.images, one.patients) for one in adapter.labels] == [("a", 120, 60), ("b", 80, 40)]
    row = adapter.apply(found.vectors[:1], SPACE)[0]
    assert [one.label for one in row] == ["a", "b"]


def test_too_few_patients_are_refused_with_counts():
    found, present = cohort(patients=18, images=9)
    with pytest.raises(BadRequest, match=r"'rare' is present in 81 images of 9 patients and absent in 81 images of 9"):
        adapted(found, truths(found, rare=present), Plan(QUICK), NAMING)
    with pytest.raises(BadRequest, match="none of the 1 ids labelled 'a' is in the index"):
        adapted(found, Truths({"a": {"elsewhere": True}}, "0" * 64), Plan(QUICK), NAMING)


def test_no_patient_is_on_both_sides_of_a_split():
    found, present = cohort()
    subjects = np.array([str(entry.metadata["subject"]) for entry in found.entries])
    cases = Cases("a", found.vectors, present, subjects)
    refuse_few((cases,))
    held_all: list[int] = []
    for fitted, held in split(cases, 5, 0):
        assert not set(subjects[fitted]) & set(subjects[held])
        assert 0.3 < present[held].mean() < 0.7
        held_all += held.tolist()
    assert sorted(held_all) == list(range(len(present)))


def identities(seed: int) -> Cases:
    """Twelve images a patient, and a label that is nothing but the patient's."""
    found, present = cohort(patients=40, images=12, signal=0.0, seed=seed)
    return Cases("who", found.vectors, present, np.array([str(entry.metadata["subject"]) for entry in found.entries]))


def test_a_label_that_is_only_who_the_patient_is_scores_half():
    """Image-wise folds would see every patient again and call it all but perfect; by patient nothing can be known."""
    leaky, honest = [], []
    within = 0
    for seed in range(4):
        cases = identities(seed)
        measured = nested(cases, Plan(QUICK))
        honest.append(auroc(measured.present, measured.ranks, measured.folds))
        told = figures_of(measured)
        within += told.auroc.low < 0.5 < told.auroc.high
        scores = np.zeros(len(cases.present))
        for fitted, held in KFold(5, shuffle=True, random_state=seed).split(cases.vectors):
            head = train(Recipe("mlp", 1.0), cases.vectors[fitted], cases.present[fitted])
            scores[held] = head.scores(cases.vectors[held])
        leaky.append(auroc(cases.present, scores))
    assert min(leaky) > 0.9
    assert within >= 3
    assert np.mean(honest) == pytest.approx(0.5, abs=0.06)


def test_nothing_is_chosen_on_what_is_measured(monkeypatch):
    """`fit` never sees a patient of the outer fold that it is measured on."""
    found, present = cohort()
    subjects = np.array([str(entry.metadata["subject"]) for entry in found.entries])
    cases = Cases("a", found.vectors, present, subjects)
    seen: list[set[str]] = []

    def watched(part: Cases, plan: Plan) -> validation.Fitted:
        seen.append(set(part.subjects))
        return fit(part, plan)

    monkeypatch.setattr(validation, "fit", watched)
    measured = nested(cases, Plan(QUICK))
    for number, known in enumerate(seen):
        assert not known & set(subjects[measured.folds == number])
    assert len(seen) == len(measured.chosen) == 5


def test_a_label_that_is_there_is_found_and_its_probabilities_hold():
    found, present = cohort(patients=200, signal=1.0)
    label = adapted(found, truths(found, a=present), Plan(QUICK), NAMING).labels[0]
    told = label.figures
    assert told.auroc.low > 0.85
    assert told.found.value > 0.5
    assert told.missed.value < 0.25
    assert told.calibration_error < 0.08
    assert told.undecided.n == 400
    assert told.found.value + told.missed.value <= 1


def test_false_alarms_are_counted_over_all_labels_of_an_image():
    """Against a count by image of what was called present and is not, by the outer loop's own calls."""
    found, present = cohort(patients=160, signal=0.3)
    other = np.roll(present, 4)
    seen = {}
    adapter = adapted(found, truths(found, one=present, two=other), Plan(QUICK), NAMING, seen=seen.__setitem__)
    wrong = [(measured.called == "present") & ~measured.present for measured in seen.values()]
    by_image = np.sum(wrong, axis=0)
    assert by_image.max() > 0
    assert false_alarms(adapter) == pytest.approx(by_image.mean())
    assert f"False alarms: {by_image.mean():.2f} labels an image" in to_markdown(adapter)
    without = [~measured.present for measured in seen.values()]
    shares = [one[fine].mean() for one, fine in zip(wrong, without, strict=True)]
    assert max(shares) < 2 * (1 - adapter.training.specificity)  # the cut is aimed at a rate and lands near it


def test_a_head_of_words_is_calibrated_and_not_trained():
    found, present = cohort(patients=80)
    direction = np.zeros(24, np.float32)
    direction[0] = 91.2
    adapter = adapted(found, truths(found, a=present), Plan((Recipe("text", 0),)), NAMING, directions={"a": direction})
    kept_head = adapter.labels[0].head.head()
    assert np.array_equal(kept_head.scores(found.vectors), text_head(direction).scores(found.vectors))
    assert adapter.labels[0].head.recipe == "text"
    assert adapter.labels[0].wording == "calibrated on 80 patients"


def test_the_card_tells_data_figures_and_what_it_is_not_for(made):
    adapter, _ = made
    text = to_markdown(adapter)
    for said in (adapter.digest, "120 labelled images of 60 patients", "calibrated on 60 patients", "95 % interval",
                 "m 1, prepared as `p`, 24 numbers", "Nested cross-validation by patient", *NOT_FOR):  # fmt: skip
        assert said in text
    assert "<b>" not in text
    told = to_json(adapter)
    assert told["labels"][0]["figures"]["auroc"]["patients"] == 60
    assert "layers" not in told["labels"][0]["head"]
    assert told["sha256"] == adapter.digest


def test_images_without_a_patient_are_counted_on_the_card():
    found, present = cohort()
    bare = found._replace(entries=tuple(Entry(id=entry.id) for entry in found.entries))
    adapter = adapted(bare, truths(bare, a=present), Plan(QUICK[:1]), NAMING)
    assert adapter.training.nameless == 120
    assert "120 images name no patient" in to_markdown(adapter)
