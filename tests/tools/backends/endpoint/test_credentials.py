"""F26: tokens renewed before they end, once when refused, by one call for everyone; and ARM resource IDs."""

from __future__ import annotations

import asyncio
import json

import pytest

from readingroom.errors import BadRequest, NotAuthorised, Unavailable
from readingroom.tools.backends.endpoint.address import address_of, place_of, token_of
from readingroom.tools.backends.endpoint.credentials import Renewed, Token
from tests.tools.backends.endpoint.asking import decode, endpoint, expected, texts
from tests.tools.backends.endpoint.published_stub import Answer, Stub, echo
from tests.tools.backends.endpoint.virtual_time import run

RESOURCE = (
    "/subscriptions/0-1/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/w/onlineEndpoints/mi2"
)
WALL = 1_800_000_000.0


class Azure:
    """The resource manager, an App Service identity and the endpoint in one stub, as the published pages tell them."""

    def __init__(self, auth="Key", lasts=3600):
        self.auth, self.lasts = auth, lasts
        self.stub = Stub(behave=self.answer, keys=set())
        self.made = {"arm": 0, "secret": 0}
        self.good = "none"
        self.scored = 0

    def answer(self, call):
        path, _, query = call.target.partition("?")
        if path == "/msi":
            assert call.headers["x-identity-header"] == "identity-secret"
            self.made["arm"] += 1
            told = {"access_token": "arm-token", "expires_on": str(int(WALL) + 7200), "token_type": "Bearer"}
            told["resource"] = "https://management.azure.com"
            return Answer(body=json.dumps(told).encode())
        if path.startswith("/subscriptions"):
            assert query == "api-version=2022-02-01-preview"
            if call.bearer != "arm-token":
                return Answer(401, b"")
            return self.managed(call, path)
        assert path == "/score"
        self.scored += 1
        return echo(call) if call.bearer == self.good else Answer(401, b"")

    def managed(self, call, path):
        if path == RESOURCE and call.method == "GET":
            told = {"properties": {"scoringUri": self.stub.url, "authMode": self.auth}}
        elif (
            path == RESOURCE + {"Key": "/listKeys", "AMLToken": "/token"}.get(self.auth, "-") and call.method == "POST"
        ):
            self.made["secret"] += 1
            self.good = f"secret-{self.made['secret']}"
            now = WALL + asyncio.get_running_loop().time()
            told = {"primaryKey": self.good, "secondaryKey": "other"}
            if self.auth == "AMLToken":
                told = {"accessToken": self.good, "expiryTimeUtc": now + self.lasts, "tokenType": "Bearer"}
                told["refreshAfterTimeUtc"] = now + self.lasts / 2
        else:
            return Answer(404, b"")
        return Answer(body=json.dumps(told).encode())


@pytest.fixture
def identity(monkeypatch):
    pytest.importorskip("azure.identity", reason="the extra `azure` is not installed")
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)

    def point_at(stub):
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{stub.port}/msi")
        monkeypatch.setenv("IDENTITY_HEADER", "identity-secret")

    return point_at


def arm_endpoint(azure, **config):
    config = {"key": None, "arm": f"http://127.0.0.1:{azure.stub.port}", **config}
    return endpoint(RESOURCE, clock=lambda: WALL + asyncio.get_running_loop().time(), **config)


@pytest.mark.parametrize("auth", ["Key", "AMLToken"])
def test_a_resource_id_is_resolved_once_for_all(identity, auth):
    async def main():
        azure = Azure(auth)
        async with azure.stub:
            identity(azure.stub)
            point = arm_endpoint(azure)
            rows = await asyncio.gather(*(point.score(texts(str(number)), decode) for number in range(20)))
            await point.aclose()
        assert rows == [expected(str(number)) for number in range(20)]
        assert azure.made == {"arm": 1, "secret": 1}
        assert azure.scored == 20

    run(main())


def test_f26_a_refused_token_is_renewed_once_and_the_requests_replayed(identity):
    async def main():
        azure = Azure("AMLToken")
        async with azure.stub:
            identity(azure.stub)
            point = arm_endpoint(azure)
            await asyncio.gather(*(point.score(texts(str(number)), decode) for number in range(30)))
            azure.good = "revoked"
            before = azure.scored
            rows = await asyncio.gather(*(point.score(texts(f"x{number}"), decode) for number in range(30)))
            await point.aclose()
        assert rows == [expected(f"x{number}") for number in range(30)]
        assert azure.made["secret"] == 2, "one renewal for all"
        assert azure.scored - before <= 30 + 30
        scoring = [call for call in azure.stub.calls if call.target == "/score"]
        assert all(call.bearer in ("secret-1", "secret-2") for call in scoring), "another token went to the endpoint"

    run(main())


