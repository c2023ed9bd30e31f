"""A server of others in use: started clean, greeted, listed, called, and killed (MCP 2025-06-18, stdio)."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from readingroom import __version__
from readingroom.errors import BadReply, BadRequest, ToolFailed
from readingroom.language.visible import visible
from readingroom.tools.borrowed.listed import Listed, listed
from readingroom.tools.borrowed.server import BorrowedServer
from readingroom.tools.borrowed.wire import Wire, started

PROTOCOL = "2025-06-18"
SPOKEN = frozenset((PROTOCOL, "2025-11-25", "2025-03-26", "2024-11-05"))
"""Versions in which listing and calling tools over standard input and output are the same."""
MOST_PAGES = 20
"""Of a list of tools."""
CHANGED = "notifications/tools/list_changed"
LEFT_OUT = "[{} left out]"


class Session:
    """One process of a server, and what it offered when it was last asked."""

    def __init__(self, wire: Wire, name: str, server: BorrowedServer) -> None:
        self._wire, self._name, self._server = wire, name, server
        self._listed: dict[str, Listed] = {}

    async def greet(self) -> None:
        """Raises BadReply for a server that speaks no version of the protocol that we know, and what `ask` raises."""
        hello = {
            "protocolVersion": PROTOCOL,
            "capabilities": {},
            "clientInfo": {"name": "readingroom", "version": __version__},
        }
        told = await self._wire.ask("initialize", hello, self._server.seconds)
        if told.get("protocolVersion") not in SPOKEN:
            raise BadReply("it speaks another version of the protocol", where=self._name)
        self._wire.tell("notifications/initialized")

    async def listed(self) -> Mapping[str, Listed]:
        """Its tools by name, asked again where it said that they changed. Raises what `ask` raises, and BadReply."""
        if self._listed and CHANGED not in self._wire.notices:
            return self._listed
        self._wire.notices.discard(CHANGED)
        found: dict[str, Listed] = {}
        cursor: dict[str, Any] = {}
        for _ in range(MOST_PAGES):
            page = await self._wire.ask("tools/list", cursor, self._server.seconds)
            tools = page.get("tools")
            for one in tools if isinstance(tools, list) else ():
                tool = listed(one, self._name)
                found.setdefault(tool.name, tool)
            if not isinstance(page.get("nextCursor"), str):
                break
            cursor = {"cursor": page["nextCursor"]}
        self._listed = found
        return found

    async def pinned(self, tool: str) -> Listed:
        """A tool of the settings as it was when they were written.

        Raises BadRequest where it is not offered, or its description or schema is another now.
        """
        found = (await self.listed()).get(tool)
        if found is None:
            raise BadRequest(f"it offers no tool {tool[:64]!r}", where=self._name)
        if found.sha256 != self._server.tools.get(tool):
            raise BadRequest(
                f"the description or schema of {tool[:64]!r} is not the one that was pinned",
                where=self._name,
                do="Read it: `readingroom mcp-tools list`.",
            )
        return found

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> str:
        """The text that it answers, without what cannot be seen. Raises what `pinned` and `ask` raise, ToolFailed where
        it says that the call failed."""
        try:
            await self.pinned(tool)
        except BadRequest as error:  # the run goes on without it
            raise ToolFailed(error.what, where=error.where, do=error.do) from None
        asked = {"name": tool, "arguments": dict(arguments)}
        told = await self._wire.ask("tools/call", asked, self._server.seconds, self._server.bytes)
        if told.get("isError"):
            raise ToolFailed(f"it says that {tool[:64]!r} failed", where=self._name)  # not in its words
        blocks = told.get("content")
        return text_of(blocks if isinstance(blocks, list) else [])


def text_of(blocks: list[Any]) -> str:
    """The texts of an answer; pictures, sounds and links are named by their kind, and not followed."""
    parts = []
    for block in blocks:
        kind = block.get("type") if isinstance(block, dict) else None
        if kind == "text" and isinstance(block.get("text"), str):
            parts.append(visible(block["text"].encode(errors="replace").decode()))
        else:
            parts.append(LEFT_OUT.format("a part" if kind not in ("image", "audio", "resource") else f"an {kind}"))
    return "\n".join(parts).strip()


@asynccontextmanager
async def opened(name: str, server: BorrowedServer) -> AsyncIterator[Session]:
    """A server in a folder of its own, which is removed with it.

    Raises BadRequest where a file is not the one that was pinned, and what starting and greeting it raise.
    """
    for path, digest in server.files.items():
        _vet_file(path, digest, name)
    program = shutil.which(server.command[0])
    if program is None:
        raise BadRequest("there is no such program", where=name, do="Mend its command in the settings.")
    with TemporaryDirectory(prefix="readingroom-", ignore_cleanup_errors=True) as folder:
        given = {one: os.environ[one] for one in server.environment if one in os.environ}
        clean = {"PATH": os.defpath, "LANG": "C.UTF-8", "HOME": folder, **given}
        wire = await started(name, (program, *server.command[1:]), clean, Path(folder))
        try:
            session = Session(wire, name, server)
            await session.greet()
            yield session
        finally:
            await wire.close()


def _vet_file(path: Path, digest: str, name: str) -> None:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadRequest(f"a pinned file cannot be read ({error.strerror})", where=name) from error
    if found != digest:
        raise BadRequest("a file is not the one that was pinned", where=name, do="Look at what changed, then pin it.")
