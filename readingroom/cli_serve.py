"""The command `serve`: the reading room in a browser."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from readingroom.later import Later

if TYPE_CHECKING:
    from readingroom import settings
    from readingroom.web import serving
else:
    settings = Later("readingroom.settings")
    serving = Later("readingroom.web.serving")

REMOTE = (
    "Others can reach this server, and each link opens one session to whoever has it first. What is sent is readable "
    "on the way: put TLS in front of it, and name it with --name."
)


def serve(
    host: Annotated[str, typer.Option(help="Address to serve on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8765,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    remote: Annotated[bool, typer.Option("--remote", help="Let other machines ask; each needs a link.")] = False,
    name: Annotated[
        list[str] | None,
        typer.Option(help="With --remote: by which name, with its port, browsers ask; may be repeated."),
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="Keep a fresh one-use link in this file, for scripts, and print none.")
    ] = None,
) -> None:
    """Open the reading room in a browser; Ctrl-C ends it. Prints a link that can be used once."""
    front = serving.Front(
        settings.load_settings(), host=host, port=port, remote=remote, names=tuple(name or ()), token_file=token_file
    )
    if remote:
        sys.stderr.write(f"{REMOTE}\n")
    if token_file is None:
        address = front.link()
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        if browser and not remote and sys.stdout.isatty() and not os.environ.get("CI"):
            webbrowser.open(address)
    else:
        sys.stdout.write(f"{front.entrance.address} (the link is in {token_file})\n")
        sys.stdout.flush()
    front.run()
