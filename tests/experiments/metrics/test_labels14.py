"""The 14 labels: read from claims by the table, scored micro and macro."""

from __future__ import annotations

import pytest

from readingroom.errors import BadRequest
from readingroom.experiments.metrics.labels14 import label_of, label_part, label_table, labels_in
from readingroom.experiments.metrics.score import score
from readingroom.language.claims import claims_of
from readingroom.language.lexicon import lexicon
from tests.experiments.metrics.drafts import case, drafted, pairs

NAMES = ("label_precision", "label_recall", "label_f1", "label_f1_five")


def _labels(text: str) -> dict[str, bool | None]:
    return labels_in(claims_of(text), label_table(), lexicon())


def test_the_table_has_the_14_labels_and_only_concepts_that_exist() -> None:
    table = label_table()
    assert len(table.names) == 14
    concepts = [one for group in table.labels.values() for one in group]
    assert len(concepts) == len(set(concepts))
    assert {*concepts, *table.speaks} <= set(lexicon().concepts)
    assert {*table.five, *table.beside} <= set(table.labels)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("The heart is enlarged.", "Cardiomegaly"),
        ("The mediastinum is widened.", "Enlarged Cardiomediastinum"),
        ("Patchy opacity in the left base.", "Lung Opacity"),
        ("8 mm nodule in the left upper lobe.", "Lung Lesion"),
        ("Pulmonary vascular congestion.", "Edema"),
        ("Right lower lobe consolidation.", "Consolidation"),
        ("Right lower lobe pneumonia.", "Pneumonia"),
        ("Bibasilar atelectasis.", "Atelectasis"),
        ("Small left apical pneumothorax.", "Pneumothorax"),
        ("Bilateral pleural effusions.", "Pleural Effusion"),
        ("Apical pleural thickening.", "Pleural Other"),
        ("Healing right rib fracture.", "Fracture"),
        ("Endotracheal tube in place.", "Support Devices"),
    ],
)
def test_each_label_is_read_from_its_own_words(text: str, label: str) -> None:
    nothing = {"No Finding": True} if label == "Support Devices" else {}
    assert _labels(text) == {label: True, **nothing}


def test_denied_is_not_positive_and_possible_is_uncertain() -> None:
    assert _labels("No pneumothorax or pleural effusion.") == {"No Finding": True}
    assert _labels("Possible pneumonia.") == {"Pneumonia": None}


def test_a_concept_without_a_listed_ancestor_has_no_label() -> None:
    words, table = lexicon(), label_table()
    assert label_of("vertebral_fracture", table, words) == "Fracture"
    assert label_of("hepatic_steatosis", table, words) is None


def test_micro_counts_are_summed_over_the_labels() -> None:
    known = case("FINDINGS: The heart is enlarged. Right pleural effusion. Rib fracture.")
    draft = drafted("The heart is enlarged.", "There is a pneumothorax.")
    assert pairs(draft, known, *NAMES) == [(1, 2), (1, 3), (2, 5), (2, 3)]


def test_each_label_has_a_tally_for_the_macro_mean() -> None:
    known = case("FINDINGS: The heart is enlarged. Right pleural effusion.")
    found = score(drafted("The heart is enlarged.", "There is a pneumothorax."), known)
    told = {name: (found[label_part(name)].hits, found[label_part(name)].of) for name in label_table().names}
    assert {name: pair for name, pair in told.items() if pair[1]} == {
        "Cardiomegaly": (2, 2), "Pleural Effusion": (0, 1), "Pneumothorax": (0, 1),
    }  # fmt: skip


def test_uncertain_counts_as_positive_on_both_sides() -> None:
    known = case(labels={"Pneumonia": None, "Edema": False, "Fracture": True})
    assert pairs(drafted("Possible pneumonia."), known, *NAMES[:2]) == [(1, 1), (1, 2)]


def test_a_label_that_is_not_one_of_the_14_is_told() -> None:
    with pytest.raises(BadRequest, match=r"\['Flu'\] are not among the 14"):
        score(drafted("The lungs are clear."), case(labels={"Flu": True}))


def test_a_text_that_speaks_of_no_chest_has_no_labels() -> None:
    assert "label_f1" not in score(drafted("No gallstones."), case("FINDINGS: Gallstones. The liver is normal."))
