"""The command line in the tests' own process, whose libraries are loaded already."""

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from functools import cache
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest
import typer.main

from readingroom.cli import main

built = cache(typer.main.get_command)
"""All commands with their options, made once: a process has one call, and these tests have hundreds."""


def ran(
    *words: str, places: Mapping[str, str], stdin: str = "", folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """What a shell would see of the same in a pipe. `places`: where home and settings are; `folder`: where it runs."""
    out, err, code = StringIO(), StringIO(), 0
    with (
        pytest.MonkeyPatch.context() as here,
        chdir(folder or os.curdir),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        for name, value in places.items():
            here.setenv(name, value)
        here.setattr(typer.main, "get_command", built)
        here.setattr(sys, "argv", ["readingroom", *words])
        here.setattr(sys, "stdin", TextIOWrapper(BytesIO(stdin.encode())))
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())
