"""An index in a Qdrant server, over its REST API: for those who outgrow one machine or one process."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

import httpx
import numpy as np
from pydantic import SecretStr, ValidationError

from readingroom.errors import BadReply, BadRequest, NotAuthorised, NotServed, Unavailable
from readingroom.index.entry import EVERYTHING, Entry, Filter, Hit, Metadata, Scalar, Space, by_kind
from readingroom.index.protocol import MOST_FOUND, NotBegun, Vectors, checked, direction, no_row

NAMESPACE = uuid.UUID("6f8d3f0e-6f0b-5d0e-9a51-3c7f0c0e9b11")
"""Of the points' ids: Qdrant takes only numbers and UUIDs, so a point's is made of the entry's (version 5)."""
AT_ONCE = 500
"""Points in one request: some 10 MB of JSON at 1024 numbers; Qdrant takes 32 MB unless told otherwise."""
BREADTH = 128
"""hnsw_ef, the candidates of an approximate search; raised to 4 k where more are asked for."""
SPACE_FIELD = "readingroom_space"
"""Of the collection's metadata, which Qdrant keeps from version 1.16 on."""
TIMEOUT = 60.0
"""Seconds that one request may take."""


class QdrantIndex:
    """Any number of processes may have it open.

    Rows are added `AT_ONCE` at a time, each portion whole or not at all; where an error comes between two of them, the
    same add once more completes it.
    """

    def __init__(self, base: str, name: str, space: Space | None = None, key: SecretStr | None = None) -> None:
        """Opens collection `name` of the server at `base` (scheme, host and port), or begins one of `space`.

        Raises BadRequest where it is of another space, of something else, or not there without a `space`;
        NotAuthorised, Unavailable or NotServed (Qdrant before 1.16) where the server cannot be used.
        """
        self._name, self._where = name, f"{httpx.URL(base).netloc.decode()}/{name}"
        secret = {"api-key": key.get_secret_value()} if key is not None else {}
        self._client = httpx.Client(base_url=f"{base}/collections/{name}", headers=secret, timeout=TIMEOUT,
                                    trust_env=False)  # fmt: skip
        try:
            self._space = self._agreed(space)
        except BaseException:
            self._client.close()
            raise

    def _agreed(self, space: Space | None) -> Space:
        found = self._held()
        if found is None:
            if space is None:
                raise NotBegun(self._where)
            self._begin(space)
            found = self._held()
        if found is None:
            raise BadReply("the server does not hold what it was given", where=self._where)
        if space is not None and space != found:
            raise BadRequest(f"the index holds {found.title}, and these are {space.title}", where=self._where,
                             do="Use an index of their own for them.")  # fmt: skip
        return found

    def _held(self) -> Space | None:
        reply = self._send("GET", "", missing_is_fine=True)
        if reply is None:
            return None
        told = _at(reply, "config").get("metadata") or {}
        try:
            return Space.model_validate_json(str(_at(told).get(SPACE_FIELD)))
        except ValidationError:
            raise BadRequest("this collection says nothing of its vectors' model", where=self._where,
                             do="Name one that Reading Room made, or a new one.") from None  # fmt: skip

    def _begin(self, space: Space) -> None:
        version = tuple(int(part) for part in str(self._root().get("version", "0.0")).split("-")[0].split(".")[:2])
        if version < (1, 16):
            raise NotServed("this Qdrant keeps no metadata of a collection", where=self._where, do="Use 1.16 or newer.")
        self._send("PUT", "", {
            "vectors": {"size": space.dimensions, "distance": "Cosine"},
            "metadata": {SPACE_FIELD: space.model_dump_json()},
        })  # fmt: skip

    def _root(self) -> dict[str, Any]:
        root = self._client.base_url.copy_with(path="/")
        return _object(self._answer(self._client.build_request("GET", root)))

    @property
    def space(self) -> Space:
        return self._space

    def __len__(self) -> int:
        return int(_at(self._send("POST", "/points/count", {"exact": True}))["count"])

    def add(self, entries: Sequence[Entry], vectors: Vectors) -> None:
        found = checked(entries, vectors, self.space)
        for start in range(0, len(entries), AT_ONCE):
            part = zip(entries[start : start + AT_ONCE], found[start : start + AT_ONCE].tolist(), strict=True)
            points = [
                {"id": _point(entry.id), "vector": row, "payload": {"id": entry.id, "fields": _stored(entry.metadata)}}
                for entry, row in part
            ]
            self._send("PUT", "/points?wait=true", {"points": points})

    def delete(self, ids: Sequence[str]) -> int:
        count = 0
        for part in _parts(ids):
            there = self._send("POST", "/points", {"ids": part, "with_payload": False, "with_vector": False})
            count += len(_list(there))
            self._send("POST", "/points/delete?wait=true", {"points": part})
        return count

    def search(self, query: Vectors, k: int = 10, where: Filter = EVERYTHING) -> tuple[Hit, ...]:
        if not 0 < k <= MOST_FOUND:
            raise BadRequest(f"{k} rows were asked for", do=f"Ask for 1 to {MOST_FOUND}.")
        ahead = direction(query, self.space)
        found = self._send("POST", "/points/query", {
            "query": ahead.tolist(), "limit": k, "filter": condition(where), "with_payload": True,
            "params": {"hnsw_ef": max(BREADTH, 4 * k)},
        })  # fmt: skip
        hits = [
            Hit(id=entry.id, similarity=min(max(float(point["score"]), -1.0), 1.0), metadata=entry.metadata)
            for point in _list(_at(found).get("points"))
            for entry in [_entry(point)]
        ]
        return tuple(sorted(hits, key=lambda hit: (-hit.similarity, hit.id)))

    def vectors(self, ids: Sequence[str]) -> Vectors:
        found: dict[str, list[float]] = {}
        for part in _parts(ids):
            points = self._send("POST", "/points", {"ids": part, "with_payload": False, "with_vector": True})
            found |= {str(point["id"]): point["vector"] for point in _list(points)}
        missing = [name for name in ids if _point(name) not in found]
        if missing:
            raise no_row(missing[0], self._where)
        rows = np.array([found[_point(name)] for name in ids], np.float32)
        return rows.reshape(len(ids), self.space.dimensions)

    def entries(self, where: Filter = EVERYTHING) -> tuple[Entry, ...]:
        return tuple(sorted(self._scrolled(where), key=lambda entry: entry.id))

    def _scrolled(self, where: Filter) -> Iterator[Entry]:
        asked: dict[str, Any] = {
            "limit": AT_ONCE,
            "filter": condition(where),
            "with_payload": True,
            "with_vector": False,
        }
        while True:
            page = _at(self._send("POST", "/points/scroll", asked))
            yield from map(_entry, _list(page.get("points")))
            if page.get("next_page_offset") is None:
                return
            asked["offset"] = page["next_page_offset"]

    def close(self) -> None:
        self._client.close()

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, missing_is_fine: bool = False
    ) -> Any:
        """The `result` of a reply; None for what is not there where that is fine."""
        request = self._client.build_request(method, path, json=body)
        told = self._answer(request, missing_is_fine)
        return None if told is None else _object(told).get("result")

    def _answer(self, request: httpx.Request, missing_is_fine: bool = False) -> Any:
        try:
            reply = self._client.send(request)
        except httpx.HTTPError as error:
            raise Unavailable(f"Qdrant cannot be reached ({type(error).__name__})", where=self._where,
                              do="See whether it runs.") from None  # fmt: skip
        if reply.status_code == httpx.codes.NOT_FOUND and missing_is_fine:
            return None
        if not reply.is_success:
            self._refuse(reply.status_code)
        try:
            return reply.json()
        except ValueError:
            raise BadReply("the answer is no JSON", where=self._where) from None

    def _refuse(self, status: int) -> NoReturn:
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise NotAuthorised(f"Qdrant refuses the key ({status})", where=self._where, do="Give its API key.")
        if status == httpx.codes.NOT_FOUND:
            raise BadRequest("the collection is gone", where=self._where, do="Open the index again.")
        if status < httpx.codes.INTERNAL_SERVER_ERROR:
            raise BadRequest(f"Qdrant refuses this ({status})", where=self._where, do="See its log.")
        raise Unavailable(f"Qdrant failed ({status})", where=self._where, do="Try again; see its log.")


