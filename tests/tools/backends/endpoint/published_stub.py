"""A managed online endpoint as its published pages describe it, written from those pages alone, over raw sockets.

Envelope, bearer, 401, 424 with its headers, the admission rule (in flight > 2 x concurrency x instances -> 429), and
whatever else a test scripts: byte for byte, so that it can break off, stall or lie about its length.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

KEY = "the-primary-key-0f9a"


@dataclass
class Call:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def bearer(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    @property
    def rows(self) -> list[list[Any]]:
        return json.loads(self.body)["input_data"]["data"]


@dataclass
class Answer:
    """What goes back. `raw` writes everything itself and the connection is closed after it."""

    status: int = 200
    body: bytes = b"[]"
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    raw: Callable[[asyncio.StreamWriter], Awaitable[None]] | None = None


def refused_by_model(status: int) -> Answer:
    headers = {"ms-azureml-model-error-statuscode": str(status), "ms-azureml-model-error-reason": "model error"}
    return Answer(424, b"", headers)


def echo(call: Call) -> Answer:
    """One object a row, told apart by the row's text: [length, sum of its characters]."""
    rows = [{"text_features": [float(len(row[-1] or "")), float(sum(map(ord, row[-1] or "")))]} for row in call.rows]
    return Answer(body=json.dumps(rows).encode())


@dataclass
class Stub:
    """`script` answers the first calls, one each; `behave` answers all others."""

    behave: Callable[[Call], Answer] = echo
    script: list[Answer] = field(default_factory=list)
    keys: set[str] = field(default_factory=lambda: {KEY})
    instances: int = 0
    """0: no limit."""
    concurrency: int = 1
    service: float = 0.0
    calls: list[Call] = field(default_factory=list)
    answered: list[Call] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    tls: Any = None

    async def __aenter__(self) -> Stub:
        self._slots = asyncio.Semaphore(max(1, self.instances * self.concurrency))
        self._tasks: set[asyncio.Task[Any]] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls, limit=1 << 26)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}/score"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        try:
            while call := await self._read(reader):
                self.calls.append(call)
                answer = await self._answer(call)
                if answer.raw is not None:
                    await answer.raw(writer)
                    break
                await self._write(writer, answer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._tasks.discard(asyncio.current_task())

    async def _read(self, reader: asyncio.StreamReader) -> Call | None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except asyncio.IncompleteReadError:
            return None
        method, target, _ = head[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Call(method, target, headers, body, asyncio.get_running_loop().time())

    async def _answer(self, call: Call) -> Answer:
        if self.keys and call.bearer not in self.keys:
            return Answer(401, b"")
        if self.instances and self.in_flight >= 2 * self.instances * self.concurrency:
            return Answer(429, b"too many pending requests")
        answer = self.script.pop(0) if self.script else self.behave(call)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if self.instances:
                async with self._slots:
                    await asyncio.sleep(self.service + answer.delay)
            elif answer.delay:
                await asyncio.sleep(answer.delay)
        finally:
            self.in_flight -= 1
        if answer.status == 200:
            self.answered.append(call)
        return answer

    async def _write(self, writer: asyncio.StreamWriter, answer: Answer) -> None:
        headers = {"Content-Type": "application/json", "Content-Length": str(len(answer.body)), **answer.headers}
        head = f"HTTP/1.1 {answer.status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(head.encode() + b"\r\n" + answer.body)
        await writer.drain()
