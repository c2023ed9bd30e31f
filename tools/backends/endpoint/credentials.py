"""Bearers: a key, an AML token or an Entra token, renewed before they end and once when one is refused."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from readingroom.errors import NotAuthorised, Unavailable
from readingroom.tools.backends.endpoint.flight import Flight
from readingroom.tools.backends.endpoint.quiet import hush, quiet
from readingroom.tools.backends.endpoint.wall import Wall, wall

SCORING_SCOPE = "https://ml.azure.com/.default"
ARM_SCOPE = "https://management.azure.com/.default"
EARLY_SECONDS = 300.0
"""Before its end an Entra token is renewed; they last an hour or more."""


@dataclass(frozen=True)
class Token:
    """A bearer and its two times, seconds since 1970. Keys end never."""

    secret: str = field(repr=False)
    expires: float = math.inf
    refresh_after: float = math.inf


class Credential(Protocol):
    """Where the bearer of a call comes from."""

    async def bearer(self, refused: str = "") -> str:
        """`refused`: the one that was answered with 401. Raises NotAuthorised where no other is to be had."""
        ...


class Renewed:
    """One bearer for all calls, fetched by whoever needs it first while the others wait for the same fetch."""

    def __init__(self, fetch: Callable[[], Awaitable[Token]], where: str, clock: Wall = wall) -> None:
        self._fetch, self._where, self._wall = fetch, where, clock
        self._token: Token | None = None
        self._flight: Flight[Token] = Flight()

    async def bearer(self, refused: str = "") -> str:
        token = self._token
        if token is None or token.secret == refused or self._wall() >= token.refresh_after:
            token = await self._renewed(token, refused)
        if token.secret == refused:
            raise refusal(self._where)
        return token.secret

    async def _renewed(self, held: Token | None, refused: str) -> Token:
        """What still holds is good enough where no newer one can be fetched just now."""
        try:
            self._token, _ = await self._flight.join("token", self._fetch)
        except Unavailable:
            if held is None or held.secret == refused or self._wall() >= held.expires:
                raise
            return held
        return self._token


def refusal(where: str) -> NotAuthorised:
    """The error for a bearer that is not taken; it never holds the bearer."""
    return NotAuthorised("the endpoint refuses these credentials", where=where, do="Check its key or your sign-in.")


def fixed(secret: str, where: str) -> Renewed:
    """A configured key or AML token: there is only this one. Raises NotAuthorised for one that no header can hold."""
    bare = secret.strip()
    if not bare or not bare.isascii() or not bare.isprintable() or " " in bare:
        raise NotAuthorised("the configured key holds characters that no key has", where=where, do="Check its setting.")

    async def fetch() -> Token:
        return Token(bare)

    return Renewed(fetch, where)


def entra(scope: str, where: str, clock: Wall = wall) -> Renewed:
    """Tokens of azure-identity's DefaultAzureCredential, for one scope."""

    async def fetch() -> Token:
        return await entra_token(scope, where)

    return Renewed(fetch, where, clock)


async def entra_token(scope: str, where: str) -> Token:
    """Signs in by environment, workload or managed identity, or a developer's tools, in azure-identity's order.

    Raises NotAuthorised where none of them gives a token or azure-identity is not installed.
    """
    try:
        from azure.core.exceptions import ClientAuthenticationError  # noqa: PLC0415  # extra `azure`
        from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415
    except ImportError:
        raise NotAuthorised(
            "no key is set, and signing in to Entra needs azure-identity",
            where=where,
            do="Set a key, or: pip install 'readingroom[azure]'.",
        ) from None
    hush()
    with quiet():
        async with DefaultAzureCredential() as credential:
            try:
                found = await credential.get_token(scope)
            except ClientAuthenticationError as error:
                raise NotAuthorised(
                    f"Entra gives no token ({type(error).__name__})",
                    where=where,
                    do="Set a key, or sign in (az login).",
                ) from None
    return Token(found.token, float(found.expires_on), found.expires_on - EARLY_SECONDS)
