"""A model's words as they come: a scripted server on loopback streams, and holds its breath in the middle."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("semantic_kernel", reason="needs readingroom[agent]")

from tests.agents.chat_stub import Answer, events, sse, stub
from tests.web.browser.conftest import Tab, Visit, tab_of
from tests.web.entering import API, OWN, Page, opened

FIRST, REST = "I look at the <b>heart</b> ", "and then at the lungs."


class Model:
    """A server in a thread of its own whose second answer waits for `go_on` between two pieces."""

    def __init__(self) -> None:
        self._ready, self._loop = threading.Event(), asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)
        self._thread.start()
        assert self._ready.wait(30)

    async def _serve(self) -> None:
        self._more, self._end = asyncio.Event(), asyncio.Event()
        call = {"name": "segment", "arguments": json.dumps({"image": "img-1", "targets": ["heart"]})}
        delta = {"tool_calls": [{"index": 0, "id": "c0", "type": "function", "function": call}]}
        async with stub(sse(delta, finish="tool_calls"), Answer(raw=self._slowly)) as server:
            self.address = server.url.replace("/score", "/v1")
            self._ready.set()
            await self._end.wait()

    async def _slowly(self, writer: asyncio.StreamWriter) -> None:
        """In chunks, as HTTP/1.1 has it."""
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head)
        first, *rest = events({"content": FIRST}, {"content": REST})
        await self._chunk(writer, first)
        await self._more.wait()
        for piece in (*rest, b""):
            await self._chunk(writer, piece)

    async def _chunk(self, writer: asyncio.StreamWriter, piece: bytes) -> None:
        writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        await writer.drain()

    def go_on(self) -> None:
        self._loop.call_soon_threadsafe(self._more.set)

    def close(self) -> None:
        self.go_on()
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(30)
        self._loop.close()


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    found = Model()
    yield found
    found.close()


@pytest.fixture(scope="module")
def talking(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    usual = {"provider": "compatible", "model": "m", "address": model.address}
    words = {"planner": "agent", "language_models": {"usual": usual}}
    with opened(tmp_path_factory.mktemp("talking"), words) as found:
        yield found


@pytest.fixture
def tab(browser: Any, talking: Page) -> Tab:
    return tab_of(browser, talking)


def test_words_are_seen_while_they_come_and_stay_text(visit: Visit, talking: Page, model: Model) -> None:
    study = talking.owner.post(f"{API}/studies/demo", headers=OWN).json()["id"]
    page = visit(f"/#study={study}")
    assert page.locator("#model").is_hidden(), "a model is configured"
    page.locator("#question").fill("How wide is the heart?")
    page.keyboard.press("Enter")
    said = page.locator(".turn.live .said")
    said.wait_for()
    assert FIRST.strip() in said.inner_text()
    assert REST not in said.inner_text()
    assert said.locator("b").count() <= 1, "the agent's name alone is bold"
    page.reload()
    said.wait_for()
    assert FIRST.strip() in said.inner_text(), "heard again from the beginning"
    model.go_on()
    page.locator(".turn:not(.live) .sentences .say, .turn:not(.live) .cannot").first.wait_for()
