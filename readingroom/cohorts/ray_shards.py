"""The record of one worker: runs in a database of its own, for no two machines write one; files by digest in one place.

A worker that dies leaves its part behind. Whoever finds it takes the runs over, unfinished ones too, so that another
worker goes on where it stopped.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from readingroom.cohorts.lease import leased
from readingroom.cohorts.tasks import RECORD
from readingroom.runs.blobs import Blobs
from readingroom.runs.database import connect, transaction
from readingroom.runs.store import Store
from readingroom.runs.unfinished import Unfinished

SHARDS = "shards"
BEGAN = "began"
DATABASE = "runs.sqlite"

Rows = dict[str, list[dict[str, Any]]]
"""Of one run: its row of `runs`, and its `events`."""


def share_files(store: Store, folder: Path) -> Store:
    """Let a worker's store keep its files, and what unfinished runs need, in the cohort's own record."""
    store.blobs = Blobs(folder / RECORD / "blobs", synced=False)
    store.unfinished = Unfinished(folder / RECORD / "unfinished", synced=False)
    return store


def tell_began(shard: Path, item: str, run: str) -> None:
    """Kept before the run calls anything."""
    with (shard / BEGAN).open("a", encoding="utf-8") as file:
        file.write(f"{item}\t{run}\n")


def began_in(shard: Path) -> dict[str, str]:
    """The latest run of each item; a line that was cut short is left out."""
    try:
        lines = (shard / BEGAN).read_text(encoding="utf-8").splitlines(keepends=True)
    except OSError:
        return {}
    return dict(line.rstrip("\n").split("\t", 1) for line in lines if line.endswith("\n") and "\t" in line)


def rows_of(database: Path, run: str) -> Rows:
    """Everything that a database holds of a run; empty where it holds none."""
    base = connect(database, synced=False)
    try:
        runs = base.execute("SELECT * FROM runs WHERE id = ?", (run,)).fetchall()
        events = base.execute("SELECT * FROM events WHERE run = ? ORDER BY number", (run,)).fetchall()
        return {"runs": [dict(row) for row in runs], "events": [dict(row) for row in events]}
    finally:
        base.close()


def take(database: Path, rows: Rows) -> None:
    """Add a run, or what was added to it since. Raises RecordError."""
    base = connect(database, synced=False)
    try:
        with transaction(base, database):
            for name in ("runs", "events"):
                for row in rows[name]:
                    _insert(base, name, row)
    finally:
        base.close()


def _insert(base: sqlite3.Connection, name: str, row: dict[str, Any]) -> None:
    """Journals only grow, so the row of a run that counts more entries is the later one."""
    names, holes = ", ".join(row), ", ".join("?" for _ in row)
    later = ", ".join(f"{one} = excluded.{one}" for one in row if one != "id")
    clash = f"(id) DO UPDATE SET {later} WHERE excluded.events >= runs.events" if name == "runs" else "DO NOTHING"
    statement = f"INSERT INTO {name} ({names}) VALUES ({holes}) ON CONFLICT {clash}"  # noqa: S608 - our own names
    base.execute(statement, tuple(row.values()))


def runs_in(database: Path) -> Iterator[Rows]:
    base = connect(database, synced=False)
    try:
        names = [row["id"] for row in base.execute("SELECT id FROM runs ORDER BY id").fetchall()]
    finally:
        base.close()
    for name in names:
        yield rows_of(database, name)


def adopt(shard: Path, record: Path) -> dict[str, str]:
    """Take a dead worker's runs over and remove its folder; the latest run of each of its items.

    Raises BadRequest where the worker lives, RecordError where the record cannot be written.
    """
    with leased(shard):
        database = shard / RECORD / DATABASE
        if database.is_file():
            for rows in runs_in(database):
                take(record / DATABASE, rows)
        began = began_in(shard)
        shutil.rmtree(shard)
    return began
