"""Who is let in: host names against DNS rebinding, keys compared in constant time."""

from __future__ import annotations

import hmac

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from readingroom.model_server.refusals import misdirected
from readingroom.model_server.server_settings import LOOPBACK, ServerSettings


class HostCheck:
    """Lets only requests through that name this server: loopback names with its own port, unless remote is allowed.

    A page in a browser that was rebound to this address still sends its own name in Host.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._known(scope):
            await misdirected()(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _known(self, scope: Scope) -> bool:
        named = Headers(scope=scope).getlist("host")
        if len(named) != 1:
            return False
        host, port = _parted(named[0])
        if self.settings.remote:
            return not self.settings.hosts or host in self.settings.hosts
        own = scope.get("server")
        return host in LOOPBACK and own is not None and port == str(own[1] or 80)


def _parted(named: str) -> tuple[str, str]:
    """Host and port of a Host header; 80 where it names no port."""
    if named.startswith("["):
        host, _, rest = named[1:].partition("]")
        return host.lower(), rest.removeprefix(":") or "80"
    host, _, port = named.partition(":")
    return host.lower(), port or "80"


def bears(headers: Headers, *secrets: SecretStr) -> bool:
    """Whether Authorization carries one of `secrets` as a bearer token; every one is compared, in constant time."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    given = token.strip().encode()
    matches = [hmac.compare_digest(given, secret.get_secret_value().encode()) for secret in secrets]
    return scheme.lower() == "bearer" and any(matches)


def same(given: str, secret: SecretStr) -> bool:
    """Whether a header's value is the secret, in constant time."""
    return hmac.compare_digest(given.encode(), secret.get_secret_value().encode())
