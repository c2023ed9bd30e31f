"""A request that is cancelled in the very moment in which it is answered, with the SDK's own server and streams."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest

pytest.importorskip("mcp", reason='the MCP server needs the extra: pip install "readingroom[mcp]"')

from mcp import types
from mcp.server import lowlevel
from mcp.shared.message import SessionMessage

from readingroom.mcp_server.server import _settled

CLIENT = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}


def message(method: str, number: int | None = None, **params: Any) -> SessionMessage:
    told = {"jsonrpc": "2.0", "method": method, **({"id": number} if number else {}), "params": params}
    return SessionMessage(types.JSONRPCMessage.model_validate(told))


async def cancelled_as_it_is_answered() -> list[int]:
    """The numbers of the requests that were answered; each message is sent before anybody else runs."""
    server: lowlevel.Server[Any, Any] = lowlevel.Server("test")
    begun, ready = asyncio.Event(), asyncio.Event()

    async def slow(request: Any) -> types.ServerResult:
        begun.set()
        await ready.wait()
        return types.ServerResult(types.ListToolsResult(tools=[]))

    server.request_handlers[types.ListToolsRequest] = _settled(server, slow)
    to_server, read = anyio.create_memory_object_stream[Any](10)
    write, from_server = anyio.create_memory_object_stream[Any](10)
    answered = []
    async with to_server, read, write, from_server:
        running = asyncio.create_task(server.run(read, write, server.create_initialization_options()))
        to_server.send_nowait(message("initialize", 1, **CLIENT))
        to_server.send_nowait(message("notifications/initialized"))
        to_server.send_nowait(message("tools/list", 2))
        await begun.wait()
        to_server.send_nowait(message("notifications/cancelled", requestId=2))
        ready.set()
        to_server.send_nowait(message("ping", 3))
        async with asyncio.timeout(10):
            while len(answered) < 3:
                answered.append((await from_server.receive()).message.root.id)
        to_server.close()
        await running
    return answered


def test_the_server_lives_on_and_answers_each_request_once():
    assert sorted(asyncio.run(cancelled_as_it_is_answered())) == [1, 2, 3]
