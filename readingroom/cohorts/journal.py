"""The journal of a cohort: every item with its state and result, in one SQLite file that a kill cannot harm."""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from readingroom.cohorts.item import Held, Item, Outcome, State
from readingroom.cohorts.syncing import boot_id, sync_disk
from readingroom.errors import BadRequest, RecordError
from readingroom.runs.database import connect, failing, transaction

NAME = "cohort.sqlite"
VERSION = 1
AT_ONCE = 500
"""Items that are read at a time."""
RESULTS = 100
"""Results that are in memory at a time."""

TABLES = (
    "CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    """CREATE TABLE IF NOT EXISTS items (
  id TEXT PRIMARY KEY, place INTEGER NOT NULL, listing INTEGER NOT NULL, item BLOB NOT NULL, asked TEXT NOT NULL,
  stamp TEXT NOT NULL, size INTEGER NOT NULL, state TEXT NOT NULL, run TEXT NOT NULL DEFAULT '',
  ended INTEGER, key TEXT NOT NULL DEFAULT '', outcome BLOB) STRICT""",
    "CREATE INDEX IF NOT EXISTS by_state ON items (state, place)",
)


class Journal:
    """Open in one process (lease.py). Each change outlives a kill at once, and the power once `checkpoint` has run."""

    def __init__(self, folder: Path) -> None:
        """Raises RecordError for one that cannot be opened, or that a newer version wrote."""
        self.path = folder / NAME
        self._base = connect(self.path, synced=False)
        with failing(self.path):
            found = self._base.execute("PRAGMA user_version").fetchone()[0]
        if found > VERSION:
            raise RecordError("a newer version wrote this cohort", where=str(folder), do="Update readingroom.")
        with transaction(self._base, self.path):
            for statement in TABLES:
                self._base.execute(statement)
            self._base.execute(f"PRAGMA user_version = {VERSION}")
        self.path.chmod(0o600)
        self._last = self._one("SELECT coalesce(max(ended), 0) FROM items")
        self.lost = self._after_power_loss()

    def close(self) -> None:
        self._base.close()

    def _one(self, asked: str, *values: Any) -> Any:
        with failing(self.path):
            row = self._base.execute(asked, values).fetchone()
        return row[0] if row else None

    def about(self, name: str) -> str | None:
        found: str | None = self._one("SELECT value FROM about WHERE name = ?", name)
        return found

    def tell(self, name: str, value: str) -> None:
        self._do("INSERT INTO about VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)

    def _do(self, asked: str, *values: Any) -> int:
        with failing(self.path):
            done = self._base.execute(asked, values)
        return int(done.rowcount)

    def _after_power_loss(self) -> int:
        """Items that ended after the last sync of an earlier boot are done again: their files may be gone. How many."""
        boot, synced = boot_id(), int(self.about("synced") or 0)
        gone = 0
        if self.about("boot") not in (None, boot):
            gone = self._do(
                "UPDATE items SET state = 'waiting', run = '', key = '', outcome = NULL WHERE ended > ?", synced
            )
        self.tell("boot", boot)
        return gone

    def list_items(self, items: Iterable[Item], options: str) -> int:
        """Take in the manifest as it is now; how many rows of it stood twice.

        What is asked otherwise than before, or of files that changed, waits again; what is no longer listed is in no
        table. `options` is the digest of what holds for all. Where the manifest breaks off, the listing before stands.
        Raises BadRequest for two items of one id, and where there is none: an archive that is not mounted is an empty
        folder, and would leave empty tables.
        """
        number = self.listing + 1
        twice, place = 0, -1
        with transaction(self._base, self.path):
            for place, item in enumerate(items):
                twice += self._listed(item, number, place, options)
            if place < 0:
                raise BadRequest("the manifest names nothing", do="Name a table with rows, or a folder with images.")
            self.tell("listing", str(number))
        return twice

    def _listed(self, item: Item, number: int, place: int, options: str) -> bool:
        """Whether it was in this listing already."""
        asked = f"{options} {item.asked}"
        held = self._base.execute("SELECT listing, asked FROM items WHERE id = ?", (item.id,)).fetchone()
        if held and held["listing"] == number:
            if held["asked"] != asked:
                raise BadRequest(f"the id {item.id[:60]!r} stands twice", do="Give each row an id of its own.")
            return True
        packed = zlib.compress(item.model_dump_json().encode(), 1)
        self._base.execute(UPSERT, (item.id, place, number, packed, asked, item.stamp, item.size, "waiting"))
        return False

    @property
    def listing(self) -> int:
        return int(self.about("listing") or 0)

    def waiting(self, most: int | None = None) -> Iterator[Held]:
        """What is to be done, in the order of the manifest, some at a time."""
        place, given = -1, 0
        while most is None or given < most:
            with failing(self.path):
                rows = self._base.execute(
                    "SELECT place, item, key, run FROM items WHERE listing = ? AND state IN ('waiting', 'recheck')"
                    " AND place > ? ORDER BY place LIMIT ?",
                    (self.listing, place, AT_ONCE if most is None else min(AT_ONCE, most - given)),
                ).fetchall()
            if not rows:
                return
            for row in rows:
                item = Item.model_validate_json(zlib.decompress(row["item"]))
                yield Held(item=item, key=row["key"], run=row["run"])
            place, given = rows[-1]["place"], given + len(rows)

    def began(self, name: str, run: str) -> None:
        """A run was begun for an item: where this process dies, the next one goes on with it."""
        self._do("UPDATE items SET run = ? WHERE id = ?", run, name)

    def ended(self, outcome: Outcome) -> None:
        self._last += 1
        if outcome.same:
            kept = self._one("SELECT outcome FROM items WHERE id = ?", outcome.id)
            state = json.loads(zlib.decompress(kept))["status"]
            self._do("UPDATE items SET state = ?, ended = ? WHERE id = ?", state, self._last, outcome.id)
            return
        packed = zlib.compress(outcome.model_dump_json().encode(), 1)
        self._do(
            "UPDATE items SET state = ?, ended = ?, key = ?, outcome = ?, run = '' WHERE id = ?",
            outcome.status, self._last, outcome.key, packed, outcome.id,
        )  # fmt: skip

    def put_back(self, names: Iterable[str]) -> None:
        """These wait again as if they had not been tried."""
        for name in names:
            self._do("UPDATE items SET state = 'waiting', key = '', outcome = NULL WHERE id = ?", name)

    def retry(self, *states: State) -> int:
        """Items of these states wait again; how many."""
        holes = ", ".join("?" for _ in states)
        return self._do(
            f"UPDATE items SET state = 'waiting', key = '', run = '' WHERE state IN ({holes})",  # noqa: S608 - holes
            *states,
        )

    def count(self) -> dict[str, int]:
        """Items of the manifest by state."""
        with failing(self.path):
            rows = self._base.execute(
                "SELECT state, count(*) AS n FROM items WHERE listing = ? GROUP BY state", (self.listing,)
            ).fetchall()
        return {row["state"]: row["n"] for row in rows}

    def bytes_waiting(self) -> int:
        asked = "SELECT coalesce(sum(size), 0) FROM items WHERE listing = ? AND state = 'waiting'"
        return int(self._one(asked, self.listing))

    def results(self) -> Iterator[tuple[Item, Outcome | None]]:
        """Every item of the manifest with its result, None where it waits; by id."""
        name = ""
        while True:
            with failing(self.path):
                rows = self._base.execute(
                    "SELECT id, item, state, outcome FROM items WHERE listing = ? AND id > ? ORDER BY id LIMIT ?",
                    (self.listing, name, RESULTS),
                ).fetchall()
            if not rows:
                return
            for row in rows:
                item = Item.model_validate_json(zlib.decompress(row["item"]))
                ready = row["outcome"] and row["state"] not in ("waiting", "recheck")
                yield item, Outcome.model_validate_json(zlib.decompress(row["outcome"])) if ready else None
            name = rows[-1]["id"]

    @property
    def last(self) -> int:
        """The number of the latest end."""
        return int(self._last)

    def synced(self, number: int) -> None:
        """Everything up to the end of this number is safe from a loss of power."""
        self.tell("synced", str(number))


UPSERT = """INSERT INTO items (id, place, listing, item, asked, stamp, size, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET place = excluded.place, listing = excluded.listing, item = excluded.item,
  asked = excluded.asked, stamp = excluded.stamp, size = excluded.size,
  run = CASE WHEN asked = excluded.asked AND stamp = excluded.stamp THEN run ELSE '' END,
  state = CASE WHEN asked = excluded.asked AND stamp = excluded.stamp THEN state
               WHEN asked = excluded.asked AND state IN ('done', 'partial', 'recheck') THEN 'recheck'
               ELSE 'waiting' END"""


def checkpoint(*bases: Path) -> None:
    """Fold each base's log into it, beside whoever writes, and sync the disk that they are on. Raises RecordError."""
    sync_disk(bases[0].parent)
    for base in bases:
        connection = connect(base, synced=False)
        try:
            with failing(base):
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        finally:
            connection.close()


def opened(folder: Path) -> sqlite3.Connection:
    """For looking on while another process works. Raises BadRequest where there is no cohort."""
    path = folder / NAME
    if not path.is_file():
        raise BadRequest("there is no cohort here", where=str(folder), do="Name the folder of `cohort run --out`.")
    return connect(path, synced=False) if os.access(folder, os.W_OK) else _read_only(path)


def _read_only(path: Path) -> sqlite3.Connection:
    """Another's, or one that was put away; without a log beside it nobody is writing."""
    how = "mode=ro" if path.with_name(f"{NAME}-wal").exists() else "immutable=1"
    with failing(path):
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True)
        connection.row_factory = sqlite3.Row
        return connection
