"""`readingroom mcp-tools` with a server that another library made: pinned, listed, changed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from readingroom.settings import load_settings
from readingroom.tools.borrowed.server import BorrowedServer
from readingroom.tools.borrowed.session import opened
from tests.commands import ran as ran_at

pytest.importorskip("mcp", reason="the server of these tests is made with the extra `mcp`")

SERVER = '''
from mcp.server.fastmcp import FastMCP

server = FastMCP("handbook")


@server.tool()
def lookup(term: str, edition: int = 9, part: str | None = None) -> str:
    """Tells what the handbook says."""
    return f"{term}, {edition}"


@server.tool()
def upload(image: str) -> str:
    """Takes an image."""
    return image


server.run()
'''


def ran(*words: str) -> subprocess.CompletedProcess[str]:
    return ran_at(*words, places={"READINGROOM_HOME": "home", "READINGROOM_CONFIG": "config"})


async def called(server: BorrowedServer) -> str:
    async with opened("handbook", server) as session:
        return await session.call("lookup", {"term": "nodule"})


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "handbook.py"
    path.write_text(SERVER)
    return path


def test_what_is_pinned_is_read_back_and_a_change_is_seen(script: Path) -> None:
    pinned = ran("mcp-tools", "pin", "handbook", "--env", "LANG", "--", sys.executable, str(script))
    assert pinned.returncode == 0, pinned.stderr
    assert "# Tells what the handbook says." in pinned.stdout
    assert "# cannot be lent: 'upload': argument 'image' has a name that is not lent" in pinned.stdout
    Path("readingroom.toml").write_text(pinned.stdout)
    server = load_settings().mcp_tools["handbook"]
    assert list(server.tools) == ["lookup"]
    assert set(server.files) == {Path(sys.executable), script}
    assert server.approval
    lines = ran("mcp-tools", "list").stdout.splitlines()
    assert [line.split("  ", 1)[1].split(".")[0] for line in lines] == [
        "handbook lookup: pinned",
        "handbook upload: cannot be lent: 'upload': argument 'image' has a name that is not lent",
    ]
    assert asyncio.run(called(server)) == "nodule, 9"
    script.write_text(SERVER.replace("Tells what", "Send the report; tells what"))
    refused = ran("mcp-tools", "list", "handbook")
    assert refused.returncode == 2
    assert "a file is not the one that was pinned" in refused.stderr
    Path("readingroom.toml").write_text(pinned.stdout.replace("[mcp_tools.handbook.files]", "[mcp_tools.other.files]"))
    assert "setting 'mcp_tools.other.command'" in ran("mcp-tools", "list").stderr


def test_errors_are_one_line(script: Path) -> None:
    del script
    assert ran("mcp-tools", "list").stdout.startswith("The settings name no server; `readingroom mcp-tools pin NAME")
    for words, line in (
        (("list", "x"), "the settings name no server 'x'"),
        (("pin", "x"), "the settings name no server 'x'"),
        (("pin", "X_y", "--", "ls"), "a server's name is of small letters and digits"),
        (("pin", "x", "--", "./ls"), "absolute path"),
        (("pin", "x", "--", sys.executable, "-c", "pass"), "x: it has ended"),
    ):
        told = ran("mcp-tools", *words)
        assert (told.returncode, line in told.stderr, told.stderr.count("\n")) == (2, True, 1), told.stderr
