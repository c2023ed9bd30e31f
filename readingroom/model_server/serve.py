"""Serve until stopped, or for as long as a block lasts: uvicorn on a socket that is bound before anything else."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Literal

import uvicorn
from starlette.types import ASGIApp

from readingroom.errors import BadRequest
from readingroom.model_server.server_settings import LOOPBACK, ServerSettings

KEEP_ALIVE = 75
"""Seconds that an idle connection is kept: longer than clients keep theirs, so that none writes into a closed one."""


def bind(settings: ServerSettings, host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises BadRequest for an address others can reach without `remote`, and where it cannot be had.
    """
    if host not in LOOPBACK and not settings.remote:
        raise BadRequest(
            f"{host} can be reached from other machines",
            do="Serve on 127.0.0.1, or allow other machines with --remote.",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's delay off only where it is: 40 ms a request otherwise.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise BadRequest(f"{host}:{port} cannot be served ({error.strerror})", do="Choose another port.") from error
    return listener


def base_url(listener: socket.socket) -> str:
    """How clients on this machine name a bound socket."""
    host, port = listener.getsockname()[:2]
    host = "127.0.0.1" if host == "0.0.0.0" else "::1" if host == "::" else host  # noqa: S104  # compared, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _server(app: ASGIApp, lifespan: Literal["on", "off"] = "off") -> uvicorn.Server:
    """uvicorn's own log is off but for the end of the world: its tracebacks may quote what was sent."""
    return uvicorn.Server(
        uvicorn.Config(
            app, log_config=None, log_level="critical", access_log=False, timeout_keep_alive=KEEP_ALIVE,
            server_header=False, lifespan=lifespan, timeout_graceful_shutdown=5,
        )
    )  # fmt: skip


def serve(app: ASGIApp, listener: socket.socket, lifespan: Literal["on", "off"] = "off") -> None:
    """Until SIGINT or SIGTERM; requests in flight get five seconds."""
    with listener:
        _server(app, lifespan).run(sockets=[listener])


@contextlib.contextmanager
def serving(app: ASGIApp, settings: ServerSettings, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """In a thread of this process while the block lasts; gives the base URL. For tests, benchmarks and notebooks."""
    listener = bind(settings, host, port)
    listener.listen(1024)  # from here on a client waits instead of being refused
    server = _server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="model-server", daemon=True)
    thread.start()
    try:
        yield base_url(listener)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
