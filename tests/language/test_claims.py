"""What sentences claim, as radiologists write them; every sentence here was made up for the purpose."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.language.claim import Claim
from readingroom.language.claims import claims_of
from readingroom.language.lexicon import lexicon


def told(text: str) -> list[str]:
    """Each claim in words: presence, side, place, degree, certainty, change, observation."""
    lines = []
    for claim in claims_of(text):
        parts = [
            claim.presence,
            "" if claim.laterality == "unspecified" else claim.laterality,
            claim.zone,
            claim.severity or "",
            "" if claim.certainty == "definite" else claim.certainty,
            claim.change or "",
            claim.observation,
        ]
        lines.append(" ".join(filter(None, parts)))
    return lines


NEGATION = [
    (
        "No pleural effusion, pneumothorax, or focal consolidation is seen.",
        ["absent pleural_effusion", "absent pneumothorax", "absent consolidation"],
    ),
    ("There is no evidence of pneumonia.", ["absent pneumonia"]),
    ("Negative for pneumothorax or effusion.", ["absent pneumothorax", "absent pleural_effusion"]),
    ("Neither pleural effusion nor pneumothorax is present.", ["absent pleural_effusion", "absent pneumothorax"]),
    ("Cardiomegaly without pulmonary edema.", ["present cardiac_enlargement", "absent pulmonary_edema"]),
    ("The lungs are free of consolidation.", ["absent consolidation"]),
    ("A pneumothorax is not identified.", ["absent pneumothorax"]),
    ("Pleural effusion is absent.", ["absent pleural_effusion"]),
    ("The heart is not enlarged.", ["absent cardiac_enlargement"]),
    ("The right apical nodule is no longer seen.", ["absent right apex nodule"]),
    ("The right pneumothorax has resolved.", ["absent right resolved pneumothorax"]),
    ("There is atelectasis rather than pneumonia.", ["present atelectasis", "absent pneumonia"]),
    (
        "Not only is there a right effusion, but also a left effusion.",
        ["present right pleural_effusion", "present left pleural_effusion"],
    ),
    ("No change in the left effusion.", ["present left stable pleural_effusion"]),
    ("No increase in the left effusion.", ["present left stable pleural_effusion"]),
    (
        "No pneumothorax, but there is a small left effusion.",
        ["absent pneumothorax", "present left mild pleural_effusion"],
    ),
    ("No effusion, mild cardiomegaly.", ["absent pleural_effusion", "present mild cardiac_enlargement"]),
    ("No pneumothorax there is a right effusion.", ["absent pneumothorax", "present right pleural_effusion"]),
    ("No restricted diffusion to suggest acute infarct.", ["absent restricted_diffusion", "absent infarct"]),
    ("Margins are negative for carcinoma.", ["absent margin mass"]),
]

DOUBT = [
    ("Cannot exclude consolidation.", ["indeterminate may_represent consolidation"]),
    ("Pleural effusion is not excluded.", ["indeterminate may_represent pleural_effusion"]),
    (
        "Possible left lower lobe pneumonia versus atelectasis.",
        [
            "indeterminate left lower lobe may_represent pneumonia",
            "indeterminate left lower lobe may_represent atelectasis",
        ],
    ),
    (
        "Right base opacity, likely atelectasis.",
        ["present right base lung_opacity", "present right base likely atelectasis"],
    ),
    ("Pneumonia is unlikely.", ["absent unlikely pneumonia"]),
    ("Findings are suggestive of pulmonary edema.", ["present likely pulmonary_edema"]),
    ("Enlargement of the cardiac silhouette is indeterminate.", ["indeterminate may_represent cardiac_enlargement"]),
    ("Borderline cardiomegaly.", ["indeterminate may_represent cardiac_enlargement"]),
    ("The heart was not assessable.", ["not_assessed heart"]),
    ("Heart size cannot be assessed.", ["not_assessed heart"]),
]

NORMALITY = [
    ("Heart size is normal.", ["absent cardiac_enlargement"]),
    ("The lungs are clear.", ["absent lung_opacity"]),
    ("Left lung is clear.", ["absent left lung_opacity"]),
    (
        "Heart size and pulmonary vascularity are within normal limits.",
        ["absent cardiac_enlargement", "absent pulmonary_congestion"],
    ),
    ("The heart is normal in size and the lungs are clear.", ["absent cardiac_enlargement", "absent lung_opacity"]),
    ("Trachea is midline.", ["absent tracheal_deviation"]),
    ("The ventricles are unremarkable.", ["absent hydrocephalus"]),
    ("The gallbladder is unremarkable.", ["absent gallbladder_abnormality"]),
    ("The lungs are not clear.", ["present lung_opacity"]),
]

PLACE = [
    ("R pleural effusion, L base atelectasis.", ["present right pleural_effusion", "present left base atelectasis"]),
    (
        "Bibasilar and left perihilar opacities.",
        ["present bilateral base lung_opacity", "present left perihilar lung_opacity"],
    ),
    (
        "Small right and moderate left pleural effusions.",
        ["present right mild pleural_effusion", "present left moderate pleural_effusion"],
    ),
    ("Right upper and left lower lobe nodules.", ["present right upper lobe nodule", "present left lower lobe nodule"]),
    (
        "Right and left lower lobe consolidation.",
        ["present right lower lobe consolidation", "present left lower lobe consolidation"],
    ),
    ("RLL consolidation.", ["present right lower lobe consolidation"]),
    ("There is atelectasis at the base of the left lung.", ["present left base atelectasis"]),
    ("Left effusion and atelectasis.", ["present left pleural_effusion", "present left atelectasis"]),
    ("Atelectasis and effusion on the left.", ["present left atelectasis", "present left pleural_effusion"]),
    (
        "Bilateral effusions, left greater than right.",
        ["present bilateral pleural_effusion", "present left pleural_effusion:greater"],
    ),
    ("The left lung field is smaller than the right.", ["present left lung_size_asymmetry"]),
    ("There is elevation of the left hemidiaphragm.", ["present left diaphragm_elevation"]),
    ("Right PICC with tip in the left innominate vein.", ["present right picc", "present left device_tip"]),
    ("A cyst is seen in the lower pole of the left kidney.", ["present left lower pole renal_cyst"]),
]

COURSE = [
    ("New right upper lobe nodule.", ["present right upper lobe new nodule"]),
    (
        "Left pleural effusion and atelectasis are unchanged.",
        ["present left stable pleural_effusion", "present left stable atelectasis"],
    ),
    ("The left effusion has increased since the prior study.", ["present left larger pleural_effusion"]),
    ("Interval removal of the left chest tube.", ["absent left resolved chest_tube"]),
    ("The consolidation has improved.", ["present better consolidation"]),
    ("Increased interstitial markings.", ["present interstitial_opacity"]),
]


@pytest.mark.parametrize(("text", "claims"), [*NEGATION, *DOUBT, *NORMALITY, *PLACE, *COURSE])
def test_claims_of_a_sentence(text: str, claims: list[str]) -> None:
    assert told(text) == claims


@pytest.mark.parametrize(("text", "claims"), [*NEGATION, *DOUBT, *NORMALITY, *PLACE, *COURSE])
def test_case_does_not_matter(text: str, claims: list[str]) -> None:
    assert told(text.upper()) == claims
    assert told(text.lower()) == claims


def test_old_fractures_are_healed_ones() -> None:
    assert told("Old healed left rib fractures.") == ["present left healed_rib_fracture"]


def test_a_recommendation_claims_nothing() -> None:
    assert told("CT of the chest is recommended.") == []
    assert told("5 mm nodule, recommend CT to exclude malignancy.") == ["present nodule"]


def test_a_pronoun_speaks_of_the_sentence_before() -> None:
    (nodule,) = claims_of("There is a nodule in the right upper lobe.")
    (claim,) = claims_of("It measures 8 mm.", previous=nodule)
    assert (claim.observation, claim.laterality, claim.zone) == ("nodule", "right", "upper lobe")
    assert [(number.value, number.unit) for number in claim.quantities] == [(8, "mm")]
    assert claims_of("It measures 8 mm.") == ()


def test_numbers_go_to_what_they_measure() -> None:
    (claim,) = claims_of("The left lung has a volume of 2310 mL and a mean density of -812 HU.")
    assert [(q.name, q.value, q.unit) for q in claim.quantities] == [("volume", 2310, "mL"), ("mean_hu", -812, "HU")]
    nodule, effusion = claims_of("8 mm nodule and a 3 cm effusion.")
    assert [claim.quantities[0].value for claim in (nodule, effusion)] == [8, 3]


def test_an_unknown_noun_is_still_a_claim() -> None:
    (claim,) = claims_of("There is a left zygapophyseal gizmo.")
    assert (claim.observation, claim.presence, claim.laterality) == ("open:gizmo", "present", "left")
    assert claims_of("The gizmo was discussed with Dr. Smith by telephone.") == ()


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_without_a_crash(text: str) -> None:
    for claim in claims_of(text):
        assert 0 <= claim.span[0] <= claim.span[1] <= len(text)


WORDS = st.sampled_from(
    sorted(
        {
            "no",
            "left",
            "right",
            "effusion",
            "and",
            ",",
            "or",
            "the",
            "lung",
            "is",
            "enlarged",
            "8 mm",
            "possible",
            "not",
            "seen",
            "with",
            "nodule",
            "upper lobe",
            "unchanged",
            "heart",
            "clear",
            "than",
            "from",
            "to",
        }
    )
)


@given(st.lists(WORDS, max_size=14))
@settings(max_examples=300, deadline=None)
def test_any_order_of_report_words_reads_the_same_in_capitals(parts: list[str]) -> None:
    text = " ".join(parts)
    assert told(text) == told(text.upper())


def test_every_concept_is_found_by_its_own_name() -> None:
    words = lexicon()
    lost = []
    for concept in words.concepts.values():
        if concept.kind in ("finding", "device"):
            claims: tuple[Claim, ...] = claims_of(f"There is {concept.name}.")
            if not any(words.is_a(claim.observation, concept.id) for claim in claims):
                lost.append(concept.id)
    assert lost == []


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("The left lung field is larger than the right.", ["present right lung_size_asymmetry"]),
        ("The left lung field is smaller than the right.", ["present left lung_size_asymmetry"]),
        ("The right lung is denser than the left.", ["present right lung_density_asymmetry"]),
        ("The left lower lung zone is less dense than the right.", ["present right lower zone lung_density_asymmetry"]),
        ("The lung fields are of different size.", ["present lung_size_asymmetry"]),
        ("The lungs are symmetric in density.", ["absent lung_density_asymmetry"]),
        ("The right hemidiaphragm is elevated compared with the left.", ["present right diaphragm_elevation"]),
        ("Effusion: none, pneumothorax: none.", ["absent pleural_effusion", "absent pneumothorax"]),
        ("It is unlikely that there is a pneumothorax.", ["absent unlikely pneumothorax"]),
        ("It is not true that the heart is not enlarged.", ["present cardiac_enlargement"]),
        ("The heart is not not enlarged.", ["present cardiac_enlargement"]),
        ("The cardiothoracic ratio is increased.", ["present cardiothoracic_ratio", "present cardiac_enlargement"]),
        ("The cardiothoracic ratio is not increased.", ["present cardiothoracic_ratio", "absent cardiac_enlargement"]),
        ("The skin lesion is malignant.", ["present malignancy"]),
        ("The lesion is benign.", ["present benignity"]),
        ("Dot haemorrhages temporal to the right macula.", ["present right temporal retinal_hemorrhage"]),
        ("Unremarkable.", ["absent abnormality"]),
    ],
)
def test_comparisons_answers_and_verdicts(text: str, claims: list[str]) -> None:
    assert told(text) == claims
    assert not any(claim.comparison for claim in claims_of(text))


@pytest.mark.parametrize(
    "text",
    [
        "Lung areas: right 257 cm², left 219 cm².",
        "The right and left lung fields have areas of 257 cm² and 219 cm² respectively.",
        "The right lung field has an area of 257 cm² and the left 219 cm².",
    ],
)
def test_each_side_has_its_own_number(text: str) -> None:
    numbers = {claim.laterality: [number.value for number in claim.quantities] for claim in claims_of(text)}
    assert numbers == {"right": [257], "left": [219]}
    assert {number.name for claim in claims_of(text) for number in claim.quantities} == {"area"}


@pytest.mark.parametrize(
    ("text", "observation", "name"),
    [
        ("Right lung: volume 2089 mL, density -829 HU.", "lung", "mean_hu"),
        ("Right lung volume 2089 mL.", "lung", "volume"),
    ],
)
def test_a_unit_tells_what_is_measured(text: str, observation: str, name: str) -> None:
    (claim,) = claims_of(text)
    assert (claim.observation, claim.laterality, claim.quantities[-1].name) == (observation, "right", name)
