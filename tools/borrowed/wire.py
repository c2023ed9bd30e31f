"""JSON-RPC lines to and from one child process: bounded in length and time, nothing of ours in its environment."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL
from typing import Any, NoReturn, cast

from readingroom.errors import BadReply, ToolFailed, Unavailable

LONGEST_LINE = 4 << 20
"""Bytes; what is longer ends the process. A listing of a hundred tools has a tenth of it."""
NO_METHOD = -32601
LAST_WAIT = 5.0
"""Seconds for the system to bury a process that was killed."""


class Wire(asyncio.SubprocessProtocol):
    """One process in a group of its own; ended from either side, every question that waits is answered with why."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._held = bytearray()
        self._asked = 0
        self._waiting: dict[int, asyncio.Future[tuple[int, dict[str, Any]]]] = {}
        self._over = ""
        self._buried = asyncio.Event()
        self._transport: asyncio.SubprocessTransport | None = None
        self.notices: set[str] = set()
        """Methods of the notifications that came."""

    async def ask(self, method: str, params: Mapping[str, Any], seconds: float, most: int = LONGEST_LINE) -> Any:
        """The result of a request. Raises Unavailable where none comes in time or the process has ended, BadReply for
        an answer that is none or is longer than `most` bytes, ToolFailed where it refuses."""
        if self._over:
            raise Unavailable(self._over, where=self._name)
        self._asked += 1
        number, waiting = self._asked, asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        try:
            async with asyncio.timeout(seconds):
                length, said = await waiting
        except TimeoutError:
            self.tell("notifications/cancelled", {"requestId": number, "reason": "it took too long"})
            raise Unavailable(f"no answer within {seconds:g} s", where=self._name) from None
        finally:
            self._waiting.pop(number, None)
        if length > most:
            raise BadReply(f"an answer of {length} bytes; it may have {most}", where=self._name)
        if "error" in said:
            raise ToolFailed("it refused the call", where=self._name)
        if not isinstance(said.get("result"), dict):
            raise BadReply("an answer without a result", where=self._name)
        return said["result"]

    def tell(self, method: str, params: Mapping[str, Any] | None = None) -> None:
        """A notification, which nobody answers."""
        self._send({"jsonrpc": "2.0", "method": method, **({"params": params} if params else {})})

    async def close(self) -> None:
        """Kill the process and all of its group, and wait until it is gone."""
        self._end("it has ended")
        if self._transport is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WAIT):
                    await self._buried.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._buried.set()

    def process_exited(self) -> None:
        """Its own children go with it; and the pipes, which one that left the group might still hold."""
        self._end("it has ended")
        if self._transport is not None:
            self._kill(self._transport.get_pid())
            self._transport.close()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        del exc
        if fd == 1:
            self._end("it has ended")

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        del fd
        *lines, rest = (bytes(self._held) + data if b"\n" in data else data).split(b"\n")
        if lines:
            self._held.clear()
        self._held += rest
        if len(self._held) > LONGEST_LINE or any(len(line) > LONGEST_LINE for line in lines):
            self._end("it sent more than may be read")
            return
        for line in lines:
            self._heard(line)

    def _heard(self, line: bytes) -> None:
        """What is no message of the protocol is passed over."""
        try:
            said = json.loads(line, parse_constant=_no_number)
        except (ValueError, RecursionError):
            return
        if not isinstance(said, dict):
            return
        number, method = said.get("id"), said.get("method")
        if isinstance(method, str):
            if number is None:
                self.notices.add(method)
            else:  # it may ask nothing of us but whether we are there: no sampling, no roots, no questions
                given = {"result": {}} if method == "ping" else {"error": {"code": NO_METHOD, "message": "not here"}}
                self._send({"jsonrpc": "2.0", "id": number, **given})
        elif type(number) is int and number in self._waiting and not self._waiting[number].done():
            self._waiting[number].set_result((len(line), said))

    def _send(self, message: Mapping[str, Any]) -> None:
        pipe = self._transport.get_pipe_transport(0) if self._transport else None
        if isinstance(pipe, asyncio.WriteTransport) and not self._over:
            pipe.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")

    def _end(self, why: str) -> None:
        if self._over:
            return
        self._over = why
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(Unavailable(why, where=self._name))
        if self._transport is not None and self._transport.get_returncode() is None:
            self._kill(self._transport.get_pid())

    def _kill(self, group: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


async def started(name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Wire:
    """A process by its program's path, in that folder, with that environment alone. Raises Unavailable."""
    try:
        _, wire = await asyncio.get_running_loop().subprocess_exec(
            lambda: Wire(name), *command, env=dict(environment), cwd=folder, stderr=DEVNULL, start_new_session=True
        )
    except OSError as error:
        raise Unavailable(f"it cannot be started ({error.strerror})", where=name) from error
    return wire


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)
