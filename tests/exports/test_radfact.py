"""RadFact JSON: RadFact's own types take it, and its boxes lie where ours do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from readingroom.domain.region import Region
from readingroom.domain.report import NOTICE, Report
from readingroom.errors import BadRequest
from readingroom.exports.radfact import to_radfact
from tests.exports.hostile import PAYLOADS, poisoned
from tests.exports.sample import COLUMNS, ROWS, build


class Box(BaseModel):
    """RadFact's NormalizedBox: 0 <= min <= max <= 1."""

    model_config = ConfigDict(extra="forbid")
    x_min: float = Field(ge=0, le=1)
    y_min: float = Field(ge=0, le=1)
    x_max: float = Field(ge=0, le=1)
    y_max: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _ordered(self) -> Box:
        assert self.x_min <= self.x_max
        assert self.y_min <= self.y_max
        return self


class Phrase(BaseModel):
    """RadFact's GroundedPhrase: an empty list of boxes is an error there."""

    model_config = ConfigDict(extra="forbid")
    text: str
    boxes: list[Box] | None = Field(min_length=1)


class Example(BaseModel):
    example_id: str | int
    prediction: list[Phrase]
    target: list[Phrase] | None = None


def examples(text: str) -> list[Example]:
    return TypeAdapter(list[Example]).validate_json(text)


@pytest.fixture(scope="module")
def report() -> Report:
    return build().report


def test_radfact_takes_it(report: Report) -> None:
    (example,) = examples(to_radfact(report))
    assert example.example_id == "rep-1"
    assert [phrase.text for phrase in example.prediction] == [finding.text for finding in report.findings]


def test_boxes_are_shares_of_the_original_image(report: Report) -> None:
    (example,) = examples(to_radfact(report))
    boxes = {phrase.text: phrase.boxes for phrase in example.prediction}
    (opacity,) = boxes["There is an opacity in the left lower zone."] or []
    assert opacity.x_min * COLUMNS == pytest.approx(90)
    assert opacity.y_min * ROWS == pytest.approx(380)
    assert opacity.x_max * COLUMNS == pytest.approx(170)
    assert opacity.y_max * ROWS == pytest.approx(460)


def test_absent_lines_only_and_other_images_have_null(report: Report) -> None:
    (example,) = examples(to_radfact(report))
    boxes = {finding.id: phrase.boxes for finding, phrase in zip(report.findings, example.prediction, strict=True)}
    assert boxes["F5"] is None
    assert boxes["F1"] is None
    (lateral,) = examples(to_radfact(report, image_id="img-2"))
    assert [phrase.boxes is None for phrase in lateral.prediction] == [True, True, True, False, True, True]


def test_a_box_over_the_edge_is_cut_and_one_outside_left_out(report: Report) -> None:
    def put(*boxes: tuple[float, float, float, float]) -> Report:
        regions = tuple(Region(image_id="img-1", kind="box", frame="source_pixels", box=box) for box in boxes)
        evidence = tuple(
            item.model_copy(update={"regions": regions}) if item.id == "E5" else item for item in report.evidence
        )
        return report.model_copy(update={"evidence": evidence})

    (example,) = examples(to_radfact(put((-20, -5, 250, 300), (-20, -5, 250, 300))))
    assert example.prediction[1].boxes == [Box(x_min=0, y_min=0, x_max=0.5, y_max=0.5)]
    (example,) = examples(to_radfact(put((-20, -5, -1, 300))))
    assert example.prediction[1].boxes is None


def test_a_target_goes_along_and_the_notice_too(report: Report) -> None:
    target = [{"text": "Heart is normal.", "boxes": None}]
    text = to_radfact(report, target=target)
    assert examples(text)[0].target == [Phrase(text="Heart is normal.", boxes=None)]
    data: list[dict[str, Any]] = json.loads(text)
    assert data[0]["notice"] == NOTICE
    assert data[0]["run"] == "run-1"
    assert "target" not in json.loads(to_radfact(report))[0]


def test_an_unknown_image_is_refused(report: Report) -> None:
    with pytest.raises(BadRequest, match="no image 'img-9'"):
        to_radfact(report, image_id="img-9")


def test_the_same_report_gives_the_same_text(report: Report) -> None:
    assert to_radfact(report) == to_radfact(Report.model_validate_json(report.model_dump_json()))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_texts_stay_texts(report: Report, payload: str) -> None:
    (example,) = examples(to_radfact(poisoned(report, payload)))
    assert len(example.prediction) == len(report.findings)
    assert all(sign.isprintable() for phrase in example.prediction for sign in phrase.text)
