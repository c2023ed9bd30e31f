"""The five steps of the Brigham and Women's certainty scale, as reports word them; every sentence was made up."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.domain.terms import Certainty, Presence
from readingroom.language.claims import claims_of

FINDINGS = {
    "pneumonia": "pneumonia",
    "pneumothorax": "pneumothorax",
    "pulmonary edema": "pulmonary_edema",
    "left lower lobe consolidation": "consolidation",
    "hydronephrosis": "hydronephrosis",
    "acute infarct": "infarct",
    "appendicitis": "appendicitis",
}

BEFORE: dict[str, tuple[Presence, Certainty]] = {
    "Definite": ("present", "definite"),
    "There is": ("present", "definite"),
    "Findings are diagnostic of": ("present", "definite"),
    "This represents": ("present", "definite"),
    "Findings are consistent with": ("present", "most_likely"),
    "Findings compatible with": ("present", "most_likely"),
    "This most likely represents": ("present", "most_likely"),
    "Findings highly suspicious for": ("present", "most_likely"),
    "Findings in keeping with": ("present", "most_likely"),
    "Likely": ("present", "likely"),
    "Probable": ("present", "likely"),
    "Presumed": ("present", "likely"),
    "This suggests": ("present", "likely"),
    "Findings suspicious for": ("present", "likely"),
    "Findings are suggestive of": ("present", "likely"),
    "Findings favor": ("present", "likely"),
    "Possible": ("indeterminate", "may_represent"),
    "Questionable": ("indeterminate", "may_represent"),
    "Cannot exclude": ("indeterminate", "may_represent"),
    "Cannot entirely exclude": ("indeterminate", "may_represent"),
    "Cannot rule out": ("indeterminate", "may_represent"),
    "Findings may represent": ("indeterminate", "may_represent"),
    "This could reflect": ("indeterminate", "may_represent"),
    "Findings are concerning for": ("indeterminate", "may_represent"),
    "This may be compatible with": ("indeterminate", "may_represent"),
    "Possibly consistent with": ("indeterminate", "may_represent"),
    "This could suggest": ("indeterminate", "may_represent"),
    "Raises the possibility of": ("indeterminate", "may_represent"),
    "Possibly related to": ("indeterminate", "may_represent"),
    "Findings not without concern for": ("indeterminate", "may_represent"),
    "Less likely": ("absent", "unlikely"),
    "Unlikely to represent": ("absent", "unlikely"),
    "Very unlikely": ("absent", "very_unlikely"),
    "No": ("absent", "definite"),
    "No definite": ("absent", "definite"),
    "No evidence of": ("absent", "definite"),
    "Without convincing evidence of": ("absent", "definite"),
    "No finding suggestive of": ("absent", "definite"),
    "No opacity suspicious for": ("absent", "definite"),
    "There are no findings to suggest": ("absent", "definite"),
}

AFTER: dict[str, tuple[Presence, Certainty]] = {
    "is present": ("present", "definite"),
    "is likely": ("present", "likely"),
    "is suspected": ("present", "likely"),
    "is possible": ("indeterminate", "may_represent"),
    "cannot be excluded": ("indeterminate", "may_represent"),
    "cannot be entirely excluded": ("indeterminate", "may_represent"),
    "is not excluded": ("indeterminate", "may_represent"),
    "remains a possibility": ("indeterminate", "may_represent"),
    "is considered less likely": ("absent", "unlikely"),
    "is unlikely": ("absent", "unlikely"),
    "is not suspected": ("absent", "unlikely"),
    "is very unlikely": ("absent", "very_unlikely"),
    "is not seen": ("absent", "definite"),
    "has been ruled out": ("absent", "definite"),
}


def read(text: str, observation: str) -> tuple[Presence, Certainty]:
    (claim,) = [claim for claim in claims_of(text) if claim.observation == observation]
    return claim.presence, claim.certainty


@pytest.mark.parametrize("finding", FINDINGS)
@pytest.mark.parametrize("words", BEFORE)
def test_a_doubt_in_front(words: str, finding: str) -> None:
    assert read(f"{words} {finding}.", FINDINGS[finding]) == BEFORE[words]


@pytest.mark.parametrize("finding", FINDINGS)
@pytest.mark.parametrize("words", AFTER)
def test_a_doubt_behind(words: str, finding: str) -> None:
    assert read(f"{finding.capitalize()} {words}.", FINDINGS[finding]) == AFTER[words]


@given(st.sampled_from(sorted(FINDINGS)), st.sampled_from(sorted(FINDINGS)), st.sampled_from(sorted(BEFORE)))
@settings(max_examples=120, deadline=None)
def test_a_doubt_does_not_reach_past_but(first: str, second: str, words: str) -> None:
    text = f"{words} {first}, but there is {second}."
    last = claims_of(text)[-1]
    assert (last.observation, last.presence, last.certainty) == (FINDINGS[second], "present", "definite")


@given(st.lists(st.sampled_from(sorted(FINDINGS)), min_size=2, max_size=4, unique=True))
@settings(max_examples=60, deadline=None)
def test_of_alternatives_all_are_in_doubt(names: list[str]) -> None:
    text = f"Opacity which may represent {', '.join(names[:-1])} or {names[-1]}."
    told = {claim.observation: claim.certainty for claim in claims_of(text) if claim.observation != "lung_opacity"}
    assert told == {FINDINGS[name]: "may_represent" for name in names}


def test_versus_leaves_both_open() -> None:
    told = {claim.observation: claim.presence for claim in claims_of("Apical shadowing, fibrosis versus mass.")}
    assert told == {"lung_opacity": "present", "pulmonary_fibrosis": "indeterminate", "mass": "indeterminate"}
    told = {claim.observation: claim.presence for claim in claims_of("Either atelectasis or pneumonia.")}
    assert told == {"atelectasis": "indeterminate", "pneumonia": "indeterminate"}


def test_a_doubt_about_an_unknown_noun_is_a_claim() -> None:
    _, claim = claims_of("Lucency in the left glenoid may represent zygolithiasis.")
    assert (claim.observation, claim.certainty) == ("open:zygolithiasis", "may_represent")
    assert [claim.observation for claim in claims_of("Kyphosis which is possibly postural.")] == ["kyphosis"]
