"""The one door through which bytes leave this machine.

Everything that is sent passes `send`: it knows where bytes may go and what may go, follows no redirect, and logs host,
size and digest, never content, path, query or headers. Only azure-identity talks to Entra by itself; it never sees
pixels or texts.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import ssl
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import httpx

from readingroom.errors import EgressRefused
from readingroom.tools.backends.endpoint.connections import STREAMS, Connections, Lane
from readingroom.tools.backends.endpoint.failures import Interrupted
from readingroom.tools.backends.endpoint.origin import host_of, origin_of
from readingroom.tools.backends.endpoint.outgoing import vet
from readingroom.tools.backends.endpoint.quiet import quiet
from readingroom.tools.backends.endpoint.reading import BODY_LIMIT, LARGER, STALL_SECONDS, read_body
from readingroom.tools.contracts.ask import Ask

CONNECT_SECONDS = 10.0

logger = logging.getLogger("readingroom.egress")


@dataclass(frozen=True)
class Control:
    """A request without a body to the resource manager: where an endpoint is, its keys, its token."""

    method: Literal["GET", "POST"]


@dataclass(frozen=True)
class Destination:
    """Where a request goes, and as whom."""

    url: str = field(repr=False)
    bearer: str = field(repr=False)
    deployment: str = ""
    seconds: float = 90.0
    """Until the whole answer must be here."""


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


async def send(connections: Connections, known: Collection[str], parcel: Ask | Control, to: Destination) -> Reply:
    """The answer, whatever its status below 300 or above 399.

    `known` holds the origins that are configured or resolved. Raises EgressRefused for anything that may not leave or
    may not go there, for a certificate that does not hold and for a redirect; Interrupted where no whole answer came;
    BadReply where it is too large.
    """
    host = host_of(to.url)
    if origin_of(to.url, "endpoint") not in known:
        raise EgressRefused("this host is not configured", where=host, do="Name the endpoint in the settings.")
    request = _request(parcel, to)
    size = len(request.content)
    limit = LARGER.get(parcel.model, BODY_LIMIT) if isinstance(parcel, Ask) else BODY_LIMIT
    logger.info("%s: %d bytes leave, sha256 %s", host, size, hashlib.sha256(request.content).hexdigest())
    try:
        with quiet():
            async with asyncio.timeout(to.seconds):
                async with connections.lane() as lane:
                    reply = await _exchange(lane, request, host, limit)
    except TimeoutError:
        raise Interrupted("timeout", f"no whole answer within {to.seconds:g} s", where=host) from None
    if 300 <= reply.status < 400:
        raise EgressRefused(
            f"it answered with a redirect ({reply.status}), which is never followed",
            where=host,
            do="Name the address that serves.",
        )
    logger.debug("%s: answered %d with %d bytes", host, reply.status, len(reply.body))
    return reply


_parsed = lru_cache(maxsize=64)(httpx.URL)


def _request(parcel: Ask | Control, to: Destination) -> httpx.Request:
    headers = {"Authorization": f"Bearer {to.bearer}", "Accept": "application/json", "Accept-Encoding": "gzip"}
    if to.deployment:
        headers["azureml-model-deployment"] = to.deployment
    patience = {"connect": min(CONNECT_SECONDS, to.seconds), "read": None, "write": None, "pool": None}
    if isinstance(parcel, Control):
        method, body = parcel.method, b""
    else:
        vet(parcel)
        method, body = "POST", parcel.body()
    if method == "POST":
        headers["Content-Type"] = "application/json"
    return httpx.Request(method, _parsed(to.url), headers=headers, content=body, extensions={"timeout": patience})


async def _exchange(lane: Lane, request: httpx.Request, host: str, limit: int) -> Reply:
    """The whole of it is timed by `send`; only the connection and the pauses of the answer have times of their own.

    Errors of the library are not chained: they hold the request, and with it the bearer.
    """
    try:
        response = await lane.transport.handle_async_request(request)
        if response.extensions.get("http_version") == b"HTTP/2":
            lane.streams = STREAMS
        request.extensions["timeout"]["read"] = STALL_SECONDS
        try:
            body = await read_body(response, host, limit)
        finally:
            await response.aclose()
    except httpx.ConnectTimeout:
        raise Interrupted("connect", f"no connection within {CONNECT_SECONDS:g} s", where=host) from None
    except httpx.ReadTimeout:
        raise Interrupted("broken", f"the answer stalled for {STALL_SECONDS:g} s", where=host) from None
    except httpx.TransportError as error:
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error)):
            raise EgressRefused(
                "its certificate does not hold, so nothing was sent",
                where=host,
                do="Check the host; name a private authority's file in SSL_CERT_FILE.",
            ) from None
        how_broken: Literal["connect", "broken"] = "connect" if isinstance(error, httpx.ConnectError) else "broken"
        raise Interrupted(how_broken, _words(error), where=host) from None
    return Reply(response.status_code, response.headers, body)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _words(error: httpx.TransportError) -> str:
    if isinstance(error, httpx.ConnectError):
        return "no connection came about"
    return f"the connection broke before the whole answer was here ({type(error).__name__})"
