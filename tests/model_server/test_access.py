"""Host names against DNS rebinding, and addresses that others can reach."""

from __future__ import annotations

import socket

import httpx
import pytest

from readingroom.errors import BadRequest
from readingroom.model_server.serve import base_url, bind
from readingroom.model_server.server_settings import ServerSettings, settings_of
from tests.model_server.asking import ask_all, settings


def health(told: ServerSettings, host: str) -> int:
    return ask_all(told, lambda client: client.get("/", headers={"Host": host})).status_code


@pytest.mark.parametrize("host", ["127.0.0.1:5001", "localhost:5001", "LOCALHOST:5001", "[::1]:5001"])
def test_loopback_names_are_answered(host: str) -> None:
    assert health(settings(), host) == 200


@pytest.mark.parametrize(
    "host",
    ["evil.com", "evil.com:5001", "localhost.evil.com:5001", "127.0.0.1:80", "127.0.0.1", "127.0.0.1:5001.evil.com",
     "169.254.169.254:5001", "", "[::1", "user@127.0.0.1:5001"],
)  # fmt: skip
def test_other_names_are_not(host: str) -> None:
    assert health(settings(), host) == 421


def test_with_remote_named_hosts_alone_are_answered() -> None:
    told = settings(remote=True, hosts=("models.hospital.example",))
    assert health(told, "models.hospital.example") == 200
    assert health(told, "127.0.0.1:5001") == 421
    assert health(settings(remote=True), "anything") == 200


def test_no_cross_origin_is_let_in() -> None:
    answer = ask_all(settings(), lambda client: client.options("/score", headers={"Origin": "http://evil.com"}))
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answer.status_code == 405


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "::"])
def test_an_open_address_needs_to_be_asked_for(host: str) -> None:
    with pytest.raises(BadRequest, match="other machines"):
        bind(settings(), host)


def test_an_open_address_that_was_asked_for_is_bound() -> None:
    with bind(settings(remote=True), "0.0.0.0") as listener:
        assert base_url(listener).startswith("http://127.0.0.1:")


def test_a_port_that_is_taken_is_told() -> None:
    with bind(settings()) as listener:
        listener.listen()
        with pytest.raises(BadRequest, match="cannot be served"):
            bind(settings(), port=listener.getsockname()[1])


def test_accepted_connections_are_not_delayed() -> None:
    with bind(settings()) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_keys_are_random_and_long() -> None:
    one, other = settings_of(), settings_of()
    secrets = {
        secret.get_secret_value()
        for told in (one, other)
        for secret in (told.key, told.secondary_key, told.identity_header, told.access_token)
    }
    assert len(secrets) == 8
    assert min(map(len, secrets)) >= 43
    assert not any(secret in repr(one) + repr(other) for secret in secrets)


def test_settings_from_words() -> None:
    told = settings_of(models=("gigapath",), key="s3cret", answers="canned", limits={"latency": 0.5, "faults": None})
    assert told.models == ("gigapath",)
    assert told.key.get_secret_value() == "s3cret"
    assert (told.limits["gigapath"].latency, told.limits["gigapath"].faults) == (0.5, 0.0)
    for wrong in ({"models": ("gpt",)}, {"answers": "wise"}, {"key": ""}, {"limits": {"latency": -1.0}}):
        with pytest.raises(BadRequest):
            settings_of(**wrong)  # type: ignore[arg-type]


def test_health_and_swagger() -> None:
    told = settings("medimageinsight", "cxrreportgen")

    async def work(client: httpx.AsyncClient) -> list[httpx.Response]:
        paths = ("/", "/cxrreportgen/", "/gigapath/", "/cxrreportgen/swagger.json", "/gigapath/swagger.json")
        return [await client.get(path) for path in paths]

    health_, one, none, swagger, nothing = ask_all(told, work)
    assert (health_.text, one.text) == ("Healthy", "Healthy")
    assert (none.status_code, nothing.status_code) == (404, 404)
    assert swagger.json()["swagger"] == "2.0"
    assert "/score" in swagger.json()["paths"]
    columns = swagger.json()["definitions"]["ServiceInput"]["properties"]["input_data"]["properties"]["columns"]
    assert "frontal_image" in columns["items"]["enum"]
    bare = ask_all(told, lambda client: client.get("/cxrreportgen/swagger.json", headers={"Authorization": "Bearer x"}))
    assert bare.status_code == 401
