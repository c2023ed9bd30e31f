"""Sentences as clinicians write them, of every kind of image served; all were made up for the purpose."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.language.claim import Claim
from readingroom.language.claims import claims_of, read_claims
from readingroom.language.sentences import read_report


def told(text: str) -> list[str]:
    """Each claim in words: presence, side, place, degree, certainty, course, observation, the limits of a denial."""
    return [_worded(claim) for claim in claims_of(text)]


def _worded(claim: Claim) -> str:
    parts = (
        claim.presence,
        "" if claim.laterality == "unspecified" else claim.laterality,
        claim.zone,
        claim.severity or "",
        "" if claim.certainty == "definite" else claim.certainty,
        claim.change or "",
        claim.observation,
        f"({claim.scope})" if claim.scope else "",
    )
    return " ".join(filter(None, parts))


CHEST = [
    ("No recent, displaced clavicle fractures are shown.", ["absent clavicle_fracture (suspicious)"]),
    ("Lungs are severely under expanded.", ["present severe hypoinflation"]),
    ("The lungs are fully expanded and clear.", ["absent hypoinflation", "absent lung_opacity"]),
    ("The left lung is denser than before.", ["present left worse lung"]),
    (
        "There is a large area of consolidation in the right lower lobe.",
        ["present right lower lobe severe consolidation"],
    ),
    ("A small amount of pleural fluid.", ["present mild pleural_effusion"]),
    ("A prior report was provided.", []),
    ("Postsurgical changes consistent with prior CABG.", ["present postoperative_change", "present most_likely cabg"]),
    ("Small densities not seen on the previous exam.", ["present mild new lung_opacity"]),
    ("Heart is slightly large.", ["present mild cardiac_enlargement"]),
    ("Aortic tortuosity and slight ectasia.", ["present aortic_tortuosity", "present mild aortic_enlargement"]),
    ("The effusion is markedly improved.", ["present better pleural_effusion"]),
    ("Pneumothorax on the right, large.", ["present right severe pneumothorax"]),
    ("Interval reduction in size of the left pleural effusion.", ["present left smaller pleural_effusion"]),
    ("Airspace opacities better visualized on the lateral view.", ["present airspace_opacity"]),
    ("Opacity identified both on PA and lateral views.", ["present lung_opacity"]),
    ("Dense left lower lung nodule.", ["present left lower zone nodule"]),
    ("Upper abdominal midline sutures are stable.", ["present midline stable surgical_clips"]),
    (
        "Fracture of the right 5th and 6th ribs.",
        ["present right rib 5 rib_fracture", "present right rib 6 rib_fracture"],
    ),
    ("Compression deformities of T8 and L1.", ["present t8 vertebral_deformity", "present l1 vertebral_deformity"]),
    ("Degenerative changes of the lumbar spine.", ["present lumbar spine degenerative_spine"]),
    (
        "Left upper lobe and perihilar opacities.",
        ["present left upper lobe lung_opacity", "present left perihilar lung_opacity"],
    ),
    ("Atelectasis in both lower zones, moderate.", ["present bilateral lower zone moderate atelectasis"]),
    ("Bihilar prominence.", ["present bilateral hilar hilar_enlargement"]),
    ("Frontal and lateral views of the chest show a normal size heart.", ["absent cardiac_enlargement"]),
    ("Marked prominence is noted in the pulmonary arteries.", ["present severe pulmonary_artery_enlargement"]),
    ("Of note, there is a nodule in the lingula.", ["present lingula nodule"]),
    ("On this examination, the lungs are clear.", ["absent lung_opacity"]),
]

SHORT_HAND = [
    (
        "Heart enlarged, aorta tortuous, lungs clear.",
        ["present cardiac_enlargement", "present aortic_tortuosity", "absent lung_opacity"],
    ),
    ("No infiltrates, lungs hyperinflated.", ["absent airspace_opacity", "present hyperinflation"]),
    ("Effusion: small, left", ["present left mild pleural_effusion"]),
    ("PTX: none", ["absent pneumothorax"]),
    ("Otherwise clear.", ["absent abnormality (other)"]),
    ("Trachea midline.", ["absent tracheal_deviation"]),
]

WRITERS = [
    ("In all likelihood a right meningioma.", ["present right likely meningioma"]),
    ("Extensive pulmonary emboli are in the differential.", ["indeterminate severe may_represent pulmonary_embolism"]),
    ("Cerebral atrophy of moderate degree exists.", ["present moderate brain_atrophy"]),
    ("Findings include moderate brain volume loss.", ["present moderate brain_atrophy"]),
    ("The left cyst is smaller than on the earlier examination.", ["present left smaller cyst"]),
    ("The right effusion has not changed compared with the last film.", ["present right stable pleural_effusion"]),
    ("Detachment of the left retina.", ["present left retinal_detachment"]),
    ("Diffusion restriction, hydrocephalus: not found.", ["absent restricted_diffusion", "absent hydrocephalus"]),
    (
        "Mild exudates in the absence of new vessel formation.",
        ["present mild hard_exudates", "absent neovascularization"],
    ),
    ("Heart size is minimally increased.", ["present trace cardiac_enlargement"]),
    ("There is a breast cyst in the subareolar region.", ["present retroareolar cyst"]),
    ("The lesion of the skin is unchanged.", ["present stable skin_lesion"]),
    ("The lungs are not clear.", ["present lung_opacity"]),
    ("Right DR.", ["present right diabetic_retinopathy"]),
    ("Dr. Smith was called.", []),
    ("No evidence of PE.", ["absent pulmonary_embolism"]),
    (
        "There is a moderate left mastoid effusion and moderate hydrocephalus.",
        ["present left moderate mastoid_effusion", "present moderate hydrocephalus"],
    ),
]

EXCEPTIONS = [
    (
        "The lungs are clear apart from mild bibasilar atelectasis.",
        ["absent lung_opacity", "present bilateral base mild atelectasis"],
    ),
    (
        "Except for a small left effusion, the lungs are clear.",
        ["present left mild pleural_effusion", "absent lung_opacity"],
    ),
    (
        "No acute abnormality other than a small right pneumothorax.",
        ["absent acute_abnormality", "present right mild pneumothorax"],
    ),
    (
        "There is no pneumothorax on the right and a small effusion on the left.",
        ["absent right pneumothorax", "present left mild pleural_effusion"],
    ),
    ("The heart is not enlarged status post sternotomy.", ["absent cardiac_enlargement", "present sternotomy_wires"]),
    ("It is not certain whether there is a pneumothorax.", ["indeterminate may_represent pneumothorax"]),
]

NOT_SEEN = [
    "History of pneumonia.",
    "Rule out pneumothorax.",
    "72-year-old with cough, evaluate for pneumonia.",
    "Patient with history of lymphoma.",
    "If there is high clinical concern for fracture, recommend dedicated rib views.",
    "CT is more sensitive in detecting small nodules.",
    "Recommend CT to exclude malignancy.",
    "Follow-up in 6 weeks is recommended to document resolution of the pneumonia.",
    "The referring physician was notified of this finding.",
    "These findings were discussed with Dr. Jones by telephone.",
    "No prior studies are available for comparison.",
]

ELSEWHERE = [
    ("The abdominal aorta is normal in caliber.", ["absent aortic_enlargement"]),
    ("The spleen is of normal size.", ["absent splenomegaly"]),
    ("The spleen is normal.", ["absent spleen_abnormality"]),
    ("The appendix is not visualized.", ["not_assessed appendix"]),
    ("Punctate calculus in the lower pole of the right kidney.", ["present right lower pole trace renal_calculus"]),
    ("There is a 3 cm mass in the right kidney.", ["present right renal_mass"]),
    ("No intra- or extrahepatic biliary ductal dilatation.", ["absent biliary_dilatation"]),
    ("Hypodense lesion in segment VII of the liver.", ["present segment 7 liver_abnormality"]),
    ("Portal vein is patent.", ["absent portal_vein_thrombosis"]),
    (
        "Enhancing mass in the left frontal lobe with surrounding vasogenic edema.",
        ["present left frontal brain_mass", "present cerebral_edema"],
    ),
    ("No restricted diffusion to suggest acute infarct.", ["absent restricted_diffusion", "absent infarct"]),
    ("Chronic lacunar infarct in the left thalamus.", ["present left thalamus infarct"]),
    (
        "Pleomorphic calcifications in the upper outer quadrant of the left breast.",
        ["present left upper outer quadrant microcalcifications"],
    ),
    ("No suspicious axillary lymph nodes.", ["absent lymphadenopathy"]),
    ("Regression structures are present at the periphery.", ["present peripheral regression_structures"]),
    ("No features suggestive of melanoma.", ["absent melanoma"]),
    ("The macula is flat without edema.", ["absent macular_edema"]),
    ("No cotton wool spots are seen in either eye.", ["absent bilateral cotton_wool_spots"]),
    ("Nuclear pleomorphism is marked.", ["present severe nuclear_atypia"]),
    ("Tubular adenoma with low-grade dysplasia.", ["present adenoma", "present dysplasia"]),
]


@pytest.mark.parametrize(("text", "claims"), [*CHEST, *SHORT_HAND, *WRITERS, *EXCEPTIONS, *ELSEWHERE])
def test_claims_of_prose(text: str, claims: list[str]) -> None:
    assert told(text) == claims


@pytest.mark.parametrize("text", NOT_SEEN)
def test_what_the_image_does_not_show_is_no_claim(text: str) -> None:
    assert told(text) == []


def test_a_prior_operation_is_no_earlier_image() -> None:
    assert not any(claim.comparison for claim in claims_of("Changes of prior sternotomy."))
    assert all(claim.comparison for claim in claims_of("The prior study showed an effusion."))


def test_a_pronoun_may_say_where() -> None:
    text = "FINDINGS: There is a nodule. It lies in the right upper lobe. This measures 8 mm."
    claims = [claim for _, told in read_claims(read_report(text)) for claim in told]
    assert [claim.observation for claim in claims] == ["nodule"] * 3
    assert (claims[1].laterality, claims[1].zone) == ("right", "upper lobe")
    assert [number.value for number in claims[2].quantities] == [8]


SIDES = ("left", "right")
NAMES = {"pleural effusion": "pleural_effusion", "pneumothorax": "pneumothorax", "consolidation": "consolidation",
         "atelectasis": "atelectasis", "hydronephrosis": "hydronephrosis", "hilar adenopathy": "lymphadenopathy",
         }  # fmt: skip
WAYS = ("{side} {name}", "{side}-sided {name}", "{name} on the {side}", "{name} of the {side} side")


@given(
    st.permutations(sorted(NAMES)).map(lambda names: names[:2]),
    st.sampled_from(list(itertools.product(WAYS, WAYS))),
    st.sampled_from(SIDES),
)
@settings(max_examples=150, deadline=None)
def test_two_findings_on_two_sides_keep_their_sides(names: list[str], ways: tuple[str, str], side: str) -> None:
    other = SIDES[side == "left"]
    first, second = (
        way.format(side=where, name=name) for way, where, name in zip(ways, (side, other), names, strict=True)
    )
    read = {claim.observation: claim.laterality for claim in claims_of(f"There is {first} and {second}.")}
    assert read == {NAMES[names[0]]: side, NAMES[names[1]]: other}


@given(st.lists(st.sampled_from(sorted(NAMES)), min_size=2, max_size=5, unique=True), st.sampled_from(("or", "and")))
@settings(max_examples=100, deadline=None)
def test_a_denied_list_is_denied_to_its_end(names: list[str], joined: str) -> None:
    text = f"No {', '.join(names[:-1])} {joined} {names[-1]}."
    assert {claim.observation: claim.presence for claim in claims_of(text)} == dict.fromkeys(
        (NAMES[name] for name in names), "absent"
    )


DEGREES = {"tiny": "trace", "minimal": "trace", "mild": "mild", "small": "mild", "moderate": "moderate",
           "large": "severe", "marked": "severe"}  # fmt: skip


@given(st.sampled_from(sorted(DEGREES)), st.sampled_from(sorted(NAMES)), st.sampled_from(SIDES))
@settings(max_examples=100, deadline=None)
def test_a_degree_may_stand_before_or_behind(degree: str, name: str, side: str) -> None:
    for text in (f"{degree} {side} {name}.", f"{side} {name}, {degree}.", f"The {side} {name} is {degree}.",
                 f"There is a {degree} amount of {side} {name}."):  # fmt: skip
        (claim,) = claims_of(text)
        assert (claim.severity, claim.laterality) == (DEGREES[degree], side), text
