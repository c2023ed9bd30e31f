"""What reaches the reader: silent errors, errors caught, false alarms; and sentences against the report's evidence."""

from __future__ import annotations

from readingroom.domain.check import Check, Struck
from readingroom.experiments.metrics.score import score
from tests.agents.ledgers import evidence
from tests.experiments.metrics.drafts import case, drafted, finding, judged, pairs

KNOWN = case("FINDINGS: Right pleural effusion. No pneumothorax.")
RIGHT, SIDE = "There is a right pleural effusion.", "There is a left pleural effusion."
FALSE = "There is a pneumothorax."
NAMES = ("silent_errors", "silent_errors_per_report", "errors_caught", "false_alarms")


def test_without_a_check_every_wrong_sentence_is_silent() -> None:
    assert pairs(drafted(RIGHT, SIDE, FALSE), KNOWN, *NAMES) == [(2, 3), (2, 1), (0, 2), (0, 1)]


def test_a_marked_error_is_caught_and_a_marked_truth_a_false_alarm() -> None:
    draft = drafted(RIGHT, SIDE, FALSE, verification=judged("unsupported", "contradicted", "supported"))
    assert pairs(draft, KNOWN, *NAMES) == [(1, 1), (1, 1), (1, 2), (1, 1)]


def test_not_checkable_is_no_warning() -> None:
    assert pairs(drafted(FALSE, verification=judged("not_checkable")), KNOWN, *NAMES[:2]) == [(1, 1), (1, 1)]


def test_a_struck_error_is_caught_and_not_among_what_the_draft_says() -> None:
    struck = Struck(check=Check(target="F9", section="findings", text=FALSE, verdict="contradicted"), cites=("E1",))
    draft = drafted(RIGHT, struck=(struck,), verification=judged("supported"))
    assert pairs(draft, KNOWN, *NAMES, "claim_precision") == [(0, 1), (0, 1), (1, 1), (0, 1), (1, 1)]


def test_two_equal_wrong_sentences_are_two_errors() -> None:
    assert pairs(drafted(FALSE, FALSE), KNOWN, "silent_errors") == [(2, 2)]


def test_a_finding_that_a_text_would_name_is_wrong_and_a_denial_is_not() -> None:
    draft = drafted("There is a rib fracture.", "There is no sternal fracture.")
    assert pairs(draft, KNOWN, "silent_errors") == [(1, 2)]


def test_sentences_are_held_against_the_reports_own_evidence_checked_or_not() -> None:
    items = (evidence("E2", "pleural_effusion", laterality="right"), evidence("E3", "nodule", laterality="left"))
    draft = drafted(
        finding(1, RIGHT, "E2", observation="pleural_effusion"),
        finding(2, FALSE, "E2", observation="pleural_effusion"), items=items,
    )  # fmt: skip
    found = score(draft, KNOWN)
    assert found["unsupported_rate"].hits + found["contradicted_rate"].hits == 1
    assert (found["unsupported_rate"].of, found["checkable"].rate) == (2, 1.0)
    assert (found["evidence_omitted"].hits, found["evidence_omitted"].of) == (1, 2)  # the nodule is not told
