"""Answers of an OpenAI-like server, byte for byte, and a bench whose tools answer at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from readingroom.agents.kernel import KernelChat
from readingroom.agents.model_config import ModelConfig
from tests.tools.backends.endpoint.published_stub import Answer, Stub

__all__ = ("Answer", "Stub", "chat", "completion", "cut", "refusal", "sse", "stub")


def completion(text: str | None = "", *calls: tuple[str, str], finish: str = "", **message: Any) -> Answer:
    """A whole answer, with calls as pairs of name and arguments."""
    made = [
        {"id": f"c{index}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for index, (name, arguments) in enumerate(calls)
    ]
    said = {"role": "assistant", "content": text, **({"tool_calls": made} if made else {}), **message}
    choice = {"index": 0, "finish_reason": finish or ("tool_calls" if calls else "stop"), "message": said}
    usage = {"prompt_tokens": 100, "completion_tokens": 20}
    return Answer(body=json.dumps({"model": "m-2026-01-01", "choices": [choice], "usage": usage}).encode())


def events(*deltas: dict[str, Any], finish: str | None = "stop") -> list[bytes]:
    chunks: list[dict[str, Any]] = [{"choices": [{"index": 0, "delta": d, "finish_reason": None}]} for d in deltas]
    if finish:
        chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        chunks.append({"choices": [], "model": "m", "usage": {"prompt_tokens": 9, "completion_tokens": 4}})
    lines = [f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks]
    return [*lines, b"data: [DONE]\n\n"] if finish else lines


def sse(*deltas: dict[str, Any], finish: str | None = "stop", tail: bytes = b"") -> Answer:
    """A stream that ends as HTTP says; without `finish` it does not end as the protocol says."""
    body = b"".join(events(*deltas, finish=finish)) + tail
    return Answer(body=body, headers={"Content-Type": "text/event-stream"})


def cut(*deltas: dict[str, Any]) -> Answer:
    """A stream whose connection is closed in the middle."""

    async def raw(writer: asyncio.StreamWriter) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        body = b"".join(events(*deltas, finish=None))
        writer.write(head + f"{len(body):x}\r\n".encode() + body + b"\r\n")
        await writer.drain()

    return Answer(raw=raw)


def refusal(status: int, code: str, message: str = "no", **headers: str) -> Answer:
    body = {"error": {"message": message, "code": code, "type": "invalid_request_error"}}
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json", **told})


def stub(*script: Answer, behave: Callable[[Any], Answer] | None = None, keys: set[str] = frozenset()) -> Stub:  # type: ignore[assignment]
    return Stub(script=list(script), keys=set(keys), **({"behave": behave} if behave else {}))


def chat(server: Stub, waits: list[float] | None = None, **config: Any) -> KernelChat:
    """A model at that server; its waits are noted and not waited."""

    async def sleep(seconds: float) -> None:
        if waits is not None:
            waits.append(seconds)

    given = {"provider": "compatible", "model": "m", "address": server.url.replace("/score", "/v1"), **config}
    return KernelChat(ModelConfig(**given), sleep)
