"""The door: what leaves, to whom, what is written about it, and that there is no other."""

from __future__ import annotations

import ast
import asyncio
import base64
import dataclasses
import logging
from pathlib import Path

import pytest

from readingroom.errors import BadReply, BadRequest, EgressRefused, InputRefused, ReadingRoomError
from readingroom.tools.backends.endpoint.cache import ResponseCache
from readingroom.tools.backends.endpoint.quiet import NOISY
from readingroom.tools.contracts.ask import Ask
from tests.tools.backends.endpoint.asking import cleared, decode, endpoint, expected, texts
from tests.tools.backends.endpoint.published_stub import KEY, Answer, Stub, echo, refused_by_model
from tests.tools.backends.endpoint.tls import self_signed
from tests.tools.backends.endpoint.virtual_time import run

REPO = Path(__file__).resolve().parents[4]
NAME = "CANARY^PATIENT^NAME"


def image_ask(cell, text="chest"):
    return Ask("medimageinsight", ("image", "text"), ((cell, text),))


def sent(ask, stub=None):
    """What came or was raised, and the stub's calls."""

    async def main():
        async with stub or Stub() as serving:
            point = endpoint(serving.url, deployment="blue")
            try:
                return await point.score(ask, decode), serving.calls
            except ReadingRoomError as error:
                return error, serving.calls
            finally:
                await point.aclose()

    return run(main())


def test_a_cleared_image_leaves_as_the_contract_says():
    image = cleared()
    found, (call,) = sent(image_ask(image))
    assert found == expected("chest")
    assert call.method == "POST"
    assert call.target == "/score"
    assert base64.b64decode(call.rows[0][0]) == image.content
    assert call.headers["azureml-model-deployment"] == "blue"
    assert call.headers["content-type"] == "application/json"
    assert call.bearer == KEY
    assert "cookie" not in call.headers


PNG = base64.b64encode(cleared(size=32).content).decode()

REFUSED = {
    "bytes": image_ask(b"\x89PNG\r\n\x1a\n"),
    "an image as text": image_ask(PNG),
    "an image in the text": image_ask(cleared(), PNG),
    "an image in lines of 76": image_ask(cleared(), base64.encodebytes(cleared(size=32).content).decode()),
    "an image in pieces": image_ask(None, " ".join(PNG[at : at + 40] for at in range(0, len(PNG), 40))),
    "a data link": image_ask(None, "see data:image/png;base64,iVBO"),
    "hexadecimal": image_ask(None, cleared(size=32).content.hex()),
    "binary": image_ask(None, "abc\x00\x01def"),
    "latin-1 bytes": image_ask(None, cleared().content.decode("latin-1")),
    "an endless text": image_ask(None, "word " * 50_000),
    "a blob in the params": Ask("medimageinsight", ("text",), (("x",),), {"note": {"deep": [PNG]}}),
    "changed after clearing": image_ask(dataclasses.replace(cleared(), content=cleared(1).content)),
    "not what it says": image_ask(dataclasses.replace(cleared(), media="application/gzip")),
    "a look-alike": image_ask(type("Cleared", (), {"content": b"", "sha256": "", "media": "image/png"})()),
}


@pytest.mark.parametrize("ask", REFUSED.values(), ids=REFUSED)
def test_what_may_not_leave_does_not(ask):
    found, calls = sent(ask)
    assert isinstance(found, EgressRefused)
    assert calls == []
    assert PNG[:20] not in str(found)


@pytest.mark.parametrize(
    "text",
    [
        "x-ray chest anteroposterior Atelectasis.", "None", "", "-" * 300, "line one\nline two\t3 mm",
        "1.2.840.113619.2.55.3.604688119.971.1268829348.300 " * 9,
        "Pneumonoultramicroscopicsilicovolcanoconiosis " * 40, "肺炎が疑われる。" * 200,
        "https://example.org/a/very/long/path/with-many-words/and_numbers/123456789 " * 2,
    ],
)  # fmt: skip
def test_texts_may_leave(text):
    found, _ = sent(image_ask(None, text))
    assert found == expected(text)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_the_bearer_goes_nowhere_else(status):
    async def main():
        async with Stub() as elsewhere, Stub(behave=lambda _: Answer(status, b"", {"Location": elsewhere.url})) as stub:
            point = endpoint(stub.url)
            with pytest.raises(EgressRefused, match="redirect"):
                await point.score(texts("chest"), decode)
            await point.aclose()
            assert (len(stub.calls), len(elsewhere.calls)) == (1, 0)

    run(main())


