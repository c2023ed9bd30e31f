"""A word that the lexicon does not have makes a sentence uncheckable, and excuses nothing else that it says."""

from __future__ import annotations

import pytest

from readingroom.domain.check import Verification
from readingroom.language.sentences import Sentence
from tests.agents.ledgers import checked, evidence, spoken

NODULE = evidence("E1", "nodule", laterality="left", severity="mild", certainty="likely", tool="detector")
NO_EDEMA = evidence("E2", "pulmonary_edema", "absent", tool="classifier")


def told(text: str, *cites: str) -> Verification:
    return checked((Sentence(id="F1", section="findings", text=text, cites=cites),), NODULE, NO_EDEMA)


@pytest.mark.parametrize("text", ["Probable left gizmolith.", "Probable mild gizmolith on the left."])
def test_an_unknown_noun_may_be_what_is_cited(text: str) -> None:
    found = told(text, "E1")
    assert found.checks[0].verdict == "not_checkable"
    assert [(problem.rule, problem.verdict) for problem in found.checks[0].problems] == [("R01", "not_checkable")]
    assert "gizmolith" in found.checks[0].problems[0].reason
    assert "E1" in found.checks[0].problems[0].reason
    assert not found.omissions
    assert found.coverage == 0


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Probable right gizmolith.", "R04"),
        ("Probable severe left gizmolith.", "R09"),
        ("There is a left gizmolith.", "R10"),
        ("No gizmolith on the left.", "R01"),
    ],
)
def test_what_else_it_says_is_held_against_that(text: str, rule: str) -> None:
    problems = {problem.rule: problem.verdict for problem in told(text, "E1").checks[0].problems}
    assert problems.get(rule) in ("contradicted", "unsupported")


def test_a_known_noun_without_evidence_stays_unsupported() -> None:
    assert told("There is a left pleural effusion.", "E1").checks[0].verdict == "unsupported"


def test_an_unknown_noun_that_cites_nothing_stays_unsupported() -> None:
    assert told("There is a left gizmolith.").checks[0].verdict == "unsupported"


def test_evidence_that_another_claim_tells_is_no_name_for_it() -> None:
    assert told("Probable left nodule; there is a left gizmolith.", "E1").checks[0].verdict == "unsupported"


def test_an_impression_may_rest_on_a_finding_that_nobody_can_read() -> None:
    sentences = (
        Sentence(id="F1", section="findings", text="Probable left gizmolith.", cites=("E1",)),
        Sentence(id="I1", section="impression", text="Probable left nodule.", cites=("F1",)),
    )
    assert [check.verdict for check in checked(sentences, NODULE).checks] == ["not_checkable", "supported"]


@pytest.mark.parametrize(
    "text",
    [
        "One model is for a nodule, another against it.", "The tools give opposite answers on the nodule.",
        "Opinions on the nodule are split.", "Nodule affirmed by one tool, negated by another.",
    ],
)  # fmt: skip
def test_a_disagreement_in_other_words_is_told(text: str) -> None:
    items = (evidence("E1", "nodule", tool="one"), evidence("E2", "nodule", "absent", tool="two"))
    assert "R16" not in spoken(checked(text, *items))
    assert "R16" in spoken(checked("There is a nodule in one lung and no other in the other lung.", *items))
