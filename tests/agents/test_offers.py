"""Tools as a model sees them: strict schemas, ids alone, references for what only tools give, compact answers."""

import asyncio
import json
import random
import sys

import pytest

from readingroom.agents.compact import compact, error_text
from readingroom.agents.offers import CallRefused, ToolFunctions
from readingroom.domain.evidence import Evidence, Origin
from readingroom.domain.measurement import Measurement
from readingroom.tools.embed import EmbedResult
from readingroom.tools.segment import SEGMENT
from readingroom.tools.tool import Result
from readingroom.tools.toolbox import TOOLS
from tests.agents.reading_bench import bench_at

SEGMENTED = '{"image": "img-1", "targets": ["right lung"]}'


@pytest.fixture
def functions(tmp_path):
    return ToolFunctions(bench_at(tmp_path))


def refused(functions, name, arguments):
    with pytest.raises(CallRefused) as error:
        functions.admit(name, arguments)
    return error.value


def test_every_tool_is_offered_with_the_schema_of_its_request(functions):
    offers = {offer.name: offer for offer in functions.offers()}
    assert list(offers) == [tool.name for tool in TOOLS]
    for offer in offers.values():
        assert len(offer.description) > 30
        assert offer.parameters["additionalProperties"] is False
        assert "$ref" not in json.dumps(offer.parameters)
    assert offers["segment"].parameters["properties"]["image"]["enum"] == ["img-1", "img-2"]
    assert offers["measure"].parameters["properties"]["outlines"]["required"] == ["from", "field"]
    assert offers["compare"].parameters["properties"]["prior_evidence"]["properties"]["field"]["enum"] == ["evidence"]


def test_a_reference_carries_what_a_model_never_sees(functions):
    async def main():
        outlined = await functions.run(functions.admit("segment", SEGMENTED))
        asked = json.dumps({"image": "img-1", "outlines": {"from": outlined.step, "field": "outlines"}})
        return outlined, await functions.run(functions.admit("measure", asked))

    outlined, measured = asyncio.run(main())
    assert (outlined.step, measured.step) == ("segment-1", "measure-1")
    assert "right lung" in measured.text
    assert measured.evidence
    assert not [word for word in json.loads(outlined.text)["outlines"][0].values() if len(str(word)) == 64]


@pytest.mark.parametrize(
    ("name", "arguments", "kind"),
    [
        ("delete", "{}", "unknown_tool"),
        ("segment", "{", "malformed_json"),
        ("segment", "[]", "bad_arguments"),
        ("segment", '{"image": "img-1", "image": "img-2"}', "malformed_json"),
        ("segment", '{"image": NaN}', "malformed_json"),
        ("segment", "[" * 100_000, "bad_arguments"),
        ("segment", "[" * 15_000, "malformed_json"),
        ("segment", "{}", "bad_arguments"),
        ("segment", '{"image": 1}', "bad_arguments"),
        ("segment", '{"image": "img-1", "targets": "heart"}', "bad_arguments"),
        ("segment", '{"image": "img-1", "patient": "other"}', "bad_arguments"),
        ("segment", '{"image": "img-9"}', "unknown_image"),
        ("segment", '{"image": "../../etc/passwd"}', "no_paths"),
        ("segment", '{"image": "https://example.org/x"}', "no_paths"),
        ("draft_findings", '{"images": ["img-1", "/tmp/x.dcm"]}', "no_paths"),
        ("measure", '{"image": "img-1", "outlines": {"from": "segment-1", "field": "outlines"}}', "bad_reference"),
        ("measure", '{"image": "img-1", "outlines": []}', "bad_arguments"),
        ("measure", '{"image": "img-1", "outlines": {"from": 7, "field": "outlines"}}', "bad_reference"),
        ("measure", '{"image": "img-1", "outlines": {"from": ["x"]}}', "bad_reference"),
    ],
)
def test_a_call_that_cannot_run_is_answered_with_a_short_typed_error(functions, name, arguments, kind):
    error = refused(functions, name, arguments)
    assert error.kind == kind
    assert len(error.line()) < 400
    assert error.violation == (kind == "no_paths")
    assert functions.done == {}


def test_an_error_lists_what_is_valid(functions):
    assert "segment, measure" in refused(functions, "delete", "{}").line()
    assert "img-1" in refused(functions, "segment", '{"image": "x"}').line()
    assert (
        "there is none"
        in refused(
            functions, "measure", '{"image": "img-1", "outlines": {"from": "segment-1", "field": "outlines"}}'
        ).line()
    )


def test_a_tool_that_is_not_of_this_question_is_denied(tmp_path):
    functions = ToolFunctions(bench_at(tmp_path), (SEGMENT,))
    assert [offer.name for offer in functions.offers()] == ["segment"]
    error = refused(functions, "classify", '{"image": "img-1"}')
    assert (error.kind, error.violation) == ("denied", True)


