"""How hosts reach the server: standard input and output, or streamable HTTP on loopback with a token and Host check."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from readingroom.errors import BadRequest, RecordError
from readingroom.later import Later
from readingroom.model_server.access import HostCheck, bears
from readingroom.model_server.server_settings import ServerSettings

if TYPE_CHECKING:
    from mcp.server import lowlevel, stdio, streamable_http_manager, transport_security
else:  # an extra
    stdio = Later("mcp.server.stdio")
    streamable_http_manager = Later("mcp.server.streamable_http_manager")
    transport_security = Later("mcp.server.transport_security")

MOST_BYTES = 1 << 20
"""Of one request; texts are short, and images never come this way."""
MOST_SESSIONS = 64
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)


async def over_stdio(server: lowlevel.Server[Any, Any]) -> None:
    """Until the host closes standard input."""
    async with stdio.stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


class TokenCheck:
    """Lets only requests through that bear the token, and none that a page of another origin sends."""

    def __init__(self, app: ASGIApp, token: SecretStr) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if "origin" in headers:
            refused = JSONResponse({"error": "a browser's page may not ask here"}, 403)
        elif not bears(headers, self._token):
            refused = JSONResponse({"error": "the token is missing or wrong"}, 401, {"WWW-Authenticate": "Bearer"})
        else:
            await self._app(scope, receive, _marked(send))
            return
        await refused(scope, receive, _marked(send))


def _marked(send: Send) -> Send:
    async def marked(message: Any) -> None:
        if message["type"] == "http.response.start":
            known = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(pair for pair in HEADERS if pair[0] not in known)]
        await send(message)

    return marked


def http_app(server: lowlevel.Server[Any, Any], token: SecretStr, *, remote: bool = False,
             hosts: tuple[str, ...] = ()) -> Starlette:  # fmt: skip
    """The server at /mcp. `remote` lets others than this machine ask, by `hosts` where they are named."""
    if not token.get_secret_value():
        raise BadRequest("the token is empty", do="Leave it out for a random one.")
    manager = streamable_http_manager.StreamableHTTPSessionManager(
        server,
        # Host and Origin are checked before it, for every route and with the port.
        security_settings=transport_security.TransportSecuritySettings(enable_dns_rebinding_protection=False),
        max_request_body_size=MOST_BYTES,
        max_sessions=MOST_SESSIONS,
    )

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        del app
        async with manager.run():
            yield

    names = ServerSettings(remote=remote, hosts=hosts)
    return Starlette(
        routes=[Route("/mcp", manager.asgi_app)],
        middleware=[Middleware(HostCheck, settings=names), Middleware(TokenCheck, token=token)],
        lifespan=lifespan,
    )


def token_in(path: Path | None) -> SecretStr:
    """A token of 256 bits: kept in a file that only its owner reads where one is named, and taken from there again.

    Raises BadRequest for a file that others can read, RecordError where it cannot be written.
    """
    if path is None:
        return SecretStr(secrets.token_urlsafe(32))
    try:
        if path.exists():
            if path.stat().st_mode & 0o077:
                raise BadRequest("others can read the token", where=path.name, do=f"chmod 600 {path.name}")
            return SecretStr(path.read_text(encoding="ascii").strip())
        token = secrets.token_urlsafe(32)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as out:
            out.write(token + "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError("the token file cannot be read or written", where=path.name) from error
    return SecretStr(token)
