"""The front of the server: the page's files and the door, at once; the API behind them as soon as it is loaded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from readingroom.errors import ReadingRoomError
from readingroom.web import refusals
from readingroom.web.cookie import set_cookie
from readingroom.web.guard import Guard, Names
from readingroom.web.headers import SecurityHeaders
from readingroom.web.refusals import NotHere
from readingroom.web.sessions import Doors

API = "/api/v1"
PAGE = Path(__file__).parent / "page"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
    ".map": "application/json",
}
"""Files of the page; one of another kind is not served."""


@dataclass
class Entrance:
    """Who comes in, and who wants to hear of it."""

    doors: Doors
    address: str
    """http://127.0.0.1:8765: what links begin with."""
    on_entered: list[Callable[[], None]] = field(default_factory=list)
    """Called whenever a link was used up."""

    def link(self, session: str = "") -> str:
        """A new one-use link; into a session of its own unless one is named. Raises TooMuch."""
        return f"{self.address}/enter?token={self.doors.token(session)}"


def build_app(entrance: Entrance, names: Names, api: Callable[[], Awaitable[ASGIApp]]) -> ASGIApp:
    """The whole server; headers outermost, so that they are on every answer. `api` gives the API once it is there."""

    async def behind(scope: Scope, receive: Receive, send: Send) -> None:
        await (await api())(scope, receive, send)

    app = Starlette(
        routes=[
            Route("/enter", _entered, methods=["GET"]),
            Mount(API, app=behind),
            Route("/{path:path}", _asset, methods=["GET"]),
        ],
        middleware=[Middleware(Guard, names=names)],
        exception_handlers={
            ReadingRoomError: refusals.ours,
            HTTPException: refusals.http,
            Exception: refusals.broken,
        },
    )
    app.state.entrance = entrance
    return SecurityHeaders(app)


async def _entered(request: Request) -> Response:
    """A one-use link becomes a cookie that no script can read and no other site can send."""
    entrance: Entrance = request.app.state.entrance
    address = request.client.host if request.client else ""
    _, cookie = entrance.doors.enter(request.query_params.get("token", ""), address)
    answer = RedirectResponse("/", 303)
    set_cookie(answer, request, cookie)
    for told in tuple(entrance.on_entered):
        told()
    return answer


async def _asset(request: Request) -> Response:
    """A file of the page; it holds nothing of anybody, so it needs no session."""
    named = request.path_params["path"] or "index.html"
    path = (PAGE / named).resolve()
    kind = TYPES.get(path.suffix)
    if not path.is_relative_to(PAGE.resolve()) or kind is None or not path.is_file():
        raise NotHere("there is nothing at this address")
    return FileResponse(path, media_type=kind, headers={"cache-control": "no-cache"})
