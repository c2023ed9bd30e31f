"""An option is chosen where the evidence bears out that one and no other; everything else is no answer."""

from __future__ import annotations

import pytest

from readingroom.agents.ledger import Ledger
from readingroom.experiments.case import Case, Reference
from readingroom.experiments.deciding import decided
from readingroom.experiments.draft import Drafted
from readingroom.experiments.metrics.score import score
from tests.exports import sample

EFFUSION = ("There is an opacity in the right lower zone", "There is an opacity in the left lower zone")
RATIOS = ("The cardiothoracic ratio is 0.45", "The cardiothoracic ratio is 0.58")


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """An opacity on the right, a cardiothoracic ratio of 0.58, no hyperinflation; and a note of a cough."""
    report = sample.build().report
    named = {"opacity": "lung_opacity"}
    evidence = (one.model_copy(update={"observation": named.get(one.observation, one.observation)})
                for one in report.evidence)  # fmt: skip
    return Ledger(evidence=tuple(evidence), images=report.images)


@pytest.mark.parametrize(
    ("question", "choices", "answer"),
    [
        ("What is seen?", EFFUSION, "A"),
        ("What is seen?", EFFUSION[::-1], "B"),
        ("How large is the heart?", RATIOS, "B"),
        ("Which of these is not seen?", EFFUSION, ""),
        ("What is seen?", (*EFFUSION, "An opacity in the right lung"), ""),
        ("What is seen?", (*EFFUSION, "It is blue"), ""),
        ("What next?", ("Send the patient home", "Call the surgeon"), ""),
        ("What does the patient have?", ("A cough", "A right pneumothorax"), ""),
    ],
)  # fmt: skip
def test_only_what_the_evidence_decides_is_answered(ledger: Ledger, question: str, choices, answer: str):
    assert decided(question, choices, ledger) == answer


def test_without_evidence_there_is_no_answer(ledger: Ledger):
    assert decided("What is seen?", EFFUSION, ledger.model_copy(update={"evidence": ()})) == ""


@pytest.mark.parametrize(("answer", "right", "answered"), [("A", 1, 1), ("B", 0, 1), ("", 0, 0)])
def test_no_answer_is_counted_as_none(answer: str, right: int, answered: int):
    case = Case(id="q", subject="p", paths=("x.png",), reference=Reference(choices=("one", "two"), answer="A"))
    made = Drafted(case="q", cell="c", arm="a", seed=1, answer=answer)
    tallies = score(made, case)
    assert (tallies["choice_accuracy"].hits, tallies["choice_answered"].hits) == (right, answered)
    assert ("choice_right" in tallies) is bool(answered)
