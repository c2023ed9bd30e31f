"""Serve the page until stopped; what is at work then is stopped first, so that its record says so."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.types import ASGIApp

from readingroom.domain.loopback import is_loopback
from readingroom.errors import BadRequest, RecordError
from readingroom.later import Later
from readingroom.settings import Settings
from readingroom.web.app import Entrance, build_app
from readingroom.web.guard import names_of
from readingroom.web.limits import PageLimits
from readingroom.web.sessions import OWNER, Doors

if TYPE_CHECKING:
    from readingroom.agents import template
    from readingroom.language import lexicon
    from readingroom.web import api, house
else:  # the page is served while they are loaded
    template = Later("readingroom.agents.template")
    lexicon = Later("readingroom.language.lexicon")
    api = Later("readingroom.web.api")
    house = Later("readingroom.web.house")

GRACE = 5
"""Seconds that requests in flight get."""
KEEP_ALIVE = 75
"""Seconds that an idle connection is kept: longer than clients keep theirs, so that none writes into a closed one."""
SWITCH = 0.0005
"""Seconds after which a thread that computes lets one that answers go on. Python's own 5 ms are paid at every wake of
the answering loop while turns are planned: a quarter of a second where fifty ask at once."""
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # named, not bound


def listening(host: str, port: int, remote: bool) -> socket.socket:
    """A listening socket; port 0 takes a free one. From here on a client waits instead of being refused.

    Raises BadRequest for an address others can reach without `remote`, and where it cannot be had.
    """
    if not remote and not is_loopback(host):
        raise BadRequest(f"{host} can be reached from other machines", do="Serve on 127.0.0.1, or say --remote.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        bound = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise BadRequest(f"{host}:{port} cannot be served ({error.strerror})", do="Choose another --port.") from error
    # The protocol is named because asyncio turns Nagle's delay off only where it is: 40 ms a request otherwise.
    return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=bound.detach())


class Server(uvicorn.Server):
    """uvicorn, which lets go of the house before it waits for connections: event streams would keep it waiting."""

    def __init__(self, config: uvicorn.Config, front: Front) -> None:
        super().__init__(config)
        self.front = front

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.front.open()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self.front.close()
        await super().shutdown(sockets)


class Front:
    """The page on a socket, with links to enter it by; the house behind it is opened while the page is served."""

    def __init__(
        self,
        settings: Settings,
        *,
        host: str = "127.0.0.1",
        port: int = 8765,
        remote: bool = False,
        names: tuple[str, ...] = (),
        token_file: Path | None = None,
        limits: PageLimits | None = None,
    ) -> None:
        """Raises BadRequest for an address others can reach without `remote`, and where it cannot be had."""
        self.settings, self.limits = settings, limits or PageLimits()
        self.listener = listening(host, port, remote)
        named, self.port = self.listener.getsockname()[:2]
        named = WILDCARDS.get(named, named)
        address = f"http://[{named}]:{self.port}" if ":" in named else f"http://{named}:{self.port}"
        self.entrance = Entrance(Doors(self.limits), address)
        self._session = "" if remote else OWNER
        self._token_file = token_file
        self._opening: asyncio.Task[ASGIApp] | None = None
        self.house: house.House | None = None
        app = build_app(self.entrance, names_of(self.port, remote, names), self._api)
        self.server = Server(_config(app), self)
        self.entrance.on_entered.append(self._warm)
        if token_file is not None:
            self.entrance.on_entered.append(self._write_link)
            self._write_link()

    def link(self) -> str:
        """A new one-use link; of a server that others can reach each into a session of its own."""
        return self.entrance.link(self._session)

    def open(self) -> asyncio.Task[ASGIApp]:
        """In the running loop: the house is opened in a thread, and once; again where that failed."""
        if self._opening is None or (self._opening.done() and self._opening.exception() is not None):
            self._opening = asyncio.create_task(asyncio.to_thread(self._opened))
            self._opening.add_done_callback(lambda task: task.exception())  # whoever asks is told it
        return self._opening

    async def _api(self) -> ASGIApp:
        """Raises RecordError where the home cannot be opened."""
        return await asyncio.shield(self.open())

    def _opened(self) -> ASGIApp:
        self.house = house.House(self.settings, self.limits, self.entrance)
        return api.build_api(self.house)

    def _warm(self) -> None:
        """Somebody is here: what the first question needs is read while they look at the page."""
        self.entrance.on_entered.remove(self._warm)
        threading.Thread(target=_words_read, name="warming", daemon=True).start()

    def _write_link(self) -> None:
        """A fresh link in a file that its owner alone can read, whenever the last one was used."""
        if self._token_file is None:
            return
        new = self._token_file.with_name(f".{self._token_file.name}.new")
        try:
            new.unlink(missing_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                out.write(f"{self.link()}\n")
            os.replace(new, self._token_file)
        except OSError as error:
            what = f"the link cannot be written ({error.strerror})"
            raise RecordError(what, where=str(self._token_file), do="Choose another --token-file.") from error

    def run(self) -> None:
        """Until SIGINT or SIGTERM; the API is loaded meanwhile, whether anybody asks or not."""
        before = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH)
        try:
            with self.listener:
                self.server.run(sockets=[self.listener])
        finally:
            sys.setswitchinterval(before)

    async def close(self) -> None:
        """What is at work is stopped and recorded."""
        if self._opening is not None:
            await asyncio.wait({self._opening})
        if self.house is not None:
            await self.house.close()


def _words_read() -> None:
    """Kept by those that read them."""
    template.templates()
    lexicon.lexicon()


def _config(app: ASGIApp) -> uvicorn.Config:
    """uvicorn's own logs are off: addresses hold ids, and its tracebacks may quote what was sent."""
    return uvicorn.Config(
        app, log_config=None, log_level="critical", access_log=False, timeout_keep_alive=KEEP_ALIVE,
        server_header=False, lifespan="off", timeout_graceful_shutdown=GRACE, proxy_headers=False, ws="none",
    )  # fmt: skip


@contextmanager
def serving(settings: Settings, **given: Any) -> Iterator[Front]:
    """In a thread of this process while the block lasts, on a free port: for tests, benchmarks and notebooks."""
    front = Front(settings, port=0, **given)
    thread = threading.Thread(target=front.run, name="page", daemon=True)
    thread.start()
    try:
        yield front
    finally:
        front.server.should_exit = True
        thread.join()
