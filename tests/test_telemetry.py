"""Spans by the gen_ai conventions: what is told, and that nothing of the patient or the words is."""

import json
import sys

import pytest

from readingroom.agents.recorded_chat import RecordedChat
from readingroom.agents.scripted import ScriptedModel, says
from readingroom.domain.plan import Plan
from readingroom.errors import BadRequest
from readingroom.room import ReadingRoom
from readingroom.telemetry import exporter_of, open_telemetry
from tests.chats import NAME, NUMBER, Chats, Planners

sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="the extra `telemetry` is not installed")
export = pytest.importorskip("opentelemetry.sdk.trace.export")
memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")


@pytest.fixture
def chats(tmp_path):
    return Chats(tmp_path)


def watched(chats, *, content, **means):
    exporter = memory.InMemorySpanExporter()
    provider = sdk.TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))
    chat = chats.begin(telemetry=open_telemetry(content=content, provider=provider), **means)
    return chat, exporter


def everything(spans):
    return " ".join(span.to_json() for span in spans)


def by_model(model):
    """A planner that asks a model, whose words are a plan's."""

    def plan_in(trace):
        recorded = RecordedChat(model, trace, agent="planner")

        async def plan(question, context):
            if context.done is None:
                await recorded.turn(())
            steps = (
                {"id": f"a-{NAME.lower()}", "tool": "segment", "arguments": {"image": "img-1", "targets": ["heart"]}},
            )
            return context.done or Plan(question=question, aim="segment", steps=steps, planner=model.name)

        return plan

    return Planners(plan_in)


def test_a_question_is_a_tree_of_spans(chats):
    model = ScriptedModel([says(f"a plan for {NAME}")], name="azure gpt-test")
    chat, exporter = watched(chats, content=False)
    chats.room.staff = by_model(model)
    chats.ask(chat, "segment the heart")
    chat.close()
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert set(spans) == {"invoke_agent readingroom", "chat gpt-test", "plan", "execute_tool segment", "verify"}
    root = spans["invoke_agent readingroom"]
    assert root.parent is None
    assert root.attributes["gen_ai.conversation.id"] == chat.id
    assert {span.parent.span_id for span in spans.values() if span is not root} == {root.context.span_id}
    told = spans["chat gpt-test"].attributes
    assert (told["gen_ai.operation.name"], told["gen_ai.provider.name"], told["gen_ai.request.model"]) == (
        "chat", "azure.ai.openai", "gpt-test",
    )  # fmt: skip
    assert (told["gen_ai.usage.input_tokens"], told["gen_ai.usage.output_tokens"]) == (10, 5)
    assert spans["chat gpt-test"].kind.name == "CLIENT"
    tool = spans["execute_tool segment"].attributes
    assert (tool["gen_ai.operation.name"], tool["gen_ai.tool.name"], tool["gen_ai.tool.type"]) == (
        "execute_tool", "segment", "function",
    )  # fmt: skip
    assert spans["verify"].attributes["gen_ai.evaluation.score.label"] == "pass"
    assert spans["plan"].attributes["readingroom.plan.by"] == "model"


def test_no_word_of_patient_question_model_or_path_is_in_any_span(chats):
    model, staff = ScriptedModel([says(f"a plan for {NAME} {NUMBER}")], name="openai gpt-test"), chats.room.staff
    chat, exporter = watched(chats, content=False)
    chats.room.staff = by_model(model)
    chats.ask(chat, f"segment the heart of {NAME}, the swordfishquestion")
    chats.room.staff = staff
    chats.ask(chat, "Draft a report")
    chat.close()
    told = everything(exporter.get_finished_spans())
    for word in (NAME, NAME.lower(), NUMBER, "swordfish", str(chats.folder), "silhouette", "nodule", chat.subject):
        assert word not in told


def test_content_is_told_where_it_is_asked_for_and_a_name_is_not_even_then(chats):
    chat, exporter = watched(chats, content=True)
    chats.ask(chat, f"segment the heart of {NAME}, the swordfishquestion")
    chat.close()
    root = next(span for span in exporter.get_finished_spans() if span.parent is None)
    asked = json.loads(root.attributes["gen_ai.input.messages"])
    assert "swordfishquestion" in asked[0]["parts"][0]["content"]
    assert "heart" in root.attributes["gen_ai.output.messages"]
    assert NAME not in everything(exporter.get_finished_spans())


def test_a_repeated_call_and_an_error_are_told_apart(chats):
    chat, exporter = watched(chats, content=False)
    chats.ask(chat, "segment the heart")
    chats.log.chmod(0o600)
    chats.log.unlink()
    chats.log.mkdir()  # the backend cannot write its calls any more
    with pytest.raises(IsADirectoryError):
        chats.ask(chat, "segment the lungs")
    chat.close()
    failed = [
        span for span in exporter.get_finished_spans() if not span.status.is_ok and "error.type" in span.attributes
    ]
    assert {span.name for span in failed} == {"execute_tool segment", "invoke_agent readingroom"}
    assert str(chats.folder) not in everything(failed)


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    for name in [*sys.modules]:
        if name.split(".")[0] == "opentelemetry":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(BadRequest, match="readingroom\\[telemetry\\]"):
        open_telemetry()


def test_an_unknown_exporter_is_refused(monkeypatch):
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "nowhere")
    with pytest.raises(BadRequest, match="no exporter of spans named 'nowhere'"):
        open_telemetry()


def test_no_exporter_is_wanted_where_none_is_named(monkeypatch):
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    assert open_telemetry() is None


def test_no_draft_is_stopped_for_want_of_an_exporter(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "nowhere")
    room = ReadingRoom(home=tmp_path / "data", config=tmp_path / "config", telemetry="on")
    with room.traced("draft: report") as spans, room.traced("once more") as more:
        assert spans is more is None
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("No spans are sent: there is no exporter of spans named 'nowhere'.")


def test_the_extra_alone_sends_otlp(monkeypatch):
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra `telemetry` is not installed whole")
    monkeypatch.delenv("OTEL_TRACES_EXPORTER", raising=False)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    sender = exporter_of("traces")
    sender.shutdown()
    assert type(sender).__module__ == "opentelemetry.exporter.otlp.proto.http.trace_exporter"
