"""The routes by which Azure's own SDK finds an endpoint: resource, deployments, keys and token, as ARM answers them."""

from __future__ import annotations

import re
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from readingroom.model_server import refusals
from readingroom.model_server.access import bears
from readingroom.model_server.limits import Limits
from readingroom.model_server.server_settings import ServerSettings
from readingroom.tools.contracts.model_ids import ModelId

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
WORKSPACE = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/readingroom"
    "/providers/Microsoft.MachineLearningServices/workspaces/local"
)
"""Where the printed resource IDs say that the endpoints are; any other subscription, group or workspace works too."""

_RESOURCE = re.compile(
    r"(?P<workspace>/subscriptions/[^/]+/resourceGroups/[^/]+"
    r"/providers/Microsoft\.MachineLearningServices/workspaces/[^/]+)"
    r"/onlineEndpoints(/(?P<name>[^/]+)(/(?P<what>deployments|listKeys|token)(/(?P<deployment>[^/]+))?)?)?/?",
    re.IGNORECASE,
)  # fmt: skip
_KIND = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
_MADE = {
    "createdAt": "2026-01-01T00:00:00+00:00", "createdBy": "readingroom", "createdByType": "Application",
    "lastModifiedAt": "2026-01-01T00:00:00+00:00", "lastModifiedBy": "readingroom",
    "lastModifiedByType": "Application",
}  # fmt: skip
TOKEN_SECONDS = 3600
"""Life of a token that is handed out; refreshing is asked for after half of it."""


async def resource(request: Request) -> Response:
    """Everything under /subscriptions: GET of endpoints and deployments, POST of listKeys and token."""
    settings: ServerSettings = request.app.state.settings
    if not bears(request.headers, settings.access_token):
        return refusals.unauthorised()
    found = _RESOURCE.fullmatch(request.url.path[request.url.path.lower().index("/subscriptions/") :])
    model = next((m for m in settings.models if found and m == (found["name"] or "").lower()), None)
    if found is None or (found["name"] and model is None):
        return refusals.not_found("there is no such resource")
    base = str(request.base_url).rstrip("/")
    what = (found["what"] or "").lower()
    if request.method == "POST":
        return _secrets(what, settings)
    if model is None:
        every = [_endpoint(found["workspace"], name, base, settings) for name in settings.models]
        return JSONResponse({"value": every, "nextLink": None})
    if what == "deployments":
        return _deployments(found["workspace"], model, found["deployment"], settings)
    return refusals.not_found() if what else JSONResponse(_endpoint(found["workspace"], model, base, settings))


def _secrets(what: str, settings: ServerSettings) -> Response:
    if what == "listkeys":
        pair = (settings.key.get_secret_value(), settings.secondary_key.get_secret_value())
        return JSONResponse({"primaryKey": pair[0], "secondaryKey": pair[1]})
    if what == "token":
        now = int(time.time())
        return JSONResponse(
            {
                "accessToken": settings.access_token.get_secret_value(),
                "expiryTimeUtc": now + TOKEN_SECONDS,
                "refreshAfterTimeUtc": now + TOKEN_SECONDS // 2,
                "tokenType": "Bearer",
            }
        )
    return refusals.not_found("there is no such action")


def _endpoint(workspace: str, model: ModelId, base: str, settings: ServerSettings) -> dict[str, Any]:
    return {
        "id": f"{workspace}/onlineEndpoints/{model}",
        "name": model,
        "type": _KIND,
        "kind": "Managed",
        "location": "local",
        "tags": {},
        "identity": {"type": "SystemAssigned", "principalId": SUBSCRIPTION, "tenantId": SUBSCRIPTION},
        "systemData": _MADE,
        "properties": {
            "authMode": settings.auth_mode,
            "description": f"{model} contract, served by readingroom",
            "properties": {},
            "provisioningState": "Succeeded",
            "publicNetworkAccess": "Enabled",
            "scoringUri": f"{base}/{model}/score",
            "swaggerUri": f"{base}/{model}/swagger.json",
            "traffic": {settings.deployment: 100},
            "mirrorTraffic": {},
        },
    }


def _deployments(workspace: str, model: ModelId, named: str | None, settings: ServerSettings) -> Response:
    one = _deployment(workspace, model, settings.limits[model], settings.deployment)
    if named is None:
        return JSONResponse({"value": [one], "nextLink": None})
    return JSONResponse(one) if named.lower() == settings.deployment.lower() else refusals.not_found()


def _deployment(workspace: str, model: ModelId, limits: Limits, name: str) -> dict[str, Any]:
    return {
        "id": f"{workspace}/onlineEndpoints/{model}/deployments/{name}",
        "name": name,
        "type": f"{_KIND}/deployments",
        "kind": "Managed",
        "location": "local",
        "tags": {},
        "sku": {"name": "Default", "capacity": limits.instances},
        "systemData": _MADE,
        "properties": {
            "endpointComputeType": "Managed",
            "instanceType": "local",
            "provisioningState": "Succeeded",
            "appInsightsEnabled": False,
            "egressPublicNetworkAccess": "Enabled",
            "properties": {},
            "requestSettings": {
                "maxConcurrentRequestsPerInstance": limits.concurrency,
                "maxQueueWait": "PT0.5S",
                "requestTimeout": f"PT{limits.timeout:g}S",
            },
            "scaleSettings": {"scaleType": "Default"},
        },
    }
