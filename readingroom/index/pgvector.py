"""An index in a table of PostgreSQL with the extension pgvector: for those who outgrow one machine or one process."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from pydantic import SecretStr, ValidationError

from readingroom.domain.value import canonical_json
from readingroom.errors import BadRequest, NotAuthorised, NotServed, RecordError, Unavailable
from readingroom.index.entry import EVERYTHING, Entry, Filter, Hit, Scalar, Space, by_kind
from readingroom.index.protocol import MOST_FOUND, NotBegun, Vectors, checked, direction, no_row

if TYPE_CHECKING:
    import psycopg

BREADTH = 100
"""hnsw.ef_search where the table has such an index; raised to 4 k."""
WIDEST = 1000
"""The most that pgvector takes for it; more rows than a quarter of that are looked for exactly."""
MARK = "readingroom space "
"""What a table's comment begins with; the space in JSON follows."""
CONNECT_SECONDS = 20

TABLE = """
create table {table} (
    id text collate "C" primary key,
    metadata jsonb not null,
    embedding vector({dimensions}) not null
)
"""
UPSERT = """
insert into {table} select id, metadata, embedding from arriving
on conflict (id) do update set metadata = excluded.metadata, embedding = excluded.embedding
"""


class Place(NamedTuple):
    """Where a table is. The password is apart."""

    host: str
    """A name, an address, or the folder of a socket."""
    port: int
    base: str
    table: str
    user: str = ""
    encryption: str = "verify-full"
    """libpq's sslmode; "prefer" only for this machine."""

    @property
    def title(self) -> str:
        return f"{self.host}:{self.port}/{self.base}/{self.table}"


class PgvectorIndex:
    """Any number of processes may have it open; each change is one transaction, durable when it returns.

    A search is exact; where the owner of the table made an HNSW index of it (docs/index.md), one without a filter goes
    by that.
    """

    def __init__(self, place: Place, space: Space | None = None, key: SecretStr | None = None) -> None:
        """Opens a table, or begins one of `space`.

        Raises BadRequest where it is of another space, of something else, or not there without a `space`;
        NotAuthorised or Unavailable where the server cannot be used; NotServed without psycopg or pgvector.
        """
        self._place, self._key, self._where = place, key, place.title
        self._psycopg = _psycopg()
        self._link: psycopg.Connection[Any] | None = None
        try:
            self._space = self._agreed(space)
        except BaseException:
            self.close()
            raise

    def _agreed(self, space: Space | None) -> Space:
        with self._turn() as turn:
            found = self._held(turn)
            if found is None:
                if space is None:
                    raise NotBegun(self._where)
                self._begin(turn, space)
                found = space
        if space is not None and space != found:
            raise BadRequest(f"the index holds {found.title}, and these are {space.title}", where=self._where,
                             do="Use an index of their own for them.")  # fmt: skip
        return found

    def _held(self, turn: psycopg.Cursor[Any]) -> Space | None:
        turn.execute("select pg_advisory_xact_lock(hashtext(%s))", (MARK + self._place.table,))
        turn.execute(
            "select obj_description(oid, 'pg_class') from pg_class where oid = to_regclass(%s)",
            (self._said("{table}").decode(),),
        )
        row = turn.fetchone()
        if row is None:
            return None
        try:
            return Space.model_validate_json(str(row[0] or "").removeprefix(MARK))
        except ValidationError:
            raise BadRequest("this table says nothing of its vectors' model", where=self._where,
                             do="Name one that Reading Room made, or a new one.") from None  # fmt: skip

    def _begin(self, turn: psycopg.Cursor[Any], space: Space) -> None:
        try:
            turn.execute("create extension if not exists vector")
        except self._psycopg.Error:
            raise NotServed("this database has no pgvector", where=self._where,
                            do="Install it, and as its owner: create extension vector.") from None  # fmt: skip
        turn.execute(self._said(TABLE, dimensions=str(space.dimensions)))
        turn.execute(self._said("create index on {table} using gin (metadata jsonb_path_ops)"))
        turn.execute(self._said("comment on table {table} is {mark}", mark=MARK + space.model_dump_json()))

    @property
    def space(self) -> Space:
        return self._space

    def __len__(self) -> int:
        with self._turn() as turn:
            return int(self._one(turn, "select count(*) from {table}"))

    def add(self, entries: Sequence[Entry], vectors: Vectors) -> None:
        found = checked(entries, vectors, self.space)
        if not entries:
            return
        with self._turn() as turn:
            turn.execute("create temp table arriving (id text, metadata jsonb, embedding vector) on commit drop")
            with turn.copy("copy arriving from stdin") as rows:
                for entry, row in zip(entries, found, strict=True):
                    rows.write_row((entry.id, canonical_json(entry.metadata), _text(row)))
            turn.execute(self._said(UPSERT))

    def delete(self, ids: Sequence[str]) -> int:
        with self._turn() as turn:
            turn.execute(self._said("delete from {table} where id = any(%s)"), (list(ids),))
            return turn.rowcount

    def search(self, query: Vectors, k: int = 10, where: Filter = EVERYTHING) -> tuple[Hit, ...]:
        if not 0 < k <= MOST_FOUND:
            raise BadRequest(f"{k} rows were asked for", do=f"Ask for 1 to {MOST_FOUND}.")
        ahead = _text(direction(query, self.space))
        fits, values = condition(where)
        exact = not where.empty or 4 * k > WIDEST
        with self._turn() as turn:
            # An HNSW scan drops what a filter refuses after it chose, and so finds too few.
            setting = "enable_indexscan = off" if exact else f"hnsw.ef_search = {max(BREADTH, 4 * k)}"
            turn.execute(f"set local {setting}".encode())
            turn.execute(
                self._said(
                    f"select id, metadata, -(embedding <#> %s::vector) from {{table}} where {fits} "  # noqa: S608
                    "order by embedding <#> %s::vector limit %s"
                ),
                (ahead, *values, ahead, k),
            )
            found = turn.fetchall()
        hits = [Hit(id=name, similarity=min(max(float(like), -1.0), 1.0), metadata=told) for name, told, like in found]
        return tuple(sorted(hits, key=lambda hit: (-hit.similarity, hit.id)))

    def vectors(self, ids: Sequence[str]) -> Vectors:
        with self._turn() as turn:
            turn.execute(self._said("select id, embedding::text from {table} where id = any(%s)"), (list(ids),))
            found = {name: np.array(text[1:-1].split(","), np.float32) for name, text in turn}
        missing = [name for name in ids if name not in found]
        if missing:
            raise no_row(missing[0], self._where)
        return np.array([found[name] for name in ids], np.float32).reshape(len(ids), self.space.dimensions)

    def entries(self, where: Filter = EVERYTHING) -> tuple[Entry, ...]:
        fits, values = condition(where)
        with self._turn() as turn:
            turn.execute(self._said(f"select id, metadata from {{table}} where {fits} order by id"), values)  # noqa: S608
            return tuple(Entry(id=name, metadata=told) for name, told in turn)

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _said(self, text: str, dimensions: str = "", mark: str = "") -> bytes:
        """SQL with this table's name, quoted as PostgreSQL wants it."""
        sql = self._psycopg.sql
        found: bytes = (
            sql.SQL(text)
            .format(table=sql.Identifier(self._place.table), dimensions=sql.SQL(dimensions), mark=sql.Literal(mark))
            .as_string(None)
            .encode()
        )
        return found

    def _one(self, turn: psycopg.Cursor[Any], text: str) -> Any:
        row = turn.execute(self._said(text)).fetchone()
        return row[0] if row else None

    @contextmanager
    def _turn(self) -> Iterator[psycopg.Cursor[Any]]:
        """A transaction; one that fails leaves nothing. A link that broke is made again by the next."""
        errors = self._psycopg.errors
        try:
            if self._link is None or self._link.closed:
                self._link = self._linked()
            with self._link.transaction(), self._link.cursor() as turn:
                yield turn
        except errors.InsufficientPrivilege:
            raise NotAuthorised("PostgreSQL allows this user not to do this", where=self._where,
                                do="Grant it, or name another user.") from None  # fmt: skip
        except self._psycopg.OperationalError as error:
            raise Unavailable(f"PostgreSQL cannot be reached ({error.sqlstate or 'no connection'})", where=self._where,
                              do="See whether it runs.") from None  # fmt: skip
        except self._psycopg.Error as error:
            raise RecordError(f"PostgreSQL refuses this ({error.sqlstate})", where=self._where,
                              do="See its log.") from None  # fmt: skip

    def _linked(self) -> psycopg.Connection[Any]:
        place = self._place
        settings: dict[str, Any] = {"host": place.host, "port": place.port, "dbname": place.base,
                                    "sslmode": place.encryption, "connect_timeout": CONNECT_SECONDS,
                                    "application_name": "readingroom"}  # fmt: skip
        if place.user:
            settings["user"] = place.user
        if self._key is not None:
            settings["password"] = self._key.get_secret_value()
        if place.encryption == "verify-full":
            settings["sslrootcert"] = "system"
        try:
            link: psycopg.Connection[Any] = self._psycopg.connect(**settings, autocommit=True)
        except self._psycopg.OperationalError as error:
            if "authentication" in str(error) or "password" in str(error):
                raise NotAuthorised("PostgreSQL refuses this user or password", where=self._where,
                                    do="Give the password as the index's key.") from None  # fmt: skip
            raise
        link.execute("set synchronous_commit = on")
        return link