def test_cookies_are_not_kept():
    stub = Stub(behave=lambda call: dataclasses.replace(echo(call), headers={"Set-Cookie": "a=b; Path=/"}))

    async def main():
        async with stub:
            point = endpoint(stub.url)
            for text in "ab":
                await point.score(texts(text), decode)
            await point.aclose()

    run(main())
    assert not any("cookie" in call.headers for call in stub.calls)


def test_the_environments_proxy_is_not_used_but_the_configured_one_is(monkeypatch):
    async def main():
        async with Stub() as stub, Stub() as proxy:
            for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
                monkeypatch.setenv(name, proxy.url)
            point = endpoint(stub.url)
            await point.score(texts("a"), decode)
            assert (len(stub.calls), len(proxy.calls)) == (1, 0)
            await point.aclose()
            point = endpoint(stub.url, proxy=f"http://127.0.0.1:{proxy.port}")
            await point.score(texts("b"), decode)
            assert (len(stub.calls), len(proxy.calls)) == (1, 1)
            await point.aclose()

    run(main())


def test_f11_a_certificate_that_does_not_hold_is_refused_at_once(tmp_path):
    context, _ = self_signed(tmp_path)
    connections = []

    async def main():
        async with Stub(tls=context) as stub:
            serve = stub._serve

            async def counted(reader, writer):
                connections.append(1)
                await serve(reader, writer)

            stub._serve = counted
            point = endpoint(stub.url)
            with pytest.raises(EgressRefused, match="certificate does not hold"):
                await point.score(texts("chest"), decode)
            assert asyncio.get_running_loop().time() == 0, "it was tried again"
            assert stub.calls == []
            await point.aclose()

    run(main())
    assert connections == [], "no handshake was finished"


def test_a_private_authority_named_in_the_environment_is_trusted(tmp_path, monkeypatch):
    context, pem = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))

    async def main():
        async with Stub(tls=context) as stub:
            point = endpoint(stub.url)
            found = await point.score(texts("chest"), decode)
            await point.aclose()
            return found

    assert run(main()) == expected("chest")


def test_host_size_and_digest_are_logged_and_nothing_else(caplog):
    caplog.set_level(logging.INFO)
    sent(image_ask(cleared(), NAME))
    (record,) = [record for record in caplog.records if record.name == "readingroom.egress"]
    host, size, digest = record.args
    assert host == "127.0.0.1"
    assert size > 100
    assert len(digest) == 64
    assert NAME not in record.getMessage()