def condition(where: Filter) -> dict[str, Any]:
    """A filter as Qdrant's."""
    must = [{"should": list(_one_of(field, wanted))} for field, wanted in where.equals.items()]
    must += [_range(field, gte=limit) for field, limit in where.at_least.items()]
    must += [_range(field, lte=limit) for field, limit in where.at_most.items()]
    must_not = [one for field, wanted in where.excludes.items() for one in _one_of(field, wanted)]
    if any(not wanted for wanted in where.equals.values()):
        must.append({"has_id": []})  # one of no values: nothing fits
    return {"must": must, "must_not": must_not}


def _one_of(field: str, wanted: Sequence[Scalar]) -> Iterator[dict[str, Any]]:
    texts, numbers, truths = by_kind(wanted)
    if texts:
        yield {"key": _key(field), "match": {"any": list(dict.fromkeys(texts))}}
    yield from (_range(field, gte=number, lte=number) for number in numbers)
    yield from ({"key": _key(field), "match": {"value": truth}} for truth in truths)


def _range(field: str, **limits: float) -> dict[str, Any]:
    return {"key": _key(field), "range": limits}


def _key(field: str) -> str:
    """A path in a point's payload; quoted, so that a dot in a name is no step."""
    return f'fields."{_name(field)}"'


def _name(field: str) -> str:
    r"""What Qdrant's paths cannot quote (" and \), and the mark itself, as %22, %5C and %25."""
    return field.replace("%", "%25").replace('"', "%22").replace("\\", "%5C")


def _field(name: str) -> str:
    return name.replace("%5C", "\\").replace("%22", '"').replace("%25", "%")


def _stored(metadata: Metadata) -> Metadata:
    return {_name(field): value for field, value in metadata.items()}


def _point(name: str) -> str:
    return str(uuid.uuid5(NAMESPACE, name))


def _parts(ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), AT_ONCE):
        yield [_point(name) for name in dict.fromkeys(ids[start : start + AT_ONCE])]


def _entry(point: Any) -> Entry:
    payload = _object(point).get("payload") or {}
    try:
        fields = {_field(name): value for name, value in payload["fields"].items()}
        return Entry(id=payload["id"], metadata=fields)
    except (KeyError, TypeError, AttributeError, ValidationError):
        raise BadReply("a point is no row of Reading Room", where="payload", do="Keep others' points apart.") from None


def _at(found: Any, name: str = "") -> dict[str, Any]:
    return _object(_object(found).get(name) if name else found)


def _object(found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise BadReply("the answer is not what Qdrant's API says")
    return found


def _list(found: Any) -> list[Any]:
    if not isinstance(found, list):
        raise BadReply("the answer is not what Qdrant's API says")
    return found
