"""The server of somebody else's, as the settings would name it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from readingroom.tools.borrowed.listed import Listed
from readingroom.tools.borrowed.server import BorrowedServer

SCRIPT = Path(__file__).with_name("other_server.py")

LOOKUP: dict[str, Any] = {
    "name": "lookup",
    "description": "Tells what the handbook says of a term.",
    "inputSchema": {
        "type": "object",
        "properties": {
            "term": {"type": "string", "description": "What to look up."},
            "edition": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}], "default": None},
            "part": {"enum": ["signs", "sizes"], "type": "string"},
        },
        "required": ["term"],
    },
}


def pin(tool: dict[str, Any]) -> str:
    return Listed(name=tool["name"], description=tool["description"], takes=tool["inputSchema"]).sha256


def other(folder: Path, *tools: dict[str, Any], **given: Any) -> BorrowedServer:
    """One that offers these tools, pinned as they are."""
    offered = tools or (LOOKUP,)
    state = folder / "kb.json"
    state.write_text(json.dumps({"tools": offered}))
    found = {
        "command": (sys.executable, "-I", str(SCRIPT), str(state)),
        "tools": {tool["name"]: pin(tool) for tool in offered},
        **given,
    }
    return BorrowedServer(**found)


def calls_to(folder: Path) -> list[dict[str, Any]]:
    """What it was asked, in order."""
    log = folder / "kb.calls"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