def condition(where: Filter) -> tuple[str, list[Any]]:
    """SQL of a filter. Field names and values are parameters, never part of the text."""
    parts, values = ["true"], list[Any]()
    for fields, negated in ((where.equals, ""), (where.excludes, "not ")):
        for field, wanted in fields.items():
            fits = [json.dumps({field: one}) for one in _forms(wanted)]
            parts.append(f"{negated}({' or '.join(['metadata @> %s::jsonb'] * len(fits)) or 'false'})")
            values += fits
    for limits, sign in ((where.at_least, ">="), (where.at_most, "<=")):
        for field, limit in limits.items():
            parts.append(
                "case when jsonb_typeof(metadata -> %s::text) = 'number' "
                f"then (metadata ->> %s::text)::float8 {sign} %s::float8 else false end"
            )
            values += [field, field, limit]
    return " and ".join(parts), values


def _forms(wanted: Sequence[Scalar]) -> Iterator[Scalar | list[str]]:
    """How a field can stand there and fit: as the value, or as a list with it."""
    yield from wanted
    for text in by_kind(wanted).texts:
        yield [text]


def _text(row: Vectors) -> str:
    """A vector as pgvector reads it; nine digits are a float32 exactly."""
    return f"[{','.join([f'{number:.9g}' for number in row.tolist()])}]"


def _psycopg() -> Any:
    try:
        import psycopg  # noqa: PLC0415  # extra `pgvector`
        import psycopg.sql  # noqa: PLC0415
    except ImportError as error:
        raise NotServed("an index in PostgreSQL needs psycopg", do="pip install 'readingroom[pgvector]'") from error
    return psycopg
