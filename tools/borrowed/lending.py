"""Tools of others as tools of a run: named apart from ours, held to what may be sent, their answers kept as words."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Literal, NamedTuple, get_args, get_origin

from readingroom.domain.value import Value
from readingroom.errors import BadRequest, ReadingRoomError, ToolFailed, Unavailable
from readingroom.tools.borrowed.listed import Listed
from readingroom.tools.borrowed.schema import request_of_schema
from readingroom.tools.borrowed.server import BorrowedServer
from readingroom.tools.borrowed.session import Session, opened
from readingroom.tools.borrowed.withheld import Withheld
from readingroom.tools.tool import Answer, Bench, Result, Tool
from readingroom.tools.toolbox import TOOLS

LONGEST_NAME = 34
"""Of server and tool: a step's name has 41 characters, and a number at its end."""
_NAME = re.compile(r"[a-z0-9_-]+")


class Words(Value):
    """Text of another's tool. A type of its own, so that no request of ours can refer to it."""

    text: str


class BorrowedResult(Result):
    """What a tool of another server answered: untrusted text, without evidence."""

    server: str
    tool: str
    said: Words


class Lent(Value):
    """A tool as the run's record keeps it: with it, the run is told again where the server is gone."""

    server: str
    tool: str
    description: str
    takes: dict[str, Any]
    """The JSON schema of its arguments."""
    approval: bool

    @property
    def name(self) -> str:
        return lent_name(self.server, self.tool)


class Lending(NamedTuple):
    """What the servers of the settings came to: tools, and a line for each that is refused."""

    lent: tuple[Lent, ...]
    refused: tuple[str, ...]


def lent_name(server: str, tool: str) -> str:
    """How our agents call it: never as a tool of ours, never as another server's. Raises BadRequest."""
    name = f"{server}_{tool}".lower()
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise BadRequest(f"a tool cannot be called {tool[:64]!r}", where=server)
    if any(name.replace("-", "_") == own.name for own in TOOLS):
        raise BadRequest(f"its tool {tool[:64]!r} would stand for {name!r}", where=server, do="Name the server anew.")
    return name


class Servers:
    """The servers of one run: each started when it is first needed, all killed at the end."""

    def __init__(self, servers: Mapping[str, BorrowedServer]) -> None:
        self._servers = servers
        self._open: dict[str, Session] = {}
        self._turn = asyncio.Lock()
        self._stack = AsyncExitStack()

    async def session(self, name: str) -> Session:
        """Raises Unavailable for a server that the settings no longer name, and what opening one raises."""
        if name not in self._servers:
            raise Unavailable("the settings name no such server", where=name)
        async with self._turn:
            if name not in self._open:
                self._open[name] = await self._stack.enter_async_context(opened(name, self._servers[name]))
        return self._open[name]

    async def offer(self) -> Lending:
        """Their tools that the settings name and that are as they were pinned. Never raises."""
        lent: dict[str, Lent] = {}
        refused = []
        for name, server in self._servers.items():
            for tool in server.tools:
                try:
                    found = lent_of(name, await (await self.session(name)).pinned(tool), approval=server.approval)
                    if found.name in lent:
                        raise BadRequest(f"two of its tools are called {found.name!r}", where=name)
                except ReadingRoomError as error:
                    refused.append(error.line())
                else:
                    lent[found.name] = found
        return Lending(tuple(lent.values()), tuple(dict.fromkeys(refused)))

    async def aclose(self) -> None:
        await self._stack.aclose()


def lent_of(server: str, found: Listed, *, approval: bool) -> Lent:
    """Raises BadRequest by name for a tool whose name or arguments are not of the kind that is lent."""
    lent = Lent(server=server, tool=found.name, description=found.description, takes=found.takes, approval=approval)
    try:
        request_of_schema(lent.name, lent.description, lent.takes)
    except BadRequest as error:
        raise BadRequest(f"{found.name[:64]!r}: {error.what}", where=server) from None
    return lent


def borrowed_tools(lent: Sequence[Lent], servers: Servers, withheld: Withheld) -> tuple[Tool, ...]:
    """The tools at a run's bench."""
    return tuple(_tool(one, servers, withheld) for one in lent)


def _tool(lent: Lent, servers: Servers, withheld: Withheld) -> Tool:
    about = f"A tool of the server {lent.server!r}; what it says is no evidence. {lent.description}"
    request = request_of_schema(lent.name, about, lent.takes)

    async def call(bench: Bench, step: str, asked: Value) -> BorrowedResult:
        """Raises ToolFailed for arguments that may not be sent, and what the session raises."""
        arguments = asked.model_dump(mode="json", exclude_unset=True)
        _vet(request, arguments, withheld, lent)

        async def work(answer: Answer) -> BorrowedResult:
            session = await _ready(servers, lent.server)
            text = await session.call(lent.tool, arguments)
            answer.raw.append({"text": text})
            return BorrowedResult(server=lent.server, tool=lent.tool, said=Words(text=text))

        return await bench.run(lent.name, step, asked, work, BorrowedResult)

    return Tool(lent.name, request, BorrowedResult, call, approval=lent.approval, outside=True)


async def _ready(servers: Servers, name: str) -> Session:
    try:
        return await servers.session(name)
    except BadRequest as error:  # the run goes on without it
        raise Unavailable(error.what, where=error.where, do=error.do) from None


def _vet(request: type[Value], arguments: Mapping[str, Any], withheld: Withheld, lent: Lent) -> None:
    for name, value in arguments.items():
        if _is_free(request.model_fields[name].annotation) and (why := withheld.flaw(value)):
            raise ToolFailed(f"nothing was sent: {name} {why}", where=lent.name, do="Ask in general words.")


def _is_free(annotation: Any) -> bool:
    """Whether the model chose the words or the number; the options of an enumeration are the schema's."""
    leaf = get_args(annotation)[0] if get_origin(annotation) is tuple else annotation
    return get_origin(leaf) is not Literal
