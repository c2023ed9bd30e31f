"""What the command calls: a desk from the settings, served over one of the transports."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from readingroom.errors import NotServed
from readingroom.mcp_server import transport
from readingroom.mcp_server.desk import Desk
from readingroom.mcp_server.offers import digests
from readingroom.mcp_server.server import build_server
from readingroom.mcp_server.workspace import Workspace
from readingroom.model_server.serve import base_url, bind, serve
from readingroom.model_server.server_settings import ServerSettings
from readingroom.room import ReadingRoom
from readingroom.settings import subject_key

__all__ = ["Address", "desk_of", "digests", "over_http", "over_stdio"]


class Address(NamedTuple):
    """Where to serve."""

    host: str = "127.0.0.1"
    port: int = 0
    remote: bool = False


def desk_of(folder: Path, *, names: bool = False, room: ReadingRoom | None = None) -> Desk:
    """A desk over one folder. Raises NotServed without the extra, BadRequest where there is no such folder."""
    if find_spec("mcp") is None:
        raise NotServed("MCP needs an extra", do="pip install 'readingroom[mcp]'")
    logging.getLogger("mcp").setLevel(logging.CRITICAL)  # its log quotes what was sent
    found = room or ReadingRoom()
    return Desk(found, Workspace(folder, subject_key(found.settings.config), names=names))


async def over_stdio(desk: Desk) -> None:
    """Until the host closes standard input."""
    try:
        await transport.over_stdio(build_server(desk))
    finally:
        await desk.room.aclose()


def over_http(desk: Desk, at: Address, token_file: Path | None, tell: Callable[[str], None]) -> None:
    """Until it is stopped; `tell` is told the address, and the token where no file keeps it.

    Raises BadRequest for an address others can reach without `remote`, and where it cannot be had.
    """
    token = transport.token_in(token_file)
    listener = bind(ServerSettings(remote=at.remote), at.host, at.port)
    listener.listen(128)  # from here on a host waits instead of being refused
    tell(f"MCP at {base_url(listener)}/mcp")
    tell(f"token: in {token_file}" if token_file else f"token: {token.get_secret_value()}")
    serve(transport.http_app(build_server(desk), token, remote=at.remote), listener, lifespan="on")
