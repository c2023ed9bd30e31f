"""The embedded store: what goes in comes out, changed files are noticed, strange stores are refused in words."""

import asyncio
import os
import sqlite3
import stat

import pytest

from readingroom.domain.value import Value
from readingroom.errors import BadRequest, RecordError, ToolFailed
from readingroom.runs.store import Store
from readingroom.runs.trace import StepIntent, Trace


class Asked(Value):
    question: str = "?"


def intent(name: str = "segment-frontal", question: str = "?") -> StepIntent:
    return StepIntent(name=name, tool="segment", version="1", backend="classical 1", request=Asked(question=question))


def begun(store: Store, **named) -> Trace:
    return Trace.begin(store, workflow="report", subject="abc", request=Asked(), code_version="0", **named)


def test_a_step_is_on_record_before_its_call_and_after_it(tmp_path):
    store = Store(tmp_path)
    trace = begun(store)

    async def call(name):
        (during,) = store.steps(trace.run.id)
        assert (during.name, during.status, during.output_sha256) == (name, "started", None)
        return "answer", {"raw": 1}

    assert asyncio.run(trace.step(intent(), call)) == "answer"
    (step,) = store.steps(trace.run.id)
    assert (step.status, step.error) == ("done", None)
    assert store.blobs.get(step.output_sha256) == b'{"raw":1}'
    assert step.elapsed_ms is not None


def test_a_failed_step_keeps_its_reason_and_ends_the_run(tmp_path):
    store = Store(tmp_path)
    trace = begun(store)

    async def call(_):
        raise ToolFailed("the heart could not be outlined")

    with pytest.raises(ToolFailed), trace.recorded():
        asyncio.run(trace.step(intent(), call))
    assert store.steps(trace.run.id)[0].error == "the heart could not be outlined"
    assert (store.run("last").status, store.run("last").error) == ("failed", "the heart could not be outlined")


def test_a_step_that_broke_does_not_stay_started(tmp_path):
    store = Store(tmp_path)
    trace = begun(store)

    async def call(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), trace.recorded():
        asyncio.run(trace.step(intent(), call))
    assert (store.steps(trace.run.id)[0].status, store.steps(trace.run.id)[0].error) == ("failed", "ZeroDivisionError")
    assert store.run("last").status == "failed"


def test_an_interrupted_run_says_so(tmp_path):
    store = Store(tmp_path)
    with pytest.raises(KeyboardInterrupt), begun(store).recorded():
        raise KeyboardInterrupt
    assert store.run("last").status == "interrupted"


def test_the_key_depends_on_what_is_asked_alone():
    assert intent().key == intent(name="another-name").key
    assert intent().key != intent(question="other").key


def test_listeners_hear_both_ends(tmp_path):
    heard = []
    trace = begun(Store(tmp_path), listen=lambda step: heard.append(step.status))

    async def call(_):
        return None, {}

    asyncio.run(trace.step(intent(), call))
    assert heard == ["started", "done"]


def test_a_changed_file_is_noticed(tmp_path):
    store = Store(tmp_path)
    digest = store.blobs.put(b"truth")
    store.blobs.path(digest).write_bytes(b"other")
    with pytest.raises(RecordError, match="was changed"):
        store.blobs.get(digest)


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "0" * 63])
def test_only_digests_name_files(tmp_path, digest):
    with pytest.raises(RecordError, match="not a SHA-256"):
        Store(tmp_path).blobs.get(digest)


def test_runs_are_found_by_their_beginning(tmp_path):
    store = Store(tmp_path)
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
    with pytest.raises(RecordError, match="schema 99"):
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
