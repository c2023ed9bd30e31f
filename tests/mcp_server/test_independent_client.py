"""The server against a client that is not ours and in another language: the TypeScript SDK's.

It is an npm package: `npm install --no-save @modelcontextprotocol/sdk@1.32.2`; without it the test is skipped.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.exports.fhir_schemas import node_modules
from tests.mcp_server.desks import command, workspace

SCRIPT = Path(__file__).with_name("session.cjs")


def test_list_call_progress_error_cancel(tmp_path: Path) -> None:
    node, modules = shutil.which("node"), node_modules().resolve()
    if node is None or not (modules / "@modelcontextprotocol" / "sdk").is_dir():
        pytest.skip("npm install --no-save @modelcontextprotocol/sdk@1.32.2")
    workspace(tmp_path)
    how = command(tmp_path)
    told = subprocess.run(
        [node, str(SCRIPT), str(modules), how.command, *how.args],
        env=how.env, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    seen = json.loads(told.stdout)
    assert seen["server"] == "readingroom"
    assert {"segment", "draft", "verify"} <= set(seen["tools"])
    assert seen["progress"] == sorted(seen["progress"])
    assert len(seen["progress"]) + seen["late"] >= 2
    assert "supported" in seen["verdicts"]
    assert seen["error"]["isError"]
    assert "there is no study" in seen["error"]["content"][0]["text"]
    assert (seen["stopped"], seen["after"]) == ("cancelled", 2)
    assert "not a diagnosis" in seen["notice"]
