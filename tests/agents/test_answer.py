"""Answers say what evidence says, only what was asked, and name what they cannot tell with the reason."""

import pytest

from readingroom.agents.answer import AnswerSentence, checked, worded
from readingroom.agents.wish import read_wish
from readingroom.domain.evidence import Evidence, Origin
from readingroom.domain.image import ImageRef
from readingroom.domain.measurement import Measurement
from readingroom.tools.classify import ClassifyResult, ScoredLabel
from readingroom.tools.compare import CompareResult
from readingroom.tools.draft_findings import DraftResult
from readingroom.tools.measure import MeasureResult

FILM = ImageRef(id="img-1", sha256="0" * 64, kind="image", rows=9, columns=9, modality="x_ray", anatomy="chest")


def evidence(name, observation, tool="measure", **more):
    origin = Origin(tool=tool, tool_version="1", backend="b", model="m", model_version="1", preprocessing_id="p",
                    step="s", input_sha256="0", output_sha256="0")  # fmt: skip
    given = {"presence": "present", "summary": observation, "image_id": "img-1", **more}
    return Evidence(id=name, observation=observation, origin=origin, **given)


def measured(name, value, unit="1", **more):
    return Measurement(name=name, value=value, unit=unit, decimals=2, method="m", sd=0.02, **more)


RATIO = evidence("E1", "cardiothoracic_ratio", measurements=(measured("cardiothoracic_ratio", 0.52),))
AREA = evidence("E2", "lung", laterality="left", measurements=(measured("area", 300.0, "px2"),))
NO_HEART = evidence("E3", "heart", tool="segment", presence="not_assessed", quality_reason="the wall is cut")
DRAFT = DraftResult(not_assessed=("pneumothorax", "nodules and masses"), model="some model", description="d")
NOTHING = MeasureResult(image="img-1")


def told(question, *ledger, results=(NOTHING,)):
    return worded(read_wish(question), ledger, (FILM,), results)


def test_only_what_was_asked_for_is_told():
    assert [one.evidence for one in told("what is the ctr", RATIO, AREA).sentences] == [("E1",)]
    assert [one.evidence for one in told("area of the left lung", RATIO, AREA).sentences] == [("E2",)]
    assert {one.evidence for one in told("measure", RATIO, AREA).sentences} == {("E1",), ("E2",)}


def test_what_is_missing_comes_with_its_reason():
    (said,) = told("what is the ctr", NO_HEART).unanswered
    assert said == "The cardiothoracic ratio was not measured, since the heart was not assessable (the wall is cut)."
    (said,) = told("segment the heart", NO_HEART).unanswered
    assert said == "The heart was not assessable: the wall is cut."
    (said,) = told("compare with the prior", NO_HEART, results=(CompareResult(),)).unanswered
    assert said.startswith("Nothing could be compared, since the heart")


@pytest.mark.parametrize(
    ("question", "begins"),
    [("is there a pneumothorax?", "Pneumothorax: not known; some model does not look for it"),
     ("any mass?", "Mass: not known; some model does not look for it"),
     ("is there an effusion?", "Pleural effusion: not known; some model said nothing of it")],
)  # fmt: skip
def test_silence_is_never_told_as_an_absence(question, begins):
    answer = told(question, results=(DRAFT,))
    assert answer.sentences == ()
    assert [said.startswith(begins) for said in answer.unanswered] == [True]


def test_a_kind_is_copied_from_the_record_and_is_no_claim():
    kind = ClassifyResult(image="img-1", label="x_ray chest", scores=(ScoredLabel(label="x_ray chest", score=0.9),),
                          reason="r", calibrated=False, model="m 1")  # fmt: skip
    item = evidence("E1", "x_ray_chest", tool="classify", presence="indeterminate")
    (sentence,) = told("classify", item, results=(kind,)).sentences
    assert (sentence.kind, sentence.evidence) == ("record", ("E1",))
    assert "x-ray chest (0.90, uncalibrated score)" in sentence.text
    (check,) = checked((sentence,), (item,), (FILM,)).checks
    assert check.verdict == "not_checkable"


def test_a_sentence_that_its_evidence_does_not_bear_is_marked():
    wrong = AnswerSentence(id="A1", text="The cardiothoracic ratio is 0.71.", evidence=("E1",))
    assert checked((wrong,), (RATIO,), (FILM,)).checks[0].verdict == "contradicted"
    made_up = AnswerSentence(id="A1", text="There is a pneumothorax.", evidence=("E1",))
    assert checked((made_up,), (RATIO,), (FILM,)).checks[0].verdict == "unsupported"
