"""One endpoint called as it stands: what it answers comes back whatever its status, through the one egress."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from readingroom.domain.loopback import is_loopback
from readingroom.tools.backends.endpoint.config import EndpointConfig
from readingroom.tools.backends.endpoint.connections import Connections
from readingroom.tools.backends.endpoint.egress import send
from readingroom.tools.backends.endpoint.location import Location
from readingroom.tools.backends.endpoint.retry import backoff
from readingroom.tools.backends.endpoint.verdict import MODEL_STATUS, told_wait, verdict_of
from readingroom.tools.backends.endpoint.wall import wall
from readingroom.tools.contracts.ask import Ask

TRIES = 5
"""Of a call that is answered with 429: others use the endpoint, too."""
LONGEST_WAIT = 30.0
"""Seconds between two tries, whatever a Retry-After says."""


@dataclass(frozen=True)
class Reply:
    """One answer and how long it took."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    seconds: float
    """From sending to the last byte."""
    sent: int
    """Bytes of the request's body."""

    @property
    def refused(self) -> bool:
        """Whether it says that the input is at fault."""
        return verdict_of(self.status, self.headers) == "refused"

    @property
    def told(self) -> str:
        """The status, with the model's own where it is told."""
        model = self.headers.get(MODEL_STATUS, "")
        return f"{self.status} (model: {model})" if model.isdigit() else str(self.status)


class Line:
    """Calls to one endpoint, neither limited nor cached, and repeated only where it says that it is overloaded."""

    def __init__(self, config: EndpointConfig) -> None:
        self._connections = Connections(config.proxy)
        self._location = Location(config, self._connections, wall)
        self._encrypted = False
        self.first: float | None = None
        """Seconds of the first call of all."""

    @property
    def host(self) -> str:
        """Without port, path or key."""
        return self._location.host

    @property
    def loopback(self) -> bool:
        """Whether nothing leaves this machine."""
        return is_loopback(self.host)

    @property
    def encrypted(self) -> bool:
        """Whether calls go over TLS, whose certificate the egress checks."""
        return self._encrypted

    async def open(self) -> None:
        """Find out where to call and as whom, of the resource manager where a resource is named.

        Raises BadRequest for an address that is none, NotAuthorised where no credentials are to be had.
        """
        to = await self._location.destination()
        self._encrypted = urlsplit(to.url).scheme == "https"

    async def post(self, ask: Ask, *, key: str | None = None, patient: bool = True) -> Reply:
        """Whatever is answered. `key` goes in the place of the configured one, to the configured host alone.

        A 429 is waited out a few times unless the call is not `patient`. Raises Unavailable where no whole answer
        comes, EgressRefused for a redirect or a certificate that does not hold.
        """
        failures = 0
        while True:
            reply = await self._once(ask, key)
            failures += 1
            if reply.status != 429 or not patient or failures == TRIES:
                return reply
            told = told_wait(reply.headers, wall())
            await asyncio.sleep(min(LONGEST_WAIT, backoff(failures + 1) if told is None else told))

    async def _once(self, ask: Ask, key: str | None) -> Reply:
        to = await self._location.destination()
        if key is not None:
            to = replace(to, bearer=key)
        started = time.perf_counter()
        reply = await send(self._connections, self._location.known, ask, to)
        seconds = time.perf_counter() - started
        if self.first is None:
            self.first = seconds
        return Reply(reply.status, reply.headers, reply.body, seconds, len(ask.body()))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._connections.aclose()
