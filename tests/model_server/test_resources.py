"""What Azure's SDK asks before it scores, as it parses it; and the managed identity that opens these routes."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from readingroom.model_server.identity import IDENTITY_PATH
from readingroom.model_server.limits import Limits
from readingroom.model_server.resources import WORKSPACE
from readingroom.model_server.server_settings import ServerSettings
from tests.model_server.asking import BASE, KEY, ask_all, settings

TOLD = settings("medimageinsight", "cxrreportgen", limits=Limits(instances=2, concurrency=3))
ENDPOINT = f"{WORKSPACE}/onlineEndpoints/medimageinsight"
VERSION = {"api-version": "2022-02-01-preview"}


def ask(method: str, path: str, told: ServerSettings = TOLD, token: str | None = None) -> httpx.Response:
    bearer = told.access_token.get_secret_value() if token is None else token
    headers = {"Authorization": f"Bearer {bearer}"}
    return ask_all(told, lambda client: client.request(method, path, params=VERSION, headers=headers))


def test_an_endpoint_is_told_as_azure_tells_it() -> None:
    body: dict[str, Any] = ask("GET", ENDPOINT).json()
    assert body["id"] == ENDPOINT
    assert (body["name"], body["location"], body["kind"]) == ("medimageinsight", "local", "Managed")
    properties = body["properties"]
    assert properties["scoringUri"] == f"{BASE}/medimageinsight/score"
    assert properties["swaggerUri"] == f"{BASE}/medimageinsight/swagger.json"
    assert (properties["authMode"], properties["provisioningState"]) == ("Key", "Succeeded")
    assert properties["traffic"] == {"default": 100}
    assert body["identity"]["type"] == "SystemAssigned"


@pytest.mark.parametrize(
    "path",
    [
        ENDPOINT.replace("resourceGroups", "resourcegroups").replace("onlineEndpoints", "onlineendpoints"),
        ENDPOINT.replace("workspaces/local", "workspaces/elsewhere"),
        f"/mferp/managementfrontend{ENDPOINT}",
        f"{ENDPOINT}/",
    ],
)
def test_names_and_prefixes_as_clients_write_them(path: str) -> None:
    assert ask("GET", path).json()["name"] == "medimageinsight"


def test_all_endpoints_of_a_workspace() -> None:
    listed = ask("GET", f"{WORKSPACE}/onlineEndpoints").json()["value"]
    assert [item["name"] for item in listed] == ["medimageinsight", "cxrreportgen"]


def test_deployments_with_their_limits() -> None:
    (one,) = ask("GET", f"{ENDPOINT}/deployments").json()["value"]
    assert one["id"] == f"{ENDPOINT}/deployments/default"
    assert one["sku"]["capacity"] == 2
    assert one["properties"]["endpointComputeType"] == "Managed"
    assert one["properties"]["requestSettings"]["maxConcurrentRequestsPerInstance"] == 3
    assert ask("GET", f"{ENDPOINT}/deployments/default").json() == one
    assert ask("GET", f"{ENDPOINT}/deployments/green").status_code == 404


def test_keys_and_token() -> None:
    keys = ask("POST", f"{ENDPOINT}/listKeys").json()
    assert keys == {"primaryKey": KEY, "secondaryKey": TOLD.secondary_key.get_secret_value()}
    token = ask("POST", f"{ENDPOINT}/token").json()
    assert token["tokenType"] == "Bearer"
    assert time.time() < token["refreshAfterTimeUtc"] < token["expiryTimeUtc"]
    assert ask("POST", f"{ENDPOINT}/delete").status_code == 404


@pytest.mark.parametrize("path", [ENDPOINT, f"{ENDPOINT}/deployments", f"{WORKSPACE}/onlineEndpoints"])
def test_the_scoring_key_opens_no_resource(path: str) -> None:
    assert ask("GET", path, token=KEY).status_code == 401
    assert ask("POST", f"{ENDPOINT}/listKeys", token="").status_code == 401


def test_what_is_not_there_is_404() -> None:
    for path in (
        f"{WORKSPACE}/onlineEndpoints/gigapath",
        f"{WORKSPACE}/computes/x",
        "/subscriptions/x",
        f"{ENDPOINT}/x",
    ):
        assert ask("GET", path).status_code == 404


def identity(headers: dict[str, str], **query: str) -> httpx.Response:
    return ask_all(TOLD, lambda client: client.get(IDENTITY_PATH, params=query, headers=headers))


@pytest.mark.parametrize("name", ["X-IDENTITY-HEADER", "secret"])
def test_the_identity_hands_out_what_opens_the_resources(name: str) -> None:
    secret = TOLD.identity_header.get_secret_value()
    query = {"resource": "https://management.azure.com/", "api-version": "2019-08-01"}
    token = identity({name: secret}, **query).json()
    assert token["resource"] == "https://management.azure.com/"
    assert token["token_type"] == "Bearer"
    assert int(token["expires_on"]) > time.time() + 3000
    assert ask("GET", ENDPOINT, token=token["access_token"]).status_code == 200


def test_the_identity_asks_for_its_header_and_a_resource() -> None:
    assert identity({"X-IDENTITY-HEADER": "wrong"}, resource="x").status_code == 401
    assert identity({}, resource="x").status_code == 401
    assert identity({"X-IDENTITY-HEADER": TOLD.identity_header.get_secret_value()}).status_code == 400
