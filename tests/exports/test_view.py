"""What the printed views show: every sentence once, with its verdict, its evidence and what that came from."""

from __future__ import annotations

import pytest

from readingroom.domain.check import Check, Problem, Verification
from readingroom.exports import wording
from readingroom.exports.view import Segment, Sentence, View, read, segments
from tests.exports import sample


def view() -> View:
    return read(sample.build().report)


def found(name: str) -> Sentence:
    return next(each for each in view().sentences if each.id == name)


def test_sentences_stand_in_reading_order() -> None:
    assert [each.id for each in view().sentences] == ["S1", "F1", "F2", "F3", "F4", "F5", "F6", "I1"]


def test_a_sentence_knows_its_evidence_and_what_that_came_from() -> None:
    assert (found("F1").cited, found("F1").sources) == (("E4",), ("E1", "E2", "E3"))
    assert found("I1").cited == ("E4", "E6")


def test_a_bad_sentence_is_cut_where_it_is_wrong() -> None:
    wrong = found("F2")
    assert wrong.bad
    assert wrong.segments == (
        Segment("There is an opacity in the "),
        Segment("left", "says left; the evidence lies on the right"),
        Segment(" lower zone."),
    )


def test_evidence_that_only_a_problem_names_stands_against() -> None:
    problem = Problem(rule="R01", verdict="unsupported", reason="E5 lies elsewhere", evidence=("E5", "E77"))
    check = Check(target="F3", section="findings", text="There is a small pleural effusion.", verdict="unsupported",
                  problems=(problem,))  # fmt: skip
    made = sample.build(verification=Verification(checks=(check,), coverage=1))
    third = next(each for each in read(made.report).findings if each.id == "F3")
    assert (third.cited, third.against) == (("E2",), ("E5",))


def test_a_checked_sentence_is_found_inside_its_paragraph() -> None:
    ((first, rest),) = view().texts["indication"]
    assert isinstance(first, Sentence)
    assert (first.text, first.verdict, rest) == ("Cough for two weeks.", "supported", " Smoker.")


def test_no_check_is_lost() -> None:
    check = Check(target="S9", section="findings", text="A nodule is seen.", verdict="unsupported", claims=1)
    other = Check(target="F1", section="findings", text="The heart is small.", verdict="contradicted", claims=1)
    made = read(sample.build(verification=Verification(checks=(check, other), coverage=1)).report)
    assert [each.text for each in made.elsewhere] == ["A nodule is seen."]
    assert (made.findings[0].checked_as, made.findings[0].segments) == ("The heart is small.", ())


@pytest.mark.parametrize(
    ("spans", "parts"),
    [
        ([], ["abcdef"]),
        ([(0, 2)], ["ab*", "cdef"]),
        ([(1, 4), (3, 6)], ["a", "bc*", "d*", "ef*"]),
        ([(4, 99)], ["abcd", "ef*"]),
        ([(-5, 1)], ["a*", "bcdef"]),
        ([(3, 3), (5, 2)], ["abcdef"]),
    ],
)
def test_spans_are_clipped_and_may_overlap(spans: list[tuple[int, int]], parts: list[str]) -> None:
    problems = tuple(Problem(rule="R06", verdict="contradicted", reason="no", span=span) for span in spans)
    cut = segments("abcdef", problems)
    assert [each.text + "*" * bool(each.reason) for each in cut] == parts


def test_measurements_are_told_with_their_spread() -> None:
    ratio = sample.ratio(0.58)
    assert wording.measured(ratio) == "cardiothoracic ratio 0.58 ± 0.03 (1 sd)"
    assert wording.spread(ratio.model_copy(update={"decimals": 0})) == "± 0.03 (1 sd)"
    assert wording.spread(ratio.model_copy(update={"sd": None})) == ""
    at_film = ratio.model_copy(update={"unit": "mm", "spacing_source": "ImagerPixelSpacing", "at_detector": True})
    assert wording.how_measured(at_film).endswith(
        "from ImagerPixelSpacing, true at the detector, smaller in the patient"
    )


def test_a_report_that_is_not_clean_is_told_with_numbers() -> None:
    report = sample.build().report
    assert wording.warning(report) == (
        "Not clean: 1 sentence is contradicted by the evidence; 1 sentence is not supported by any evidence; "
        "1 finding in the evidence is left out."
    )
    assert report.verification is not None
    assert [(row.kind, row.number) for row in wording.tallies(report.verification)] == [
        ("supported", 5), ("contradicted", 1), ("unsupported", 1), ("not_checkable", 1), ("omitted", 1),
    ]  # fmt: skip