def test_a_tool_that_fails_answers_with_its_error(functions):
    answered = asyncio.run(functions.run(functions.admit("embed", '{"image": "img-1", "model": "nothing"}')))
    assert json.loads(answered.text)["error"]
    assert answered.error
    assert not answered.evidence


def test_steps_are_named_in_the_order_of_the_calls(tmp_path):
    functions = ToolFunctions(bench_at(tmp_path), agent="second_reader")
    names = [functions.admit("segment", SEGMENTED).id, functions.admit("describe", '{"image": "img-1"}').id]
    names.append(functions.admit("segment", SEGMENTED).id)
    assert names == ["second-reader-segment-1", "second-reader-describe-1", "second-reader-segment-2"]


def test_ten_thousand_arguments_touch_no_file(functions):
    """S05: whatever a model writes is refused or understood, without a file being opened."""
    chance = random.Random(5)
    words = ["img-1", "../x", "/etc/passwd", "file:///x", "\x00", 1, -1.5, None, True, [], {}, "heart", "C:\\x", "~"]
    fields = ["image", "images", "prior", "targets", "outlines", "model", "labels", "from", "field", "path", "subject"]
    opened = []
    watching = [True]

    def watch(event, args):
        if watching[0] and event == "open":
            opened.append(args[0])

    sys.addaudithook(watch)
    ran = 0
    for _ in range(10_000):
        made = range(chance.randrange(4))
        given = {chance.choice(fields): chance.choice([chance.choice(words), [chance.choice(words)]]) for _ in made}
        given |= {"image": "img-1"} if chance.random() < 0.3 else {}
        text = json.dumps(given)
        if chance.random() < 0.1:
            text = text[: chance.randrange(len(text))]
        try:
            functions.admit(chance.choice(TOOLS).name, text)
            ran += 1
        except CallRefused:
            continue
    watching[0] = False
    assert opened == []
    assert 0 < ran < 5000


def evidence(number: int, summary: str = "right lung outlined") -> Evidence:
    origin = Origin(
        tool="segment", tool_version="1", backend="b", model="m", model_version="1", preprocessing_id="p", step="s",
        input_sha256="0" * 64, output_sha256="1" * 64,
    )  # fmt: skip
    ratio = Measurement(name="cardiothoracic_ratio", value=0.523, unit="1", decimals=2, sd=0.03, method="x")
    return Evidence(
        id=f"s.{number}", observation="lung", presence="present", laterality="right", measurements=(ratio,),
        summary=summary, image_id="img-1", origin=origin,
    )  # fmt: skip


def test_an_answer_says_what_evidence_says_and_not_where_it_came_from():
    said = json.loads(compact(Result(evidence=(evidence(1),)), "segment-1"))
    assert said == {
        "step": "segment-1",
        "evidence": [
            {
                "id": "s.1", "observation": "lung", "presence": "present", "summary": "right lung outlined",
                "image": "img-1", "side": "right", "measured": ["cardiothoracic ratio 0.52 (sd 0.03)"],
            }
        ],
    }  # fmt: skip


def test_a_vector_is_never_told():
    result = EmbedResult(
        image="img-1", vector="a" * 64, dimensions=1024, model="m", version="1", preprocessing_id="p", description="d"
    )
    assert "a" * 64 not in compact(result)


def test_a_long_answer_leaves_evidence_out_and_says_how_much():
    text = compact(Result(evidence=tuple(evidence(n, "x" * 200) for n in range(100))), "s")
    said = json.loads(text)
    assert len(text) <= 6000
    assert said["left_out"] + len(said["evidence"]) == 100
    assert said["evidence"][0]["id"] == "s.0"


def test_an_error_is_short():
    assert len(error_text("kind", "x" * 10_000, "s", "y" * 10_000)) < 1000


def test_a_step_that_was_changed_after_it_was_admitted_runs_as_it_is_now(functions):
    """Whoever stands between the model and the tools may take words of the model's out."""
    step = functions.admit("segment", SEGMENTED)
    changed = step.model_copy(update={"arguments": {"image": "img-1", "targets": ["left lung"]}})
    told = asyncio.run(functions.run(changed)).text
    assert "left lung" in told
    assert "right lung" not in told


def test_what_only_tools_give_cannot_be_written_by_hand_in_another_spelling(functions):
    outline = '[{"target": "heart", "mask": "00", "quality": 1, "quality_reason": "", "method": "", "image": "img-1"}]'
    error = refused(functions, "measure", f'{{"image": "img-1", "outl\\u0069nes": {outline}}}')
    assert (error.kind, "cannot be written by hand" in error.what) == ("bad_arguments", True)
