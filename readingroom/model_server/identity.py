"""A managed identity as App Service offers it: a local route that hands out the token for the resource routes."""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from readingroom.model_server.access import same
from readingroom.model_server.resources import TOKEN_SECONDS
from readingroom.model_server.server_settings import ServerSettings

IDENTITY_PATH = "/msi/token"
CLIENT = "00000000-0000-0000-0000-000000000000"


async def identity_token(request: Request) -> Response:
    """GET ?resource=..&api-version=2019-08-01 with X-IDENTITY-HEADER (2017-09-01: `secret`)."""
    settings: ServerSettings = request.app.state.settings
    given = request.headers.get("x-identity-header") or request.headers.get("secret") or ""
    if not same(given, settings.identity_header):
        return _refused(401, "the identity header is missing or wrong")
    resource = request.query_params.get("resource", "")
    if not resource:
        return _refused(400, "the query has no resource")
    now = int(time.time())
    return JSONResponse(
        {
            "access_token": settings.access_token.get_secret_value(),
            "client_id": CLIENT,
            "expires_on": str(now + TOKEN_SECONDS),
            "not_before": str(now),
            "resource": resource,
            "token_type": "Bearer",
        }
    )


def _refused(status: int, message: str) -> Response:
    return JSONResponse({"statusCode": status, "message": message}, status)
