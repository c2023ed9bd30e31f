"""Which row is whose: ids and metadata in SQLite, the one place that says what was added."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readingroom.domain.value import Value, canonical_json
from readingroom.errors import BadRequest, RecordError
from readingroom.index.entry import Entry, Filter, Metadata, Scalar, Space, by_kind
from readingroom.index.protocol import NotBegun, no_row

SCHEMA = """
create table if not exists about (name text primary key, value text not null) strict;
create table if not exists entries (row integer primary key, id text not null unique, metadata text not null) strict;
"""

Places = NDArray[np.int64]

MAPPED = 1 << 30
"""Bytes of the database that are read as memory; ids and metadata of some million rows."""
AT_ONCE = 500
"""Values in one SQL statement."""


class Coded(Value):
    """What is known of the file of codes."""

    rows: int
    fitted_to: int
    again: int
    recall: float
    sha256: str


class Ledger:
    """Every change is one transaction, durable when it returns (WAL, synchronous FULL)."""

    def __init__(self, path: Path, space: Space | None) -> None:
        """Raises BadRequest where the index is of another space or of none, RecordError where it is no index."""
        self._where = str(path.parent)
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # SQLite would let others read it
            self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._base.execute("pragma journal_mode=wal")
            self._base.execute("pragma synchronous=full")
            self._base.execute(f"pragma mmap_size={MAPPED}")
            self._base.executescript(SCHEMA)
            known = self._about("space")
            self.count = int(self._base.execute("select count(*) from entries").fetchone()[0])
            """Rows that a search can find; kept here, for SQLite counts by reading all of them."""
        except (sqlite3.Error, OSError) as error:
            raise RecordError(f"is no index ({error})", where=self._where, do="Choose another folder.") from error
        self.space = self._agreed(known, space)

    def _agreed(self, known: str | None, space: Space | None) -> Space:
        if known is None:
            if space is None:
                self.close()
                raise NotBegun(self._where)
            with self._changing():
                self._base.execute("insert into about values ('space', ?)", (canonical_json(space),))
            return space
        found = Space.model_validate_json(known)
        if space is not None and space != found:
            self.close()
            raise BadRequest(f"the index holds {found.title}, and these are {space.title}", where=self._where,
                             do="Use an index of their own for them.")  # fmt: skip
        return found

    def _about(self, name: str) -> str | None:
        row = self._base.execute("select value from about where name = ?", (name,)).fetchone()
        return str(row[0]) if row else None

    @contextmanager
    def _changing(self) -> Iterator[None]:
        try:
            self._base.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._base.execute("rollback")
                raise
            self._base.execute("commit")
        except sqlite3.Error as error:
            what = f"the index cannot be written ({error})"
            raise RecordError(what, where=self._where, do="Free some space, or name another with --index.") from error

    @property
    def generation(self) -> int:
        """Names the file of the rows: another one after each compaction."""
        return int(self._about("generation") or 0)

    @property
    def rows(self) -> int:
        """Rows of the file that were ever acknowledged, replaced and deleted ones among them."""
        return int(self._about("rows") or 0)

    @property
    def codes(self) -> Coded | None:
        told = self._about("codes")
        return Coded.model_validate_json(told) if told else None

    def coded(self, told: Coded) -> None:
        """A file of codes was written."""
        with self._changing():
            self._set(codes=canonical_json(told))

    def add(self, entries: Sequence[Entry], first: int) -> Places:
        """Rows `first`, `first` + 1 ... are theirs; a known id leaves its old row. Gives the rows that were left."""
        with self._changing():
            left = self._rows_of([one.id for one in entries])
            self._base.executemany(
                "insert into entries values (?, ?, ?) on conflict (id) do update set row = excluded.row, "
                "metadata = excluded.metadata",
                [(first + place, one.id, canonical_json(one.metadata)) for place, one in enumerate(entries)],
            )
            self._set(rows=first + len(entries))
        self.count += len(entries) - len(left)
        return np.array(list(left.values()), np.int64)

    def delete(self, ids: Sequence[str]) -> Places:
        """Gives the rows that were theirs."""
        with self._changing():
            left = self._rows_of(ids)
            self._base.executemany("delete from entries where id = ?", [(one,) for one in left])
        self.count -= len(left)
        return np.array(list(left.values()), np.int64)

    def renumbered(self, places: Places, generation: int) -> None:
        """Row `places[n]` is row n of the next file."""
        with self._changing():
            self._base.execute("create temp table moved (new integer, old integer primary key)")
            self._base.executemany("insert into moved values (?, ?)", enumerate(places.tolist()))
            self._base.execute("update entries set row = -1 - (select new from moved where old = row)")
            self._base.execute("update entries set row = -1 - row")
            self._base.execute("drop table moved")
            self._base.execute("delete from about where name = 'codes'")
            self._set(rows=len(places), generation=generation)

    def _set(self, **values: int | str) -> None:
        self._base.executemany(
            "insert into about values (?, ?) on conflict (name) do update set value = excluded.value",
            [(name, str(value)) for name, value in values.items()],
        )

    def places(self, where: Filter) -> Places:
        """The rows that a filter lets through, ascending."""
        condition, values = _condition(where)
        found = self._base.execute(f"select row from entries where {condition} order by row", values)  # noqa: S608
        return np.fromiter((row for (row,) in found), np.int64)

    def entries(self, where: Filter) -> tuple[Entry, ...]:
        condition, values = _condition(where)
        found = self._base.execute(
            f"select id, metadata from entries where {condition} order by id",  # noqa: S608
            values,
        )
        return tuple(Entry(id=name, metadata=json.loads(text)) for name, text in found)

    def of_rows(self, rows: Sequence[int]) -> list[tuple[int, str, Metadata]]:
        """Row, id and metadata of each, in any order."""
        found: list[tuple[int, str, Metadata]] = []
        for start in range(0, len(rows), AT_ONCE):
            part = rows[start : start + AT_ONCE]
            marks = ",".join("?" * len(part))
            told = self._base.execute(f"select row, id, metadata from entries where row in ({marks})", part).fetchall()  # noqa: S608
            metadata = json.loads(f"[{','.join([text for _, _, text in told])}]")
            found += [(row, name, one) for (row, name, _), one in zip(told, metadata, strict=True)]
        return found

    def rows_of(self, ids: Sequence[str]) -> Places:
        """The row of each id. Raises BadRequest where there is none."""
        found = self._rows_of(ids)
        missing = [name for name in ids if name not in found]
        if missing:
            raise no_row(missing[0], self._where)
        return np.array([found[name] for name in ids], np.int64)

    def _rows_of(self, ids: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for start in range(0, len(ids), AT_ONCE):
            part = list(ids[start : start + AT_ONCE])
            marks = ",".join("?" * len(part))
            found |= dict(self._base.execute(f"select id, row from entries where id in ({marks})", part))  # noqa: S608
        return found

    def close(self) -> None:
        self._base.close()


def _condition(where: Filter) -> tuple[str, list[Any]]:
    """SQL of a filter. Field names and values are parameters, never part of the text."""
    parts: list[str] = ["1"]
    values: list[Any] = []
    for fields, negated in ((where.equals, ""), (where.excludes, "not ")):
        for field, wanted in fields.items():
            fits, given = _one_of(wanted)
            parts.append(f"{negated}exists (select 1 from json_each(metadata) as f where f.key = ? and ({fits}))")  # noqa: S608
            values += [field, *given]
    for limits, sign in ((where.at_least, ">="), (where.at_most, "<=")):
        for field, limit in limits.items():
            parts.append(
                "exists (select 1 from json_each(metadata) as f where f.key = ? "  # noqa: S608
                f"and f.type in ('integer', 'real') and f.value {sign} ?)"
            )
            values += [field, limit]
    return " and ".join(parts), values


def _one_of(wanted: Sequence[Scalar]) -> tuple[str, list[Any]]:
    """SQL for a field `f` that is one of the values, or a list of texts with one of them."""
    texts, numbers, truths = by_kind(wanted)
    words, counts = ",".join("?" * len(texts)), ",".join("?" * len(numbers))
    types = ",".join("'true'" if one else "'false'" for one in truths)
    return (
        f"(f.type = 'text' and f.value in ({words})) or (f.type in ('integer', 'real') and f.value in ({counts})) "  # noqa: S608
        f"or f.type in ({types}) or (f.type = 'array' and exists (select 1 from json_each(f.value) as v "
        f"where v.value in ({words})))",
        [*texts, *numbers, *texts],
    )
