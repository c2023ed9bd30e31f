"""Citations: does what is cited say it, and is cited what says it."""

from __future__ import annotations

from readingroom.domain.finding import Statement
from tests.agents.ledgers import evidence
from tests.experiments.metrics.drafts import case, drafted, finding, pairs

EFFUSION = evidence("E2", "pleural_effusion", laterality="right")
NODULE = evidence("E3", "nodule", laterality="left")
NAMES = ("citation_precision", "citation_recall")
SAID = "There is a right pleural effusion."


def _found(*cites: str, text: str = SAID) -> list[tuple[float, float]]:
    draft = drafted(finding(1, text, *cites), items=(EFFUSION, NODULE))
    return pairs(draft, case("FINDINGS: Right pleural effusion."), *NAMES)


def test_the_right_evidence_is_cited() -> None:
    assert _found("E2") == [(1, 1), (1, 1)]


def test_a_citation_too_many_lowers_precision_alone() -> None:
    assert _found("E2", "E3") == [(1, 2), (1, 1)]


def test_the_wrong_evidence_lowers_both() -> None:
    assert _found("E3") == [(0, 1), (0, 1)]


def test_evidence_of_the_other_side_does_not_say_it() -> None:
    assert _found("E2", text="There is a left pleural effusion.") == [(0, 1), (0, 0)]


def test_a_claim_without_any_evidence_has_nothing_to_cite() -> None:
    assert _found("E3", text="There is a rib fracture.") == [(0, 1), (0, 0)]


def test_what_a_value_was_computed_from_is_cited_with_it() -> None:
    derived = evidence("E4", "pleural_effusion", laterality="right", derived_from=("E3",))
    draft = drafted(finding(1, "There is a left nodule.", "E4"), items=(EFFUSION, NODULE, derived))
    assert pairs(draft, case("FINDINGS: Left nodule."), *NAMES) == [(1, 1), (1, 1)]


def test_an_impression_cites_through_its_findings() -> None:
    draft = drafted(finding(1, SAID, "E2"), items=(EFFUSION, NODULE),
                    impression=(Statement(id="I1", text="Right pleural effusion.", derived_from=("F1",)),))  # fmt: skip
    assert pairs(draft, case("FINDINGS: Right pleural effusion."), *NAMES) == [(2, 2), (2, 2)]
