"""The embedded store: what goes in comes out, changed files are noticed, strange stores are refused in words."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys

import pytest

from readingroom.errors import BadRequest, RecordError
from readingroom.runs.database import connect
from readingroom.runs.integrity import integrity
from readingroom.runs.store import Store
from tests.runs.steps import Called, begun, step


def test_a_changed_file_is_noticed_and_mended_when_it_is_kept_again(store):
    digest = store.blobs.put(b"truth")
    store.blobs.path(digest).write_bytes(b"other")
    with pytest.raises(RecordError, match="was changed"):
        store.blobs.get(digest)
    store.blobs.put(b"truth")
    assert store.blobs.get(digest) == b"truth"


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "0" * 63])
def test_only_digests_name_files(store, digest):
    with pytest.raises(RecordError, match="not a SHA-256"):
        store.blobs.get(digest)


def test_runs_are_found_by_their_beginning(store):
    first = begun(store).run
    assert store.run(first.id[:-2]).id == first.id
    with pytest.raises(BadRequest, match="no such run"):
        store.run("nothing")
    with pytest.raises(BadRequest, match="no such run"):
        store.run("%")


def test_a_newer_store_is_refused(tmp_path):
    Store(tmp_path)
    with sqlite3.connect(tmp_path / "runs.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(RecordError, match=r"schema 99, this version reads up to 2\. Update readingroom"):
        Store(tmp_path)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "runs.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(RecordError, match="run store"):
        Store(tmp_path)


def test_only_the_owner_can_read(tmp_path):
    store = Store(tmp_path / "home")
    store.blobs.put(b"x")
    assert stat.S_IMODE(os.stat(store.database).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(store.blobs.folder).st_mode) == 0o700


def test_a_cut_log_loses_no_more_than_what_was_not_committed(store, tmp_path):
    """As after a power loss: the write-ahead log ends anywhere."""
    trace = begun(store)
    for index in range(4):
        step(trace, Called(), question=str(index))
    log = tmp_path / "runs.sqlite-wal"
    whole = log.stat().st_size
    lengths = []
    for cut in (0, 1, 700, 4200, 9000, whole // 2, whole):
        home = tmp_path / f"cut-{cut}"
        home.mkdir()
        shutil.copy(store.database, home)
        (home / log.name).write_bytes(log.read_bytes()[: whole - cut])
        copy = Store(home)
        lengths.append(len(copy.history(trace.run.id).events))
        if lengths[-1]:
            assert integrity(copy, trace.run.id).intact
    assert lengths[0] == 9
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[1] == 8  # one byte cut off costs the last entry, and no more
    assert lengths[-1] == 0


def test_a_full_disk_is_one_clear_error_and_the_run_can_go_on(store):
    trace = begun(store, way=True)
    pages = trace._journal._connection.execute("PRAGMA page_count").fetchone()[0]
    trace._journal._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(RecordError, match=r"database or disk is full.*Free some space"), trace.recorded():
        step(trace, Called(answer="long " * 20_000))
    history = store.history(trace.run.id)
    assert [event.kind for event in history.events[:2]] == ["begun", "intent"]
    assert store.run("last").status in ("running", "interrupted")
    assert integrity(store, trace.run.id).intact
    with store.unfinished.taken(trace.run.id) as held:
        assert held.read().paths == ("/a",)


def test_a_file_too_large_for_the_disk_leaves_no_half_behind(tmp_path):
    code = (
        "import resource, signal, sys; from pathlib import Path; from readingroom.runs.blobs import Blobs;"
        "from readingroom.errors import RecordError; blobs = Blobs(Path(sys.argv[1]));"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try: blobs.put(b'x' * 100_000)\n"
        "except RecordError as error: print(error.line())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert "cannot store a result (File too large)" in done.stdout
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_store_that_may_not_be_written_says_so(store):
    trace = begun(store)
    trace._journal._connection.execute("PRAGMA query_only = 1")
    with pytest.raises(RecordError, match="readonly database"):
        trace.fact("x", lambda: 1)
    connection = connect(store.database)
    assert connection.execute("SELECT count(*) FROM events").fetchone()[0] == 1
    connection.close()


def test_a_home_that_is_no_folder_is_refused(tmp_path):
    (tmp_path / "home").write_text("a file")
    with pytest.raises(RecordError, match="READINGROOM_HOME"):
        Store(tmp_path / "home")
