"""Qdrant's REST paths over the local engine of its own Python client, where no Qdrant process can be started.

Bodies are read by Qdrant's own models, which refuse fields that its API does not have; points are stored, filtered and
found by the engine that its authors keep equal to the server's. It is not the server: no HNSW, no WAL, no restart.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pydantic import TypeAdapter, ValidationError
from qdrant_client import QdrantClient, models

KEY = "a key of tests"


class StandIn(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.engine = QdrantClient(":memory:")
        self.turn = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StandIn

    def log_message(self, *_: Any) -> None:
        pass

    def go(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.headers.get("api-key") != KEY:
            return self.tell(401, {"status": {"error": "Invalid API key"}})
        if self.path == "/":
            return self.tell(200, {"title": "qdrant - vector search engine", "version": "1.19.0"})
        path, _, asked = self.path.partition("?")
        name, _, what = path.removeprefix("/collections/").partition("/")
        if asked not in ("", "wait=true"):
            return self.tell(400, {"status": {"error": "unknown parameter"}})
        with self.server.turn:
            if not self.server.engine.collection_exists(name) and (self.command, what) != ("PUT", ""):
                return self.tell(404, {"status": {"error": "Not found"}})
            try:
                found = ANSWERS[self.command, what](self.server.engine, name, json.loads(body or "{}"))
            except (ValidationError, ValueError, KeyError) as error:
                return self.tell(400, {"status": {"error": str(error)}})
        return self.tell(200, {"result": found, "status": "ok", "time": 0.0})

    do_GET = do_PUT = do_POST = go  # noqa: N815  # the library's names

    def tell(self, status: int, told: dict[str, Any]) -> None:
        data = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def plain(value: Any) -> Any:
    return TypeAdapter(type(value)).dump_python(value, mode="json")


def create(engine: QdrantClient, name: str, body: Any) -> Any:
    asked = models.CreateCollection.model_validate(body)
    return engine.create_collection(name, vectors_config=asked.vectors, metadata=asked.metadata)


def upsert(engine: QdrantClient, name: str, body: Any) -> Any:
    return plain(engine.upsert(name, models.PointsList.model_validate(body).points))


def delete(engine: QdrantClient, name: str, body: Any) -> Any:
    return plain(engine.delete(name, models.PointIdsList.model_validate(body)))


def retrieve(engine: QdrantClient, name: str, body: Any) -> Any:
    asked = models.PointRequest.model_validate(body)
    found = engine.retrieve(name, asked.ids, with_payload=asked.with_payload, with_vectors=asked.with_vector)
    return [plain(one) for one in found]


def query(engine: QdrantClient, name: str, body: Any) -> Any:
    asked = models.QueryRequest.model_validate(body)
    # The local engine is exact and warns of search parameters.
    return plain(engine.query_points(name, query=asked.query, query_filter=asked.filter, limit=asked.limit,
                                     with_payload=asked.with_payload))  # fmt: skip


def scroll(engine: QdrantClient, name: str, body: Any) -> Any:
    asked = models.ScrollRequest.model_validate(body)
    points, following = engine.scroll(name, scroll_filter=asked.filter, limit=asked.limit, offset=asked.offset,
                                      with_payload=asked.with_payload, with_vectors=asked.with_vector)  # fmt: skip
    return {"points": [plain(one) for one in points], "next_page_offset": following}


def count(engine: QdrantClient, name: str, body: Any) -> Any:
    return plain(engine.count(name, exact=models.CountRequest.model_validate(body).exact))


ANSWERS: dict[tuple[str, str], Callable[[QdrantClient, str, Any], Any]] = {
    ("GET", ""): lambda engine, name, _: plain(engine.get_collection(name)),
    ("PUT", ""): create,
    ("PUT", "points"): upsert,
    ("POST", "points"): retrieve,
    ("POST", "points/delete"): delete,
    ("POST", "points/query"): query,
    ("POST", "points/scroll"): scroll,
    ("POST", "points/count"): count,
}
