"""A workspace of phantoms, and a server over it as the command starts one."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from mcp import StdioServerParameters

from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.dicom import write_chest
from readingroom.phantoms.parameters import ChestPhantom

PATIENT = "DOE^JANE"
SERVE = "from readingroom.cli import main; main()"


def workspace(folder: Path) -> Path:
    """Two films of one patient, with a name in the file's name and in its header, and a file that is no image."""
    held = folder / "workspace"
    held.mkdir()
    phantom = ChestPhantom(seed=3, spacing_mm=3.0)
    now = write_chest(make_chest(phantom), folder / "now")
    before = write_chest(make_chest(phantom.earlier(0.45)), folder / "before")
    now.rename(held / "DOE_JANE_now.dcm")
    before.rename(held / "DOE_JANE_before.dcm")
    (held / "notes.txt").write_text("no image")
    (held / "out").symlink_to(folder)
    return held


def command(folder: Path, *more: str, **settings: str) -> StdioServerParameters:
    """How a host starts it."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("READINGROOM_", "OPENAI", "AZURE"))
    }
    environment |= {"READINGROOM_HOME": str(folder / "home"), "READINGROOM_CONFIG": str(folder / "config"), **settings}
    arguments = ["-c", SERVE, "mcp", "--workspace", str(folder / "workspace"), *more]
    return StdioServerParameters(command=sys.executable, args=arguments, env=environment, cwd=str(folder))


def given(result: Any) -> dict[str, Any]:
    """What a tool gave; its own error where it failed."""
    assert not result.isError, result.content[0].text
    data: dict[str, Any] = result.structuredContent
    return data
