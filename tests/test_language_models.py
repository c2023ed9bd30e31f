"""Questions and drafts with a language model behind an OpenAI-compatible server, and told again without it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from readingroom.errors import BadRequest
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.dicom import write_chest
from readingroom.phantoms.parameters import ChestPhantom
from readingroom.questions import ask_room
from readingroom.room import ReadingRoom
from readingroom.settings import load_settings
from tests.answering import Asked, Told, answering

pytest.importorskip("semantic_kernel", reason="language models need the extra `agent`")

PLAN = {
    "aim": "measure",
    "steps": [
        {
            "id": "outline",
            "tool": "segment",
            "arguments": json.dumps({"image": "img-1", "targets": ["right lung", "left lung", "heart"]}),
            "why": "The ratio needs lungs and heart.",
        },
        {
            "id": "width",
            "tool": "measure",
            "arguments": json.dumps({"image": "img-1", "outlines": {"from": "outline", "field": "outlines"}}),
            "why": "The ratio.",
        },
    ],
    "cannot": [],
}


@dataclass
class Wire:
    """What the server was asked, and where."""

    url: str = ""
    paths: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def model_server() -> Iterator[Wire]:
    """Plans once, then sees nothing more to do; as a writer it tells a lie beside the truth."""
    wire = Wire()

    def answer(asked: Asked) -> Told:
        wire.paths.append(asked.path)
        wire.bodies.append(asked.body)
        content = json.dumps(answer_to(asked.body))
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
        usage = {"prompt_tokens": 50, "completion_tokens": 10}
        return Told({"model": "m-1", "choices": [choice], "usage": usage})

    with answering(answer) as wire.url:
        yield wire


def answer_to(body: dict[str, Any]) -> dict[str, Any]:
    schema = json.dumps(body.get("response_format", {}))
    shown = json.dumps(body["messages"])
    if "cannot" in schema:
        return {**PLAN, "steps": []} if "The plan was carried out" in shown else PLAN
    return {"sentences": [{"text": "There is a large left pneumothorax.", "evidence": ["E1"]}]}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_chest(make_chest(ChestPhantom()), tmp_path_factory.mktemp("film"))


def room_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], **given: Any
) -> ReadingRoom:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return ReadingRoom(load_settings(home=tmp_path / "home", config=tmp_path / "config", **given))


def openai(wire: Wire) -> dict[str, str]:
    return {"OPENAI_BASE_URL": f"{wire.url}/v1", "OPENAI_API_KEY": "canary-key", "OPENAI_MODEL": "m"}


def azure(wire: Wire) -> dict[str, str]:
    return {"AZURE_OPENAI_ENDPOINT": wire.url, "AZURE_OPENAI_DEPLOYMENT": "dep", "AZURE_OPENAI_API_KEY": "canary-key"}


@pytest.mark.parametrize(("names", "path"), [(openai, "/v1/chat/completions"), (azure, "/openai/deployments/dep/")])
def test_a_model_plans_and_the_record_tells_it_again_without_it(names, path, film, tmp_path, monkeypatch):
    with model_server() as wire:
        room = room_with(tmp_path, monkeypatch, names(wire), planner="model")
        reply = room.wait_for(ask_room(room, "How wide is the heart?", film))
    assert wire.paths[0].startswith(path)
    assert reply.answer.plan.planner != "rules 1"
    assert [step.id for step in reply.answer.plan.steps] == ["outline", "width"]
    assert any(item.observation == "cardiothoracic_ratio" for item in reply.answer.evidence)
    assert reply.answer.clean
    told = asyncio.run(room.replay(reply.answer.run))
    assert told.identical, told.why
    sent = json.dumps(wire.bodies)
    assert "image/png" not in sent
    assert "Phantom" not in sent
    for path_kept in (tmp_path / "home").rglob("*"):
        assert not path_kept.is_file() or b"canary-key" not in path_kept.read_bytes()


def test_a_writer_that_lies_is_left_out_and_told(film, tmp_path, monkeypatch):
    with model_server() as wire:
        room = room_with(tmp_path, monkeypatch, openai(wire), writer="model")
        report = room.draft_sync(film, indication="Cough.").report
    assert report.clean
    assert not any("pneumothorax" in finding.text for finding in report.findings)
    assert any("left out" in item.text for item in report.limitations)
    assert any("cardiothoracic ratio" in finding.text for finding in report.findings)
    told = asyncio.run(room.replay("last"))
    assert told.identical, told.why


def test_no_model_is_asked_unless_a_setting_says_so(film, tmp_path, monkeypatch):
    with model_server() as wire:
        room = room_with(tmp_path, monkeypatch, openai(wire))
        room.wait_for(ask_room(room, "How wide is the heart?", film))
    assert not wire.paths


def test_a_wanted_model_that_is_not_named_is_one_clear_error(film, tmp_path, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT", "OLLAMA_MODEL"):
        monkeypatch.delenv(name, raising=False)
    room = room_with(tmp_path, monkeypatch, {}, planner="model")
    with pytest.raises(BadRequest, match="none is named"):
        room.wait_for(ask_room(room, "How wide is the heart?", film))
