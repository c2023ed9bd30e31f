"""Our side of the protocol against a server that nobody here wrote: @copilotkit/aimock, plain, streaming and Azure.

It is found in the folder that AIMOCK names, or in node_modules of this repository:
npm install --no-save @copilotkit/aimock@1.43.0
"""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import httpx
import pytest

pytest.importorskip("semantic_kernel", reason="needs readingroom[agent]")

from readingroom.agents.budget import Budget
from readingroom.agents.chat_model import Message
from readingroom.agents.conversation import converse
from readingroom.agents.events import Said
from readingroom.agents.kernel import KernelChat, KernelFunctions
from readingroom.agents.model_config import ModelConfig
from readingroom.agents.offers import ToolFunctions
from readingroom.errors import ModelFailed
from tests.agents.reading_bench import DELIMITER, SYSTEM, bench_at
from tests.conftest import REPO

OUTLINE = {"name": "segment", "arguments": '{"image": "img-1", "targets": ["heart"]}'}
DESCRIBE = {"name": "describe", "arguments": '{"image": "img-1"}'}
WORDS = "The heart is outlined, and its outline is of good quality."
FIXTURES = [
    {"match": {"userMessage": "heart", "hasToolResult": False}, "response": {"toolCalls": [OUTLINE, DESCRIBE]}},
    {"match": {"userMessage": "heart", "hasToolResult": True}, "response": {"content": WORDS}},
    {"match": {"userMessage": "busy", "sequenceIndex": 0},
     "response": {"error": {"message": "slow down", "type": "rate_limit_error", "code": "rate_limit"}, "status": 429,
                  "retryAfter": 2}},
    {"match": {"userMessage": "busy"}, "response": {"content": "Now."}},
    {"match": {"userMessage": "cut"}, "response": {"content": WORDS}, "truncateAfterChunks": 2, "latency": 5},
    {"match": {"userMessage": "form"}, "response": {"content": '{"ratio": 0.5}'}},
]  # fmt: skip


def aimock() -> Path:
    named = os.environ.get("AIMOCK")
    return Path(named) if named else REPO / "node_modules" / "@copilotkit" / "aimock"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Its base URL."""
    node = shutil.which("node")
    script = aimock() / "dist" / "cli.js"
    if node is None or not script.is_file():
        pytest.skip("needs node and @copilotkit/aimock (npm install --no-save @copilotkit/aimock@1.43.0)")
    fixtures = tmp_path_factory.mktemp("aimock") / "fixtures.json"
    fixtures.write_text(json.dumps({"fixtures": FIXTURES}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = ["-p", str(port), "-h", "127.0.0.1", "-f", str(fixtures), "--strict", "--log-level", "silent"]
    running = subprocess.Popen([node, str(script), *given])
    url = f"http://127.0.0.1:{port}"
    try:
        _until_it_answers(url, running)
        yield url
    finally:
        running.terminate()
        running.wait(10)


def _until_it_answers(url: str, running: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end and running.poll() is None:
        try:
            httpx.get(f"{url}/v1/models")
            return
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail("aimock did not start")


def asked(server, words, tmp_path, *, tell=None, waits=None, **config):
    async def sleep(seconds):
        waits.append(seconds)

    async def main():
        given = {"provider": "compatible", "model": "gpt-4o", "address": f"{server}/v1", "key": "mock", **config}
        model = KernelChat(ModelConfig(**given), asyncio.sleep if waits is None else sleep)
        functions = KernelFunctions(ToolFunctions(bench_at(tmp_path)))
        history = (Message(role="system", text=SYSTEM), Message(role="user", text=words))
        try:
            return await converse(model, functions, history, Budget(), tell, delimiter=DELIMITER)
        finally:
            await model.aclose()

    return asyncio.run(main())


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("azure", [False, True])
def test_tools_are_called_and_the_answer_comes(server, tmp_path, streaming, azure):
    told = []
    config = {"provider": "azure", "address": server} if azure else {}
    outcome = asked(server, "How large is the heart?", tmp_path, tell=told.append if streaming else None, **config)
    assert (outcome.text, outcome.stopped, outcome.notes) == (WORDS, "", ())
    assert outcome.evidence == ("segment-1.1", "describe-1.1")
    if streaming:
        pieces = [event.text for event in told if isinstance(event, Said)]
        assert len(pieces) > 1
        assert "".join(pieces) == WORDS


def test_a_429_is_waited_out_as_it_says(server, tmp_path):
    waits = []
    assert asked(server, "busy?", tmp_path, waits=waits).text == "Now."
    assert len(waits) == 1
    assert 2 <= waits[0] <= 2.2


def test_a_stream_that_is_cut_twice_fails(server, tmp_path):
    with pytest.raises(ModelFailed, match="broke twice"):
        asked(server, "cut this", tmp_path, tell=lambda event: None)


def test_what_it_does_not_know_is_refused_in_a_bounded_time(server, tmp_path):
    waits = []
    with pytest.raises(ModelFailed, match="503"):
        asked(server, "something else", tmp_path, waits=waits)
    assert len(waits) == 3