def test_f26_a_token_is_renewed_before_it_ends(identity):
    async def main():
        azure = Azure("AMLToken", lasts=3600)
        async with azure.stub:
            identity(azure.stub)
            point = arm_endpoint(azure)
            await point.score(texts("a"), decode)
            await asyncio.sleep(1700)
            await point.score(texts("b"), decode)
            assert azure.made["secret"] == 1
            await asyncio.sleep(200)
            await point.score(texts("c"), decode)
            assert azure.made["secret"] == 2
            assert azure.scored == 3, "no call was refused"
            await point.aclose()

    run(main())


def test_f26_a_second_refusal_ends_as_not_authorised(identity):
    async def main():
        azure = Azure("Key")
        async with azure.stub:
            identity(azure.stub)
            point = arm_endpoint(azure)
            azure.stub.behave = lambda call: Answer(401, b"") if call.target == "/score" else azure.answer(call)
            with pytest.raises(NotAuthorised, match="refuses these credentials") as caught:
                await point.score(texts("a"), decode)
            assert "secret-" not in str(caught.value)
            assert sum(call.target == "/score" for call in azure.stub.calls) == 2
            await point.aclose()

    run(main())


@pytest.mark.parametrize("status", [401, 403])
def test_f26_a_configured_key_is_tried_once(status):
    async def main():
        async with Stub(behave=lambda _: Answer(status, b"")) as stub:
            point = endpoint(stub.url)
            with pytest.raises(NotAuthorised) as caught:
                await point.score(texts("a"), decode)
            assert len(stub.calls) == 1
            await point.aclose()
            return str(caught.value)

    assert "the-primary-key" not in run(main())


def test_entra_tokens_score_where_no_key_is_set(identity):
    async def main():
        azure = Azure()
        azure.good = "arm-token"
        async with azure.stub:
            identity(azure.stub)
            point = endpoint(azure.stub.url, key=None, clock=lambda: WALL)
            assert await point.score(texts("a"), decode) == expected("a")
            asked = next(call.target for call in azure.stub.calls if call.target.startswith("/msi"))
            assert "ml.azure.com" in asked
            await point.aclose()

    run(main())


def test_renewal_is_one_call_and_an_old_token_serves_while_it_fails():
    async def main():
        fetched, fail = [], False

        async def fetch():
            fetched.append(1)
            await asyncio.sleep(1)
            if fail:
                raise Unavailable("no token service")
            return Token(f"t{len(fetched)}", WALL + 100, WALL + 50)

        now = WALL
        renewed = Renewed(fetch, "here", lambda: now)
        assert set(await asyncio.gather(*(renewed.bearer() for _ in range(100)))) == {"t1"}
        assert len(fetched) == 1
        fail, now = True, WALL + 60
        assert await renewed.bearer() == "t1", "it still holds"
        now = WALL + 101
        with pytest.raises(Unavailable):
            await renewed.bearer()
        fail = False
        assert set(await asyncio.gather(*(renewed.bearer("t1") for _ in range(100)))) == {"t4"}

    run(main())


@pytest.mark.parametrize(
    "address",
    [
        "ftp://host/score", "https:///score", "https://user:pass@host/score", "http://example.org/score", "host/score",
        "/subscriptions/0/resourceGroups/rg", RESOURCE + "/../../x", RESOURCE + "?x=1", "https://host/score#x", "",
        "http://127.0.0.1.example.org/score", "https://ho st/score", "https://host:port/score",
    ],
)  # fmt: skip
def test_addresses_that_cannot_be(address):
    with pytest.raises(BadRequest):
        address_of(address, "https://management.azure.com")


def test_addresses_that_can():
    assert address_of("https://e.r.inference.ml.azure.com", "https://x") == "https://e.r.inference.ml.azure.com/score"
    assert address_of("http://[::1]:80/score", "https://x") == "http://[::1]:80/score"
    found = address_of(RESOURCE.lower().replace("resourcegroups", "RESOURCEGROUPS"), "https://management.azure.com/")
    assert found.route("/token").startswith("https://management.azure.com/subscriptions/0-1/RESOURCEGROUPS/")
    with pytest.raises(BadRequest):
        address_of(RESOURCE, "http://arm.example.org")


def test_tokens_and_places_are_read_in_each_documented_form():
    assert token_of(b'{"access_token": "t", "expiry_time_utc": 20, "refresh_after_time_utc": 10}') == Token("t", 20, 10)
    iso = token_of(
        b'{"accessToken": "t", "expiryTimeUtc": "1970-01-01T00:00:20Z", "refreshAfterTimeUtc": "1970-01-01T00:00:30"}'
    )
    assert iso == Token("t", 20, 20)
    with pytest.raises(BadRequest):
        place_of(b'{"properties": {"scoringUri": "http://elsewhere.example.org/score", "authMode": "Key"}}')
