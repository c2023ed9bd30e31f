"""The connections of one endpoint, those of whichever event loop is running."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache

import httpx
from pydantic import SecretStr

from readingroom.errors import BadRequest
from readingroom.tools.backends.endpoint.quiet import hush, quiet

IDLE_SECONDS = 30.0
"""An idle connection is closed by us before the service's front door does it (240 s) while we write to it."""
STREAMS = 32
"""Requests at once on one HTTP/2 connection; servers allow 100 and more (RFC 9113 5.1.2)."""


@dataclass(eq=False)
class Lane:
    """One connection, opened when it is first used and again when it broke.

    Each has a pool of its own, because the time that httpcore takes in one pool grows with the square of its
    connections: 64 in flight through one pool took 25 ms of processor a request.
    """

    transport: httpx.AsyncHTTPTransport
    busy: int = 0
    streams: int = 1
    """Requests it takes at once: `STREAMS` once it is known to speak HTTP/2."""


class Connections:
    """Opened as they are needed in an event loop, closed with `aclose` or when `asyncio.run` ends.

    Nothing of the environment is used: no proxy, no .netrc. Certificates are checked against the system's authorities
    (SSL_CERT_FILE moves them) and certifi's.
    """

    def __init__(self, proxy: SecretStr | None = None) -> None:
        """Raises BadRequest for a proxy that is no URL, without repeating it: it may hold a password."""
        try:
            self._proxy = None if proxy is None else httpx.Proxy(proxy.get_secret_value())
        except (ValueError, httpx.InvalidURL):
            raise BadRequest("this is no URL of a proxy", where="proxy", do="Give http://<host>:<port>.") from None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._open: AsyncGenerator[None, None] | None = None
        self._lanes: list[Lane] = []
        self._free: list[Lane] = []
        """Those with room, the last used at the end: few are used where few are needed."""

    @asynccontextmanager
    async def lane(self) -> AsyncIterator[Lane]:
        """Room for one request. Raises BadRequest where another thread's event loop is using these connections."""
        await self._bind()
        lane = self._free[-1] if self._free else self._added()
        lane.busy += 1
        if lane.busy >= lane.streams:
            self._free.remove(lane)
        try:
            yield lane
        finally:
            lane.busy -= 1
            if lane.busy < lane.streams and lane not in self._free and lane in self._lanes:
                self._free.append(lane)

    async def aclose(self) -> None:
        """Close what the running loop has open; the next request opens anew."""
        opened, self._open = self._open, None
        if opened is not None and self._loop is asyncio.get_running_loop():
            await opened.aclose()

    async def _bind(self) -> None:
        loop = asyncio.get_running_loop()
        if self._open is not None and self._loop is loop:
            return
        if self._open is not None and self._loop is not None and self._loop.is_running():
            raise BadRequest("this endpoint is in use in another thread", do="Give each thread its own.")
        self._loop, self._lanes, self._free = loop, [], []
        self._open = _closing(self._lanes)
        await anext(self._open)

    def _added(self) -> Lane:
        transport = httpx.AsyncHTTPTransport(
            verify=authorities(),
            trust_env=False,
            http2=True,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=IDLE_SECONDS),
            proxy=self._proxy,
        )
        hush()
        lane = Lane(transport)
        self._lanes.append(lane)
        self._free.append(lane)
        return lane


def authorities() -> ssl.SSLContext:
    """Whom every connection trusts."""
    return _authorities(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=4)
def _authorities(file: str | None, folder: str | None) -> ssl.SSLContext:
    """The system's, which these two variables move, and certifi's: read once for all endpoints, for it takes long."""
    del file, folder
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


async def _closing(lanes: list[Lane]) -> AsyncGenerator[None, None]:
    """A generator, because an event loop closes its generators when it ends, and so these connections."""
    try:
        yield
    finally:
        with quiet():
            while lanes:
                await lanes.pop().transport.aclose()