CANARY_SCRIPTS = {
    "answered": [],
    "throttled": [Answer(429, NAME.encode(), {"Retry-After": "1", "x-note": NAME})],
    "failed": [Answer(503, NAME.encode(), {"x-note": NAME})],
    "refused": [refused_by_model(400)],
    "bad": [Answer(body=f'[{{"text_features": "{NAME}"}}]'.encode())] * 2,
    "not JSON": [Answer(body=f'["{NAME}", '.encode())] * 2,
    "unauthorised": [Answer(401, NAME.encode())],
    "redirect": [Answer(302, b"", {"Location": f"http://example.org/{NAME}"})],
    "broken": [Answer(raw=lambda writer: asyncio.sleep(0, writer.write(f"HTTP/1.1 200 OK\r\n{NAME}".encode())))],
}


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO, logging.WARNING, 1])
@pytest.mark.parametrize("script", CANARY_SCRIPTS)
def test_no_secret_and_no_name_in_logs_errors_or_file_names(level, script, caplog, tmp_path):
    for name in ("", *loggers_of_libraries(), "readingroom", "asyncio"):
        caplog.set_level(level, logger=name or None)

    async def main():
        asyncio.get_running_loop().set_debug(level <= logging.DEBUG)
        async with Stub(script=list(CANARY_SCRIPTS[script])) as stub:
            point = endpoint(stub.url + f"?who={NAME}&code=url-secret-77", cache=ResponseCache(tmp_path))
            to = await point._calls.location.destination()
            told = [repr(point), repr(point.model), repr(vars(point)), repr(to), repr(point._calls._config.key)]
            try:
                told.append(repr(await point.score(texts(f"report of {NAME}"), decode)))
            except ReadingRoomError as error:
                told += [str(error), repr(error), repr(error.__cause__), repr(error.__context__ and error.args)]
            await point.aclose()
            return told

    told = run(main())
    told += [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")]
    told += [record.getMessage() + repr(record.args) + str(record.exc_info) for record in caplog.records]
    everything = "\n".join(told)
    for canary in (NAME, KEY, "url-secret-77", base64.b64encode(KEY.encode()).decode()):
        assert canary not in everything, script


def test_the_libraries_would_have_written_secrets(caplog):
    """The canaries above can fail: without the filter the URL is in the log of httpx."""
    import httpx  # noqa: PLC0415

    caplog.set_level(logging.DEBUG, logger="httpx")

    async def main():
        async with Stub() as stub, httpx.AsyncClient() as client:
            await client.get(stub.url + "?code=url-secret-77")

    run(main())
    assert "url-secret-77" in caplog.text, "what others do with httpx is still logged"


def loggers_of_libraries():
    held = logging.root.manager.loggerDict
    return [name for name in held if name.split(".")[0] in NOISY and isinstance(held[name], logging.Logger)]


SOURCES = [
    path
    for room in ("readingroom", "agents", "tools", "prompts", "workflows")
    for path in (REPO / room).rglob("*.py")
    if not any(parent.is_symlink() for parent in path.parents)
]
SENDING = ("handle_async_request", "send", "post", "stream", "request", "AsyncClient", "Client")
OUTSIDE = {"requests", "urllib3", "aiohttp", "http", "ftplib", "smtplib", "socket", "httpcore"}


def imported(tree):
    """Every module that a file imports, and its first part."""
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        for name in names:
            yield from (name, name.split(".")[0])


LISTENING = {"readingroom/web/serving.py": {"socket"}, "readingroom/web/refusals.py": {"http"}}
"""A socket that is bound and the names of statuses: neither connects."""
ARCHIVES = {"readingroom/index/qdrant.py"}
"""The user's own database of vectors: pseudonyms and numbers go there, never pixels; https, or this machine."""


def test_there_is_one_door():
    """httpx only in this folder, nothing else that connects, and only egress.py hands a request to a transport."""
    doors = set()
    for path in SOURCES:
        place = path.relative_to(REPO).as_posix()
        source = path.read_text(encoding="utf-8")
        here = place.startswith("tools/backends/endpoint/")
        if not here and not any(name in source for name in (*OUTSIDE, "httpx", "urllib")):
            continue
        tree = ast.parse(source)
        names = set(imported(tree))
        assert here or place in ARCHIVES or "httpx" not in names, f"{place} imports httpx"
        if not place.startswith("readingroom/model_server/"):
            names -= LISTENING.get(place, set())
            assert not names & (OUTSIDE | {"urllib.request", "http.client"}), f"{place} can connect by itself"
        for node in ast.walk(tree) if here else ():
            if isinstance(node, ast.Attribute) and node.attr in SENDING:
                doors.add((place, node.attr))
    assert doors == {
        ("tools/backends/endpoint/egress.py", "handle_async_request"),
        ("tools/backends/endpoint/reading.py", "stream"),
    }


def test_an_answer_in_a_coding_that_was_not_asked_for():
    found, _ = sent(texts("a"), Stub(behave=lambda _: Answer(body=b"x", headers={"Content-Encoding": "br"})))
    assert isinstance(found, BadReply)


def test_the_models_reason_is_not_shown():
    answer = refused_by_model(400)
    answer.headers["ms-azureml-model-error-reason"] = NAME
    found, _ = sent(texts("a"), Stub(behave=lambda _: answer))
    assert isinstance(found, InputRefused)
    assert NAME not in str(found)
    assert "the model's 400" in str(found)


def test_a_proxys_password_is_not_repeated():
    with pytest.raises(BadRequest) as caught:
        endpoint("https://host/score", proxy="gopher://me:proxy-secret@host")
    assert "proxy-secret" not in str(caught.value)
