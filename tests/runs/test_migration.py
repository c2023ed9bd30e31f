"""A store of schema 1 opens: its runs are listed, shown, verified and compared as before."""

import contextlib
import json
import sqlite3

import pytest

from readingroom.errors import BadRequest
from readingroom.runs.blobs import Blobs
from readingroom.runs.integrity import integrity
from readingroom.runs.store import Store

SCHEMA_1 = """
CREATE TABLE IF NOT EXISTS runs (
  id TEXT PRIMARY KEY, workflow TEXT NOT NULL, status TEXT NOT NULL, subject TEXT NOT NULL, started TEXT NOT NULL,
  finished TEXT, request_sha256 TEXT NOT NULL, report_sha256 TEXT, code_version TEXT NOT NULL, error TEXT) STRICT;
CREATE TABLE IF NOT EXISTS steps (
  run TEXT NOT NULL REFERENCES runs(id), number INTEGER NOT NULL, name TEXT NOT NULL, tool TEXT NOT NULL,
  key TEXT NOT NULL, status TEXT NOT NULL, request_sha256 TEXT NOT NULL, output_sha256 TEXT, error TEXT,
  started TEXT NOT NULL, elapsed_ms REAL, PRIMARY KEY (run, number)) STRICT;
PRAGMA user_version = 1;
"""


@pytest.fixture
def old(tmp_path):
    """As version 0.1 wrote it: a finished run of two steps, and one that was killed."""
    blobs = Blobs(tmp_path / "blobs")
    asked, output, report = (blobs.put(json.dumps(item).encode()) for item in ({"q": 1}, {"raw": []}, {"r": 1}))
    with contextlib.closing(sqlite3.connect(tmp_path / "runs.sqlite")) as connection, connection:
        connection.executescript(SCHEMA_1)
        connection.executemany(
            "INSERT INTO runs VALUES (?, 'report', ?, 'abc', ?, ?, ?, ?, '0.1.0', NULL)",
            [
                ("r-1", "done", "2026-01-01", "2026-01-02", asked, report),
                ("r-2", "running", "2026-01-03", None, asked, None),
            ],
        )
        connection.executemany(
            "INSERT INTO steps VALUES (?, ?, ?, 'segment', 'key', ?, ?, ?, ?, '2026-01-01', ?)",
            [
                ("r-1", 1, "segment-1", "done", asked, output, None, 12.5),
                ("r-1", 2, "segment-2", "failed", asked, None, "it broke", 3.0),
                ("r-2", 1, "segment-1", "started", asked, None, None, None),
            ],
        )
    return tmp_path


def test_an_old_store_is_brought_up(old):
    store = Store(old)
    assert [(run.id, run.status, run.finished) for run in store.runs()] == [
        ("r-2", "running", None), ("r-1", "done", "2026-01-02"),
    ]  # fmt: skip
    done, failed = store.steps("r-1")
    assert (done.status, done.elapsed_ms, done.error, done.name) == ("done", 12.5, None, "segment-1")
    assert (failed.status, failed.error) == ("failed", "it broke")
    assert store.steps("r-2")[0].status == "started"
    history = store.history("r-1")
    assert history.output(history.outcomes[0]) == {"raw": []}
    assert history.request(done) == {"q": 1}


def test_an_old_run_is_chained_from_then_on(old):
    store = Store(old)
    assert all(integrity(store, run).intact for run in ("r-1", "r-2"))
    store.blobs.path(store.steps("r-1")[0].output_sha256).write_bytes(b"{}")
    assert [fault.where for fault in integrity(store, "r-1").faults] == ["entry 3"]


def test_it_is_done_once(old):
    before = Store(old).history("r-1").events
    assert Store(old).history("r-1").events == before


def test_nothing_of_an_old_unfinished_run_was_kept(old):
    with pytest.raises(BadRequest, match="nothing is kept to go on with"), Store(old).unfinished.taken("r-2"):
        pytest.fail("taken")
