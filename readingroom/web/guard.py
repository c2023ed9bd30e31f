"""Who may ask at all: the exact host, our own page's origin, and a header that other pages cannot send."""

from __future__ import annotations

import platform
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from readingroom.web.refusals import Refused, told

OWN_HEADER = "x-readingroom"
"""A page of another origin cannot set it without asking first, and asking first (CORS) is never answered."""
SAFE = frozenset({"GET", "HEAD"})
OWN_SITES = frozenset({"same-origin", "none"})
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Names:
    """By which names, port included, this server may be asked (Host), and from which pages (Origin)."""

    hosts: frozenset[str]
    origins: frozenset[str]


def names_of(port: int, remote: bool, given: tuple[str, ...] = ()) -> Names:
    """Loopback names with the port; for `remote` this machine's own names too, and those given, as they stand.

    A browser leaves the port out where it is the scheme's own, so a given name without a port is one of 80 or 443.
    """
    names = list(LOOPBACK_NAMES)
    if remote:
        names += [platform.node().lower()]
    hosts = {f"{name}:{port}" for name in names} | {name.lower() for name in given}
    hosts |= set(names) if port == 80 else set()
    schemes = ("http", "https") if remote else ("http",)
    return Names(frozenset(hosts), frozenset(f"{scheme}://{host}" for scheme in schemes for host in hosts))


class Guard:
    """Refuses before anything is read: another host (421), another site's request (403)."""

    def __init__(self, app: ASGIApp, names: Names) -> None:
        self.app, self.names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # there are no WebSockets here
        headers = Headers(scope=scope)
        if not self._known_host(headers):
            await told(Refused("this server is not asked by that name", do="Use the link it printed."), 421)(
                scope, receive, send
            )
            return
        refusal = self._foreign(scope["method"], scope["path"], headers)
        if refusal is not None:
            await told(refusal)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _known_host(self, headers: Headers) -> bool:
        """A page that was rebound to this address still sends its own name."""
        named = headers.getlist("host")
        return len(named) == 1 and named[0].lower() in self.names.hosts

    def _foreign(self, method: str, path: str, headers: Headers) -> Refused | None:
        origins = headers.getlist("origin")
        if any(origin.lower() not in self.names.origins for origin in origins):
            return Refused("requests from other pages are refused")
        site = headers.get("sec-fetch-site", "none")
        inside = path.startswith("/api/") or method not in SAFE
        if site not in OWN_SITES and (inside or headers.get("sec-fetch-dest") != "document"):  # a link may be followed
            return Refused("requests from other pages are refused")
        if method not in SAFE and headers.get(OWN_HEADER) != "1":
            return Refused("the header X-Readingroom is missing", do="Send X-Readingroom: 1.")
        return None
