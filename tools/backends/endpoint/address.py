"""Where an endpoint is: its scoring URL, or its ARM resource ID and what the resource manager says of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from readingroom.errors import BadReply, BadRequest
from readingroom.tools.backends.endpoint.credentials import Token
from readingroom.tools.backends.endpoint.origin import origin_of
from readingroom.tools.contracts.strict_json import parse_reply

API_VERSION = "2022-02-01-preview"
AuthMode = Literal["key", "amltoken", "aadtoken"]

_SEGMENT = r"[^/?#\s]+"
_RESOURCE = re.compile(
    rf"/subscriptions/{_SEGMENT}/resourceGroups/{_SEGMENT}/providers/Microsoft\.MachineLearningServices"
    rf"/workspaces/{_SEGMENT}/onlineEndpoints/{_SEGMENT}",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Resource:
    """An online endpoint as the resource manager names it."""

    url: str = field(repr=False)
    """Without query, on the configured resource manager."""

    def route(self, action: Literal["", "/listKeys", "/token"]) -> str:
        """The URL that describes it, lists its keys or makes an AML token."""
        return f"{self.url}{action}?api-version={API_VERSION}"


@dataclass(frozen=True)
class Place:
    """A resolved endpoint."""

    scoring: str = field(repr=False)
    auth: AuthMode


def address_of(address: str, arm: str) -> str | Resource:
    """A scoring URL as it is called, or a resource. Raises BadRequest for anything else."""
    text = address.strip()
    if text.startswith("/"):
        if not _RESOURCE.fullmatch(text.rstrip("/")) or ".." in text:
            raise BadRequest(
                "this is no ARM resource ID of an online endpoint",
                where="endpoint address",
                do="Give /subscriptions/../resourceGroups/../providers/Microsoft.MachineLearningServices"
                "/workspaces/../onlineEndpoints/<name>.",
            )
        origin_of(arm, "resource manager")
        return Resource(arm.rstrip("/") + text.rstrip("/"))
    return scoring_url(text)


def scoring_url(url: str) -> str:
    """With /score where the URL names the host alone."""
    origin_of(url, "endpoint address")
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path="/score")) if parts.path in ("", "/") else url


def place_of(body: bytes) -> Place:
    """What `GET <resource>` answered. Raises BadReply naming the path of what is missing."""
    properties = _at(parse_reply(body), "properties", dict)
    auth = _at(properties, "authMode", str).lower()
    if auth not in ("key", "amltoken", "aadtoken"):
        raise BadReply("expected Key, AMLToken or AADToken", where="properties.authMode")
    return Place(scoring_url(_at(properties, "scoringUri", str)), auth)


def key_of(body: bytes) -> Token:
    """What `POST <resource>/listKeys` answered."""
    return Token(_secret(parse_reply(body), "primaryKey"))


def token_of(body: bytes) -> Token:
    """What `POST <resource>/token` answered: times in seconds since 1970 or as ISO 8601, in either spelling."""
    told = parse_reply(body)
    expires = _time(told, "expiryTimeUtc", "expiry_time_utc")
    refresh = _time(told, "refreshAfterTimeUtc", "refresh_after_time_utc")
    return Token(_secret(told, "accessToken", "access_token"), expires, min(refresh, expires))


def _secret(told: Any, *names: str) -> str:
    name = next((name for name in names if isinstance(told, dict) and name in told), names[0])
    secret: str = _at(told, name, str)
    if not secret or not secret.isascii() or not secret.isprintable():
        raise BadReply("expected a bearer of printable characters", where=name)
    return secret


def _time(told: Any, *names: str) -> float:
    for name in names:
        found = told.get(name) if isinstance(told, dict) else None
        if isinstance(found, bool) or found is None:
            continue
        try:
            return float(found)
        except (ValueError, TypeError):
            return _iso(found, name)
    raise BadReply("is missing", where=names[0])


def _iso(found: Any, name: str) -> float:
    try:
        when = datetime.fromisoformat(found)
    except (ValueError, TypeError):
        raise BadReply("expected a time", where=name) from None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _at(told: Any, name: str, kind: type) -> Any:
    found = told.get(name) if isinstance(told, dict) else None
    if not isinstance(found, kind):
        raise BadReply(f"expected {kind.__name__}, found {type(found).__name__}", where=name)
    return found
