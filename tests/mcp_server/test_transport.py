"""The server over HTTP: the token, the Host and Origin checks, and a client's session."""

from __future__ import annotations

import asyncio
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from readingroom.errors import BadRequest
from readingroom.mcp_server.offers import digests
from readingroom.mcp_server.transport import token_in
from tests.commands import ran
from tests.mcp_server.desks import command, given, workspace

HELLO = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}  # fmt: skip
ACCEPT = {"Accept": "application/json, text/event-stream"}


class Served(NamedTuple):
    url: str
    token: str

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("http")
    workspace(folder)
    how = command(folder, "--http", "--port", "0", "--token-file", str(folder / "token"))
    process = subprocess.Popen(
        [how.command, *how.args], env=how.env, cwd=how.cwd, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stderr
        url = process.stderr.readline().split()[-1]
        rest = threading.Thread(target=process.stderr.read, daemon=True)
        rest.start()
        yield Served(url, (folder / "token").read_text().strip())
        process.terminate()
        rest.join()


def test_a_client_lists_and_measures(served: Served) -> None:
    async def session() -> dict[str, object]:
        async with (
            httpx.AsyncClient(headers=served.bearer, timeout=60) as http,
            streamable_http_client(served.url, http_client=http) as (read, write, _),
            ClientSession(read, write) as client,
        ):
            await client.initialize()
            study = given(await client.call_tool("list_studies", {}))["studies"][0]["study"]
            return given(await client.call_tool("measure", {"study": study, "targets": ["heart"]}))

    assert "area" in str(asyncio.run(session()))


def test_nobody_asks_without_the_token(served: Served) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {served.token}"}):
        answer = httpx.post(served.url, json=HELLO, headers={**ACCEPT, **headers})
        assert answer.status_code == 401
        assert "readingroom" not in answer.text
    assert httpx.post(served.url, json=HELLO, headers={**ACCEPT, **served.bearer}).status_code == 200


@pytest.mark.parametrize("host", ["evil.com", "localhost.evil.com", "127.0.0.1:1", "127.0.0.1", ""])
def test_a_rebound_name_is_refused(served: Served, host: str) -> None:
    answer = httpx.post(served.url, json=HELLO, headers={**ACCEPT, **served.bearer, "Host": host})
    assert answer.status_code in (400, 403, 421)


def test_a_page_of_another_origin_is_refused(served: Served) -> None:
    for origin in ("https://evil.com", "null", served.url.removesuffix("/mcp")):
        answer = httpx.post(served.url, json=HELLO, headers={**ACCEPT, **served.bearer, "Origin": origin})
        assert answer.status_code == 403


def test_every_answer_has_its_headers(served: Served) -> None:
    for path in ("", "/nowhere"):
        answer = httpx.get(served.url + path, headers={**ACCEPT, **served.bearer, "mcp-session-id": "none"})
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "access-control-allow-origin" not in answer.headers


def test_a_body_that_is_too_large_is_refused(served: Served) -> None:
    answer = httpx.post(served.url, content=b" " * (2 << 20), headers={**ACCEPT, **served.bearer})
    assert answer.status_code == 413


def here(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command in this process."""
    places = {"READINGROOM_HOME": str(folder / "home"), "READINGROOM_CONFIG": str(folder / "config")}
    return ran("mcp", *words, places=places, folder=folder)


def test_other_machines_are_let_in_only_when_that_is_asked_for(tmp_path: Path) -> None:
    done = here(tmp_path, "--workspace", ".", "--http", "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2
    assert "can be reached from other machines" in done.stderr


def test_the_token_is_kept_from_others(tmp_path: Path) -> None:
    path = tmp_path / "token"
    first = token_in(path).get_secret_value()
    assert token_in(path).get_secret_value() == first
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(BadRequest, match="others can read the token"):
        token_in(path)


def test_descriptions_have_digests_that_no_study_changes(tmp_path: Path) -> None:
    told = here(tmp_path, "--digests")
    assert told.returncode == 0
    lines = [f"{digest}  {name}" for name, digest in digests().items()]
    assert told.stdout.splitlines() == lines
    assert all(re.fullmatch(r"[0-9a-f]{64}  \w+", line) for line in lines)


def test_a_port_that_is_none_is_refused(tmp_path: Path) -> None:
    told = here(tmp_path, "--http", "--port", "99999")
    assert told.returncode == 2
    assert "65535" in told.stderr
