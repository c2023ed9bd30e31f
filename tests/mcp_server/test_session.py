"""A session with the server as the command starts it, by the reference client over standard input and output."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import cv2
import jsonschema
import numpy as np
import pytest
from mcp import ClientSession, types
from mcp.client.stdio import stdio_client
from mcp.shared.memory import create_connected_server_and_client_session

from readingroom.mcp_server.server import build_server
from readingroom.mcp_server.serving import desk_of
from readingroom.room import ReadingRoom
from readingroom.runs.store import Store
from tests.mcp_server.desks import PATIENT, command, given, workspace


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("mcp")
    workspace(made)
    return made


@pytest.fixture(scope="module")
def seen(folder: Path) -> dict[str, Any]:
    """One session, told from beginning to end."""

    async def session() -> dict[str, Any]:
        found: dict[str, Any] = {"progress": []}

        async def heard(progress: float, total: float | None, message: str | None) -> None:
            found["progress"].append((progress, total, message))

        async with stdio_client(command(folder)) as pipes, ClientSession(*pipes) as client:
            found["hello"] = await client.initialize()
            found["tools"] = (await client.list_tools()).tools
            found["studies"] = given(await client.call_tool("list_studies", {}))["studies"]
            study = found["studies"][0]["study"]
            other = found["studies"][1]["study"]
            found["opened"] = given(await client.call_tool("open_study", {"study": study}))
            drafted = await client.call_tool("draft", {"study": study, "prior": other}, progress_callback=heard)
            found["draft"] = given(drafted)
            run = found["draft"]["run"]
            found["measured"] = given(await client.call_tool("measure", {"study": study, "targets": ["heart"]}))
            text = "There is a large left pneumothorax."
            found["verified"] = given(await client.call_tool("verify", {"run": run, "text": text}))
            found["explained"] = given(await client.call_tool("explain", {"run": run, "question": "why F1?"}))
            found["classified"] = given(await client.call_tool("classify", {"study": study}))
            found["answered"] = given(await client.call_tool("ask", {"study": study, "question": "Is the heart big?"}))
            found["report"] = (await client.read_resource(f"readingroom://runs/{run}/report")).contents[0]
            found["picture"] = (await client.read_resource(found["draft"]["pictures"][0])).contents[0]
            found["resources"] = (await client.list_resources()).resources
            found["prompts"] = (await client.list_prompts()).prompts
            found["prompt"] = await client.get_prompt("draft_a_report", {"study": study, "indication": "{{ 7 * 7 }}"})
            found["failed"] = {
                "path": await client.call_tool("open_study", {"study": "../../etc/passwd"}),
                "unknown": await client.call_tool("open_study", {"study": "study-0123456789"}),
                "tool": await client.call_tool("delete_everything", {}),
                "index": await client.call_tool("search", {"study": study}),
                "pathology": await client.call_tool("classify", {"study": study, "labels": ["pneumonia"]}),
                "more": await client.call_tool("draft", {"study": study, "endpoint": "http://169.254.169.254"}),
            }
        return found

    return asyncio.run(session())


def test_it_says_what_it_is_and_offers_its_tools(seen: dict[str, Any]) -> None:
    assert "not a diagnosis" in seen["hello"].instructions
    wanted = {"segment", "measure", "draft", "classify", "search", "verify", "explain"}
    assert wanted <= {tool.name for tool in seen["tools"]}
    assert all(tool.annotations.readOnlyHint and not tool.annotations.openWorldHint for tool in seen["tools"])


def test_what_a_tool_gives_fits_its_schema(seen: dict[str, Any]) -> None:
    schemas = {tool.name: tool.outputSchema for tool in seen["tools"]}
    for name, key in (("draft", "draft"), ("measure", "measured"), ("verify", "verified"), ("classify", "classified")):
        jsonschema.validate(seen[key], schemas[name])


def test_studies_go_by_ids_and_nothing_names_the_patient_or_a_place(seen: dict[str, Any], folder: Path) -> None:
    assert [len(seen["studies"]), {one["files"] for one in seen["studies"]}] == [2, {1}]
    assert len({one["subject"] for one in seen["studies"]}) == 1
    told = json.dumps([seen["studies"], seen["opened"], seen["draft"], seen["answered"], seen["report"].text])
    told += " ".join(one.content[0].text for one in seen["failed"].values())
    for secret in (PATIENT, "JANE", str(folder), "/etc/passwd"):
        assert secret not in told


def test_a_draft_carries_verdicts_evidence_and_pictures(seen: dict[str, Any]) -> None:
    draft = seen["draft"]
    findings = [one for one in draft["sentences"] if one["section"] == "findings"]
    assert findings
    assert all(one["verdict"] == "supported" and one["evidence"] for one in findings)
    assert draft["status"] == "preliminary"
    assert "not a diagnosis" in draft["notice"]
    assert json.loads(seen["report"].text)["provenance"]["run"] == draft["run"]
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(seen["picture"].blob), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert (picture[..., 0] != picture[..., 2]).any()


def test_progress_is_told_for_every_step(seen: dict[str, Any]) -> None:
    counted = [progress for progress, _, _ in seen["progress"]]
    assert counted == [float(number) for number in range(1, len(counted) + 1)]
    assert len(counted) >= 2
    assert all(message.endswith(": done") for _, _, message in seen["progress"])


def test_a_text_is_held_against_the_record(seen: dict[str, Any]) -> None:
    (sentence,) = seen["verified"]["sentences"]
    assert sentence["verdict"] == "unsupported"
    assert sentence["reasons"][0].startswith("R01")
    assert any(one["id"] == "A1" and one["text"].startswith("F1 says") for one in seen["explained"]["sentences"])


def test_every_error_is_one_line_of_the_house(seen: dict[str, Any]) -> None:
    lines = {name: one.content[0].text for name, one in seen["failed"].items()}
    assert all(one.isError for one in seen["failed"].values())
    assert lines["unknown"] == "there is no study 'study-0123456789'. list_studies tells the ids."
    assert lines["path"].startswith("open_study: study: ")
    assert lines["more"].startswith("draft: endpoint: ")
    assert "no index yet" in lines["index"]
    assert "pneumonia" in lines["pathology"]
    assert lines["tool"].startswith("there is no tool 'delete_everything'")


def test_prompts_render_what_they_are_given_as_data(seen: dict[str, Any]) -> None:
    assert {prompt.name for prompt in seen["prompts"]} == {"draft_a_report", "second_reader"}
    text = seen["prompt"].messages[0].content.text
    assert "{{ 7 * 7 }}" in text
    assert "49" not in text
    assert seen["studies"][0]["study"] in text


def test_reports_are_resources_and_labels_are_not(seen: dict[str, Any]) -> None:
    uris = [str(resource.uri) for resource in seen["resources"]]
    assert f"readingroom://runs/{seen['draft']['run']}/report" in uris
    assert all(seen["classified"]["run"] not in uri for uri in uris)


@contextmanager
def silent_server() -> Iterator[tuple[int, threading.Event]]:
    """A port that takes a connection and never answers; the event is set when it has."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        came, held = threading.Event(), []

        def take() -> None:
            while True:
                try:
                    held.append(listener.accept()[0])
                except OSError:
                    return
                came.set()

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1], came
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for one in held:
                one.close()


