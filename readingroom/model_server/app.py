"""The server's routes: scoring, swagger and health of each endpoint, and what Azure's SDK asks before it scores."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from readingroom.model_server import refusals
from readingroom.model_server.access import HostCheck, bears
from readingroom.model_server.answers import answerer
from readingroom.model_server.identity import IDENTITY_PATH, identity_token
from readingroom.model_server.resources import resource
from readingroom.model_server.scoring import Endpoint
from readingroom.model_server.server_settings import ServerSettings
from readingroom.model_server.swagger import swagger
from readingroom.tools.backends.protocol import Backend

LOG = logging.getLogger("readingroom.model_server")


def build_app(open_backend: Callable[[], Backend], settings: ServerSettings) -> Starlette:
    """The whole server over a backend, which is opened anew for every request: backends may keep a study's readings.

    To share one, give `lambda: backend`.
    """
    routes = [
        Route("/", _health),
        Route("/score", _score, methods=["POST"]),
        Route(IDENTITY_PATH, identity_token),
        Route("/subscriptions/{rest:path}", resource, methods=["GET", "POST"]),
        Route("/mferp/managementfrontend/subscriptions/{rest:path}", resource, methods=["GET", "POST"]),
        Route("/{endpoint}/", _health),
        Route("/{endpoint}/score", _score, methods=["POST"]),
        Route("/{endpoint}/swagger.json", _swagger),
    ]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(HostCheck, settings=settings)],
        exception_handlers={404: _not_found, Exception: _broken},
    )
    app.state.settings = settings
    app.state.endpoints = {
        model: Endpoint(model, settings.limits[model], answerer(model, open_backend, settings.answers))
        for model in settings.models
    }
    return app


def _endpoint(request: Request) -> Endpoint | None:
    """The one named in the path; without a name the only one there is."""
    endpoints: dict[str, Endpoint] = request.app.state.endpoints
    named = request.path_params.get("endpoint")
    if named is not None:
        return endpoints.get(named.lower())
    return next(iter(endpoints.values())) if len(endpoints) == 1 else None


async def _score(request: Request) -> Response:
    endpoint = _endpoint(request)
    return refusals.not_found() if endpoint is None else await endpoint.score(request, request.app.state.settings)


async def _health(request: Request) -> Response:
    known = "endpoint" not in request.path_params or _endpoint(request) is not None
    return PlainTextResponse("Healthy") if known else refusals.not_found()


async def _swagger(request: Request) -> Response:
    settings: ServerSettings = request.app.state.settings
    if not bears(request.headers, *settings.credentials):
        return refusals.unauthorised()
    endpoint = _endpoint(request)
    return refusals.not_found() if endpoint is None else JSONResponse(swagger(endpoint.model))


async def _not_found(request: Request, error: Exception) -> Response:
    del request, error
    return refusals.not_found()


async def _broken(request: Request, error: Exception) -> Response:
    """A bug: told as the model's own failure, logged by kind and place. Its text may hold what was sent."""
    del request
    place = traceback.extract_tb(error.__traceback__)[-1]
    LOG.error("%s at %s:%s", type(error).__name__, place.filename.rsplit("/", 1)[-1], place.lineno)
    return refusals.model_failed(500, "the model failed")
