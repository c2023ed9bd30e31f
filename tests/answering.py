"""A server on the loopback of which a test decides every answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

POLL = 0.02
"""Seconds until the server sees that it is to stop; the library's half a second is waited for at the end of each."""


class Asked(NamedTuple):
    """One POST with a JSON body."""

    path: str
    headers: Mapping[str, str]
    body: Any


class Told(NamedTuple):
    """What is sent as JSON."""

    data: Any
    status: int = 200
    headers: Mapping[str, str] = {}


@contextmanager
def answering(answer: Callable[[Asked], Told]) -> Iterator[str]:
    """Its base URL while the block lasts; it answers several at once."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told = answer(Asked(self.path, self.headers, json.loads(body)))
            content = json.dumps(told.data).encode()
            self.send_response(told.status)
            for name, value in {**told.headers, "Content-Type": "application/json"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": POLL}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def rows_of(body: Any) -> list[dict[str, str]]:
    """The rows of a request to a deployed model."""
    asked = body["input_data"]
    return [dict(zip(asked["columns"], cells, strict=True)) for cells in asked["data"]]