def test_a_call_is_cancelled_and_the_server_goes_on(folder: Path) -> None:
    async def session(port: int, came: threading.Event) -> None:
        endpoint = {"address": f"http://127.0.0.1:{port}/score", "key": "canary-key"}
        room = ReadingRoom(
            home=folder / "other", config=folder / "config", backend="endpoint", endpoints={"cxrreportgen": endpoint}
        )
        desk = desk_of(folder / "workspace", room=room)
        async with create_connected_server_and_client_session(build_server(desk)) as client:
            study = given(await client.call_tool("list_studies", {}))["studies"][0]["study"]
            async with anyio.create_task_group() as group:

                async def draft() -> None:
                    await client.call_tool("draft", {"study": study})

                group.start_soon(draft)
                await asyncio.to_thread(came.wait, 30)
                group.cancel_scope.cancel()
            number = client._request_id - 1
            cancelled = types.CancelledNotification(params=types.CancelledNotificationParams(requestId=number))
            await client.send_notification(types.ClientNotification(cancelled))
            again = given(await client.call_tool("list_studies", {}))
            assert len(again["studies"]) == 2
            assert [run.status for run in Store(folder / "other").runs(5)] == ["interrupted"]
        await room.aclose()

    with silent_server() as (port, came):
        asyncio.run(session(port, came))
        assert came.is_set()
