"""The commands that show what MCP servers of others offer, and how to pin it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from readingroom.errors import BadRequest
from readingroom.lazy import borrowing, room

mcp_tools = typer.Typer(help="Tools of other MCP servers for a model that plans.", no_args_is_help=True)

Server = Annotated[str, typer.Argument(help="The server's name in the settings: small letters and digits.")]


@mcp_tools.command("list")
def list_tools(
    server: Annotated[str | None, typer.Argument(help="One server; else all of the settings.")] = None,
) -> None:
    """What the servers of the settings offer now, and whether it is as it was pinned."""
    named = room.ReadingRoom().settings.mcp_tools
    if server is not None and server not in named:
        raise BadRequest(f"the settings name no server {server!r}", do="`readingroom mcp-tools pin` tells how.")
    if not named:
        typer.echo("The settings name no server; `readingroom mcp-tools pin NAME -- PROGRAM` prints the entry of one.")
    for name in [server] if server else named:
        for line in borrowing.standing(name, named[name], asyncio.run(borrowing.offered(name, named[name]))):
            typer.echo(line)


@mcp_tools.command()
def pin(
    server: Server,
    command: Annotated[
        list[str] | None, typer.Argument(help="-- and the program with its arguments; else the one of the settings.")
    ] = None,
    environment: Annotated[
        list[str] | None, typer.Option("--env", help="The name of a variable that it may have.")
    ] = None,
) -> None:
    """Print the entry for readingroom.toml. Read the descriptions in it first: a model will."""
    if command:
        found = borrowing.server_of(server, tuple(command), tuple(environment or ()))
    else:
        named = room.ReadingRoom().settings.mcp_tools
        if server not in named:
            raise BadRequest(f"the settings name no server {server!r}", do="Give its command after --.")
        found = named[server].model_copy(update={"files": {}})
    typer.echo(borrowing.as_toml(server, found, asyncio.run(borrowing.offered(server, found))))
