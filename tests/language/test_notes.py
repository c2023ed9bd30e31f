"""Notes and dictation of many schools: answers behind a colon, signs, composed doubts, courses told by comparing."""

from __future__ import annotations

import pytest

from readingroom.language.claims import claims_of


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Nodule on the right: possible.", ("nodule", "indeterminate", "right", None)),
        ("Effusion: likely, Lt.", ("pleural_effusion", "present", "left", None)),
        ("Effusion? right.", ("pleural_effusion", "indeterminate", "right", None)),
        ("Consolidation (no).", ("consolidation", "absent", "unspecified", None)),
        ("Consolidation (-).", ("consolidation", "absent", "unspecified", None)),
        ("-ve for consolidation.", ("consolidation", "absent", "unspecified", None)),
        ("Pneumothorax excluded.", ("pneumothorax", "absent", "unspecified", None)),
        ("Retinal detachment negative.", ("retinal_detachment", "absent", "unspecified", None)),
        ("The images are free from ascites.", ("ascites", "absent", "unspecified", None)),
        ("Cannot safely exclude a left nodule.", ("nodule", "indeterminate", "left", None)),
        ("A left nodule can't be excluded.", ("nodule", "indeterminate", "left", None)),
        ("A left nodule would be one explanation.", ("nodule", "indeterminate", "left", None)),
        ("Ascites may also be present.", ("ascites", "indeterminate", "unspecified", None)),
        ("Possible but not certain ascites.", ("ascites", "indeterminate", "unspecified", None)),
        ("There is a gross Rt. pneumothorax.", ("pneumothorax", "present", "right", None)),
        ("RE drusen.", ("drusen", "present", "right", None)),
        ("Nodule on the left: regressive in size.", ("nodule", "present", "left", "smaller")),
        ("The left nodule is bigger than on the last scan.", ("nodule", "present", "left", "larger")),
        ("More ascites than before.", ("ascites", "present", "unspecified", "larger")),
        ("New since the prior study: a left nodule.", ("nodule", "present", "left", "new")),
        ("The left nodule has neither grown nor shrunk.", ("nodule", "present", "left", "stable")),
    ],
)
def test_a_note_is_read_as_its_sentence(text: str, told: tuple[str, str, str, str | None]) -> None:
    (claim,) = claims_of(text)
    assert (claim.observation, claim.presence, claim.laterality, claim.change) == told


def test_a_list_is_denied_by_one_word_behind_a_colon() -> None:
    assert [(one.observation, one.presence) for one in claims_of("Effusion and consolidation: none.")] == [
        ("pleural_effusion", "absent"), ("consolidation", "absent"),
    ]  # fmt: skip


def test_both_joins_two_findings_that_have_words_of_their_own() -> None:
    told = {
        one.observation: one.laterality for one in claims_of("Both a left nodule and a right pneumothorax are seen.")
    }
    assert told == {"nodule": "left", "pneumothorax": "right"}


def test_re_is_an_eye_and_no_syllable() -> None:
    assert [one.laterality for one in claims_of("Re-accumulation of the pleural effusion.")] == ["unspecified"]


def test_a_length_in_the_past_tense_is_measured_now() -> None:
    (claim,) = claims_of("The spleen length was 114 mm.")
    assert [(one.value, one.role) for one in claim.quantities] == [(114.0, "value")]


def test_a_degree_told_in_the_next_sentence_is_of_the_finding_before() -> None:
    (before,) = claims_of("There is a left pneumothorax.")
    (after,) = claims_of("This is severe in extent.", previous=before)
    assert (after.observation, after.laterality, after.severity) == ("pneumothorax", "left", "severe")
