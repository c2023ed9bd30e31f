"""The API as an app of its own: its routes, who may ask, and how errors are told."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from readingroom.errors import ReadingRoomError
from readingroom.web import refusals
from readingroom.web.cookie import cookie_name
from readingroom.web.house import House, house_of
from readingroom.web.openapi import document
from readingroom.web.operations import OPERATIONS, Handler


def build_api(house: House) -> Starlette:
    """All operations below API, for those who entered."""
    routes = [Route("/openapi.json", _known(_openapi), methods=["GET"])]
    routes += [Route(one.path, _known(one.handler), methods=[one.method]) for one in OPERATIONS]
    api = Starlette(
        routes=routes,
        exception_handlers={
            ReadingRoomError: refusals.ours,
            HTTPException: refusals.http,
            Exception: refusals.broken,
        },
    )
    api.state.house = house
    return api


def _known(handler: Handler) -> Handler:
    """Only for those who entered."""

    async def answered(request: Request) -> Response:
        request.state.session = house_of(request).doors.session(request.cookies.get(cookie_name(request), ""))
        return await handler(request)

    return answered


async def _openapi(request: Request) -> Response:
    del request
    return JSONResponse(document())
