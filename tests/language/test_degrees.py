"""A degree that stands behind its finding is the finding's; one that grades something else is not."""

from __future__ import annotations

import pytest

from readingroom.language.claims import claims_of
from readingroom.language.spelling import spelled


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("Pleural effusion - small.", {"pleural_effusion": "mild"}),
        ("Emphysema \N{EM DASH} severe.", {"emphysema": "severe"}),
        ("Right pleural effusion, small, new.", {"pleural_effusion": "mild"}),
        ("Pneumothorax, left, apical, small.", {"pneumothorax": "mild"}),
        ("An effusion that is small is seen on the left.", {"pleural_effusion": "mild"}),
        ("Emphysema that we grade as severe.", {"emphysema": "severe"}),
        ("Pulmonary edema graded as moderate.", {"pulmonary_edema": "moderate"}),
        ("Pulmonary edema to a moderate degree.", {"pulmonary_edema": "moderate"}),
        ("There is pulmonary edema, and it is moderate.", {"pulmonary_edema": "moderate"}),
        ("Atelectasis, mild; effusion, large.", {"atelectasis": "mild", "pleural_effusion": "severe"}),
        ("Effusion, small apical pneumothorax.", {"pleural_effusion": None, "pneumothorax": "mild"}),
        ("No effusion, mild atelectasis.", {"pleural_effusion": None, "atelectasis": "mild"}),
        ("Effusion, moderate cardiac enlargement.", {"pleural_effusion": None, "cardiac_enlargement": "moderate"}),
        ("Mild edema, large nodule.", {"pulmonary_edema": "mild", "nodule": "severe"}),
    ],
)
def test_degree_behind_its_finding(text: str, degrees: dict[str, str | None]) -> None:
    assert {claim.observation: claim.severity for claim in claims_of(text)} == degrees


def test_a_side_behind_the_degree_is_kept() -> None:
    (claim,) = claims_of("An effusion that is small is seen on the left.")
    assert claim.laterality == "left"


@pytest.mark.parametrize(
    ("british", "american"),
    [
        ("haematoma", "hematoma"), ("oedema", "edema"), ("papilloedema", "papilledema"), ("tumour", "tumor"),
        ("ischaemic", "ischemic"), ("oesophagus", "esophagus"), ("fibre", "fiber"), ("visualised", "visualized"),
        ("grey", "gray"), ("seborrhoeic", "seborrheic"), ("caecum", "cecum"), ("coloured", "colored"),
    ],
)  # fmt: skip
def test_british_words_are_looked_up_as_american(british: str, american: str) -> None:
    assert spelled(british) == spelled(american) == american


@pytest.mark.parametrize("word", ["four", "hour", "lobe", "chest", "there", "more", "nodule", "poem"])
def test_other_words_stay(word: str) -> None:
    assert spelled(word) == word


@pytest.mark.parametrize(
    ("text", "certainty"),
    [
        ("? Left pneumothorax.", "may_represent"),
        ("Left pneumothorax?", "may_represent"),
        ("A left pneumothorax would be a consideration.", "may_represent"),
        ("There is a high probability of a left pneumothorax.", "likely"),
        ("A left pneumothorax appears likely.", "likely"),
    ],
)
def test_doubt_in_other_words(text: str, certainty: str) -> None:
    (claim,) = claims_of(text)
    assert (claim.observation, claim.laterality, claim.certainty) == ("pneumothorax", "left", certainty)


@pytest.mark.parametrize(
    "text",
    [
        "Not seen: pneumothorax.",
        "Excluded: effusion, pneumothorax.",
        "An effusion is seen, whereas pneumothorax is not.",
        "Nothing suggests pneumothorax.",
        "Nodule on the left; pneumothorax absent.",
    ],
)  # fmt: skip
def test_denial_in_other_words(text: str) -> None:
    told = {claim.observation: claim.presence for claim in claims_of(text)}
    assert told["pneumothorax"] == "absent"
