"""The command that gives the tools to any MCP host."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from readingroom.lazy import mcp_serving


def mcp(
    workspace: Annotated[Path, typer.Option(help="The folder whose studies a host may name, by ids.")] = Path(),
    names: Annotated[bool, typer.Option(help="Tell file names, too; they may name a patient.")] = False,
    http: Annotated[bool, typer.Option(help="Streamable HTTP with a token instead of standard input.")] = False,
    host: Annotated[str, typer.Option(help="Address to serve on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.", min=0, max=65535)] = 8766,
    token_file: Annotated[Path | None, typer.Option(help="Keep the token here and use it again.")] = None,
    remote: Annotated[bool, typer.Option(help="Let other machines ask; put TLS before it.")] = False,
    digests: Annotated[bool, typer.Option(help="Print the digest of each tool's description, to be pinned.")] = False,
) -> None:
    """Serve the tools to an MCP host: outline, measure, draft, classify, search, verify, explain."""
    if digests:
        for name, digest in mcp_serving.digests().items():
            typer.echo(f"{digest}  {name}")
        return
    desk = mcp_serving.desk_of(workspace, names=names)
    if not http:
        asyncio.run(mcp_serving.over_stdio(desk))
        return
    mcp_serving.over_http(
        desk, mcp_serving.Address(host, port, remote), token_file, lambda line: typer.echo(line, err=True)
    )
