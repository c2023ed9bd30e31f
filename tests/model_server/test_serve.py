"""Over a real socket: clients that keep connections, clients that go away, and what is printed for them to know."""

from __future__ import annotations

import http.client
import json
import socket
from urllib.parse import urlsplit

import httpx
import pytest

from readingroom.model_server import base_url, bind, build_app, environment, environment_lines, serving
from readingroom.model_server.limits import Limits
from readingroom.settings import Settings
from readingroom.tools.backends.classical.backend import ClassicalBackend
from readingroom.tools.contracts.model_ids import MODEL_IDS
from tests.model_server.asking import KEY, grey, png, rows, settings

BODY = rows(["image", "text"], [png(grey()), "x-ray chest"])
HEADERS = {"Authorization": f"Bearer {KEY}"}


def test_one_connection_serves_many_requests_and_every_refusal() -> None:
    told = settings(limits=Limits(concurrency=2), body_bytes=100_000)
    with serving(build_app(ClassicalBackend, told), told) as base, httpx.Client(base_url=base) as client:
        assert client.get("/").text == "Healthy"
        answers = [client.post("/score", json=BODY, headers=headers) for headers in (HEADERS, {}, HEADERS)]
        assert [answer.status_code for answer in answers] == [200, 401, 200]
        assert answers[0].json() == answers[2].json()
        assert "server" not in answers[0].headers
        large = client.post("/score", content=b"x" * 300_000, headers=HEADERS)
        assert large.status_code == 413
        assert client.post("/score", json=BODY, headers=HEADERS).status_code == 200


def test_a_client_that_goes_away_leaves_its_place() -> None:
    told = settings(limits=Limits(latency=0.02), answers="canned")
    with serving(build_app(ClassicalBackend, told), told) as base:
        place = urlsplit(base)
        for _ in range(5):
            with socket.create_connection((place.hostname, place.port)) as half:
                head = f"POST /score HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {KEY}\r\n"
                half.sendall(f"{head}Content-Length: 1000\r\n\r\n{{".encode())
        with httpx.Client(base_url=base, headers=HEADERS) as client:
            statuses = [client.post("/score", json=BODY).status_code for _ in range(3)]
        assert statuses[-1] == 200


def test_a_body_in_chunks_without_a_length_is_read() -> None:
    told = settings(answers="canned")
    with serving(build_app(ClassicalBackend, told), told) as base:
        body = json.dumps(BODY).encode()
        chunks = (body[start : start + 500] for start in range(0, len(body), 500))
        assert httpx.post(f"{base}/score", content=chunks, headers=HEADERS).status_code == 200


def test_a_rebound_name_is_refused_on_the_wire() -> None:
    told = settings()
    with serving(build_app(ClassicalBackend, told), told) as base:
        place = urlsplit(base)
        connection = http.client.HTTPConnection(str(place.hostname), place.port)
        connection.request("GET", "/", headers={"Host": f"evil.com:{place.port}"})
        assert connection.getresponse().status == 421
        connection.close()


def test_what_is_printed_leads_to_the_endpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    told = settings(*MODEL_IDS)
    with bind(told) as listener:
        base = base_url(listener)
        named = environment(told, base)
        lines = environment_lines(told, base).splitlines()
    assert lines == [f"export {name}={value}" for name, value in named.items()]
    assert named["MI2_MODEL_ENDPOINT"].endswith("/onlineEndpoints/medimageinsight")
    assert named["AZUREML_DEV_URL_MFE"] == base
    assert named["IDENTITY_ENDPOINT"] == f"{base}/msi/token"
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    for model, config in Settings().endpoints.items():
        assert config.address == f"{base}/{model}/score"
        assert config.key is not None
        assert config.key.get_secret_value() == KEY
    assert set(Settings().endpoints) == set(MODEL_IDS)
