"""What a server of others offers, told to the user, who reads it and pins it in the settings."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from readingroom.errors import BadRequest
from readingroom.tools.borrowed.lending import lent_of
from readingroom.tools.borrowed.listed import Listed
from readingroom.tools.borrowed.schema import shown
from readingroom.tools.borrowed.server import BorrowedServer, ServerName
from readingroom.tools.borrowed.session import opened

LONGEST_SAID = 400
"""Characters of a schema in a comment; the digest is of all of it."""


_NAME: TypeAdapter[str] = TypeAdapter(ServerName)


def server_of(name: str, command: tuple[str, ...], environment: tuple[str, ...] = ()) -> BorrowedServer:
    """A server that the settings do not name yet. Raises BadRequest for a name or a command that is none."""
    try:
        _NAME.validate_python(name)
        return BorrowedServer(command=command, environment=environment)
    except ValidationError as error:
        what = "a server's name is of small letters and digits" if error.title != "BorrowedServer" else ""
        raise BadRequest(what or str(error.errors()[0]["msg"]), where=name[:40]) from None


async def offered(name: str, server: BorrowedServer) -> tuple[Listed, ...]:
    """What it offers now, whatever is pinned. Raises what starting and asking it raise."""
    async with opened(name, server) as session:
        found = await session.listed()
    return tuple(found.values())


def standing(name: str, server: BorrowedServer, tools: Sequence[Listed]) -> Iterator[str]:
    """One line for each tool offered or pinned: whether our agents may use it, and what it says of itself."""
    for tool in tools:
        pinned = server.tools.get(tool.name)
        flaw = _flaw(name, tool)
        state = f"cannot be lent: {flaw}" if flaw else "not pinned" if pinned is None else "pinned"
        if pinned and pinned != tool.sha256:
            state = "CHANGED since it was pinned"
        yield f"{tool.sha256}  {name} {shown(tool.name)}: {state}. {shown(tool.description)}".rstrip()
    gone = [one for one in server.tools if one not in {tool.name for tool in tools}]
    yield from (f"{server.tools[one]}  {name} {shown(one)}: pinned, and not offered any more" for one in gone)


def as_toml(name: str, server: BorrowedServer, tools: Sequence[Listed]) -> str:
    """The entry for readingroom.toml, with what each tool says of itself as comments; what cannot be lent is left out
    with the reason."""
    program = shutil.which(server.command[0]) or server.command[0]
    command = (program, *server.command[1:])
    lines = [f"[mcp_tools.{name}]", f"command = {json.dumps(command)}"]
    lines += [f"environment = {json.dumps(server.environment)}"] if server.environment else []
    files = (f"{json.dumps(path)} = {json.dumps(sha)}" for path, sha in _files(command).items())
    lines += ["", f"[mcp_tools.{name}.files]", *files]
    lines += ["", f"[mcp_tools.{name}.tools]"]
    for tool in tools:
        if flaw := _flaw(name, tool):
            lines.append(f"# cannot be lent: {shown(flaw)}")
            continue
        lines.append(f"# {shown(tool.description)}")
        lines.append(f"# takes {shown(json.dumps(tool.takes.get('properties', {})))[:LONGEST_SAID]}")
        lines.append(f"{json.dumps(tool.name)} = {json.dumps(tool.sha256)}")
    return "\n".join(lines)


def _files(command: Sequence[str]) -> Mapping[str, str]:
    """The digests of the files that the command names: the program and its script."""
    found = {}
    for one in command:
        path = Path(one)
        if path.is_absolute() and path.is_file():
            with path.open("rb") as file:
                found[one] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def _flaw(name: str, tool: Listed) -> str:
    try:
        lent_of(name, tool, approval=True)
    except BadRequest as error:
        return error.what
    return ""
