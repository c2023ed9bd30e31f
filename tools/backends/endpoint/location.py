"""Where an endpoint's calls go and as whom: from the settings, or asked of the resource manager at the first call."""

from __future__ import annotations

import asyncio
from typing import Literal

from readingroom.errors import BadRequest, NotAuthorised, Unavailable
from readingroom.tools.backends.endpoint.address import Place, Resource, address_of, key_of, place_of, token_of
from readingroom.tools.backends.endpoint.config import EndpointConfig
from readingroom.tools.backends.endpoint.connections import Connections
from readingroom.tools.backends.endpoint.credentials import (
    ARM_SCOPE,
    SCORING_SCOPE,
    Credential,
    Renewed,
    Token,
    entra,
    fixed,
    refusal,
)
from readingroom.tools.backends.endpoint.egress import Control, Destination, Reply, send
from readingroom.tools.backends.endpoint.failures import Interrupted
from readingroom.tools.backends.endpoint.flight import Flight
from readingroom.tools.backends.endpoint.origin import host_of, origin_of
from readingroom.tools.backends.endpoint.retry import ATTEMPTS, TOLD_CAP, backoff, stretched
from readingroom.tools.backends.endpoint.verdict import told_wait, verdict_of
from readingroom.tools.backends.endpoint.wall import Wall

CONTROL_SECONDS = 30.0


class Location:
    """One endpoint's address and credentials."""

    def __init__(self, config: EndpointConfig, connections: Connections, wall: Wall) -> None:
        self._config, self._connections, self._wall = config, connections, wall
        address = address_of(config.address, config.arm)
        self._resource = address if isinstance(address, Resource) else None
        url = address.url if isinstance(address, Resource) else address
        self.host = host_of(url)
        self.known = {origin_of(url, "endpoint address")}
        """Origins that bytes may go to."""
        self._scoring = "" if isinstance(address, Resource) else address
        self._credential = self._configured() if self._scoring or config.key else None
        self._manager = entra(ARM_SCOPE, self.host, wall)
        self._flight: Flight[Place] = Flight()

    async def destination(self, refused: str = "") -> Destination:
        """For one call; `refused` is a bearer that was answered with 401, and another is fetched then."""
        if not self._scoring or self._credential is None:
            place, _ = await self._flight.join("place", self._resolve)
            self._settle(place)
        assert self._credential is not None
        bearer = await self._credential.bearer(refused)
        return Destination(self._scoring, bearer, self._config.deployment, self._config.timeout)

    def _configured(self) -> Credential:
        if self._config.key is not None:
            return fixed(self._config.key.get_secret_value(), self.host)
        return entra(SCORING_SCOPE, self.host, self._wall)

    async def _resolve(self) -> Place:
        assert self._resource is not None
        return place_of((await self._ask("GET", self._resource.route(""))).body)

    def _settle(self, place: Place) -> None:
        if self._scoring:
            return
        self.known.add(origin_of(place.scoring, "properties.scoringUri"))
        self._scoring, self.host = place.scoring, host_of(place.scoring)
        if self._credential is None:
            fetch = {"key": self._listed_key, "amltoken": self._aml_token}.get(place.auth)
            self._credential = Renewed(fetch, self.host, self._wall) if fetch else self._configured()

    async def _listed_key(self) -> Token:
        assert self._resource is not None
        return key_of((await self._ask("POST", self._resource.route("/listKeys"))).body)

    async def _aml_token(self) -> Token:
        assert self._resource is not None
        return token_of((await self._ask("POST", self._resource.route("/token"))).body)

    async def _ask(self, method: Literal["GET", "POST"], url: str) -> Reply:
        """One request to the resource manager, tried again as its answers allow."""
        where, refused, failures = host_of(url), "", 0
        while True:
            bearer = await self._manager.bearer(refused)
            try:
                reply = await send(
                    self._connections, self.known, Control(method), Destination(url, bearer, seconds=CONTROL_SECONDS)
                )
            except Interrupted:
                reply = None
            verdict = "failed" if reply is None else verdict_of(reply.status, reply.headers)
            if verdict == "answered" and reply is not None:
                return reply
            if verdict == "unauthorised" and not refused:
                refused = bearer
                continue
            if verdict in ("unauthorised", "forbidden"):
                raise refusal(where) if verdict == "unauthorised" else _no_right(where)
            if verdict in ("absent", "refused"):
                raise BadRequest(
                    "the resource manager knows no such endpoint", where=where, do="Check its resource ID."
                )
            failures += 1
            told = None if reply is None else told_wait(reply.headers, self._wall())
            if failures >= ATTEMPTS or (told or 0) > TOLD_CAP:
                raise Unavailable("the resource manager does not answer", where=where, do="Try again later.")
            await asyncio.sleep(backoff(failures) if told is None else stretched(told))


def _no_right(where: str) -> NotAuthorised:
    return NotAuthorised(
        "you may not read this endpoint or its keys", where=where, do="Ask for the role AzureML Data Scientist."
    )
