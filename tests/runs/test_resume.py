"""A run that goes on: what was answered stays, what changed since is refused, and two never work on one run."""

import os
import stat
import subprocess
import sys

import pytest

from benchmarks.quick_backend import timeless
from readingroom.errors import BadRequest, BadStudy, NotAuthorised, ReadingRoomError, RecordError
from readingroom.runs.integrity import intact
from readingroom.runs.trace import Trace
from readingroom.workflows import drafting
from tests.runs.steps import Called, begun, intent, step


def stop_at_the_end(monkeypatch):
    """The next draft is stopped when all its tools have answered."""

    def stopped(*_, **__):
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(drafting, "compose", stopped)


def stopped(house, monkeypatch, **named):
    stop_at_the_end(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        house.draft(**named)
    return house.room.runs()[0]


def test_a_stopped_run_ends_as_if_it_had_not_been(house, monkeypatch):
    whole = house.draft()
    calls = len(house.calls)
    run = stopped(house, monkeypatch)
    assert run.status == "interrupted"
    reading = house.resume()
    assert reading.run == run.id
    assert timeless(reading.report) == timeless(whole.report)
    assert len(house.calls) == 2 * calls  # the second draft's own, and none again
    found, steps, _ = house.room.show("last")
    assert (found.id, found.status, found.error) == (run.id, "done", None)
    assert sorted(item.of for item in steps[6:]) == [item.number for item in steps[:6]]
    assert house.room.verify_run("last").intact
    assert house.replay().identical


def test_where_the_sources_are_is_kept_apart_and_not_for_long(house, monkeypatch):
    run = stopped(house, monkeypatch)
    kept = house.folder / "data" / "unfinished" / f"{run.id}.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert str(house.film) in kept.read_text()
    for part in (house.folder / "data").glob("runs.sqlite*"):
        assert b"film.png" not in part.read_bytes()
    house.resume()
    assert not kept.exists()


def test_the_folder_one_stands_in_does_not_matter(house, monkeypatch, tmp_path):
    monkeypatch.chdir(house.folder)
    house.film = house.film.relative_to(house.folder)
    with monkeypatch.context() as patch:
        stopped(house, patch)
    monkeypatch.chdir("/")
    assert house.resume().report.findings


def test_a_changed_source_is_refused(house, monkeypatch):
    stopped(house, monkeypatch)
    before = house.film.read_bytes()
    house.film.write_bytes(house.prior.read_bytes())
    with pytest.raises(BadStudy, match="no longer what the run began with"):
        house.resume()
    house.film.write_bytes(before)
    assert house.resume().report.findings


def test_a_source_that_is_gone_is_refused(house, monkeypatch):
    stopped(house, monkeypatch)
    before = house.prior.read_bytes()
    house.prior.unlink()
    with pytest.raises(ReadingRoomError, match=r"prior\.png"):
        house.resume()
    assert house.room.runs()[0].status == "interrupted"
    house.prior.write_bytes(before)
    assert house.resume().report.findings


def test_a_finished_run_is_not_gone_on_with(house):
    run = house.draft().run
    with pytest.raises(BadRequest, match=rf"{run} has ended \(done\)"):
        house.resume()


def test_other_models_or_words_do_not_finish_a_run(house, monkeypatch):
    stopped(house, monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr("benchmarks.quick_backend.QuickBackend.version", "2")
        with pytest.raises(BadRequest, match="the backend is quick 2, and was quick 1"):
            house.resume()
    with monkeypatch.context() as patch:
        patch.setattr("readingroom.room.digest_of_all_words", lambda: "other")
        with pytest.raises(BadRequest, match="templates, prompts or word lists have changed"):
            house.resume()
    with monkeypatch.context() as patch:
        patch.setattr("readingroom.room.__version__", "9.9")
        with pytest.raises(BadRequest, match=r"the version is 9\.9"):
            house.resume()
    assert house.resume().report.findings


def test_a_broken_journal_is_not_gone_on_with(house, monkeypatch):
    run = stopped(house, monkeypatch)
    connection = house.room.store.journal(run)._connection
    connection.execute("DROP TRIGGER events_are_not_changed")
    connection.execute("UPDATE events SET at = 'never' WHERE number = 3")
    connection.close()
    with pytest.raises(RecordError, match="entry 3: was changed"):
        house.resume()


def test_a_damaged_answer_is_asked_again(house, monkeypatch):
    run = stopped(house, monkeypatch)
    calls = len(house.calls)
    connection = house.room.store.journal(run)._connection
    connection.execute("DROP TRIGGER events_are_not_changed")
    connection.execute("UPDATE events SET content = replace(content, 'nodule', 'module') WHERE kind = 'result'")
    connection.close()
    resumed = timeless(house.resume().report)
    assert len(house.calls) == calls + 1
    assert resumed == timeless(house.draft().report)


def test_the_second_process_is_refused_and_a_dead_one_is_not_waited_for(store):
    """The lease is the kernel's: it is let go of in the moment in which its holder is killed."""
    code = (
        "import sys, time; from pathlib import Path; from readingroom.runs.unfinished import Unfinished, Way;"
        "held = Unfinished(Path(sys.argv[1])).hold('r-1', Way(paths=('/a',)));"
        "print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(store.home / "unfinished")], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(BadRequest, match="another process is at run r-1"), store.unfinished.taken("r-1"):
            pytest.fail("taken twice")
        other.kill()
        other.wait()
        with store.unfinished.taken("r-1") as held:
            assert held.read().paths == ("/a",)
            with pytest.raises(BadRequest, match="another process"), store.unfinished.taken("r-1"):
                pytest.fail("taken twice in one process")


def test_who_was_overtaken_cannot_write(store):
    trace = begun(store)
    step(trace, Called())
    past = intact(store, trace.run.id)
    other = store.journal(past.run, past.events[-1])
    other.add("fact", {"name": "x"}, "1")
    other.close()
    with pytest.raises(RecordError, match="another process wrote"):
        trace.fact("y", lambda: 2)
    assert intact(store, trace.run.id).facts == {"x": 1}


def test_a_step_cut_off_is_shown_as_such_and_asked_again(store):
    trace = begun(store, way=True)
    trace._journal.add("intent", trace._next(intent())[1], intent().asked)
    trace._journal.close()
    trace._held.close(ended=False)
    with store.unfinished.taken(trace.run.id) as held:
        past = intact(store, trace.run.id)
        again, call = Trace.resume(store, past, held, past.conditions), Called()
        with again.recorded():
            assert step(again, call) == "answer"
    first, second = store.steps(trace.run.id)
    assert (call.times, first.status, second.status) == (1, "failed", "done")
    assert first.error == "it was cut off before the answer was kept"


def test_refused_credentials_leave_a_run_to_go_on_with(house, monkeypatch):
    async def refused(*_):
        raise NotAuthorised("the key was refused", do="Set another.")

    with monkeypatch.context() as patch:
        patch.setattr("benchmarks.quick_backend.QuickBackend.draft", refused)
        with pytest.raises(NotAuthorised):
            house.draft()
    assert house.room.runs()[0].status == "interrupted"
    assert house.resume().report.status == "preliminary"


def test_a_run_that_failed_leaves_no_path_behind(house):
    with pytest.raises(ReadingRoomError):
        house.draft(workflow="chest_xray_report", stated={"modality": "dermoscopy", "anatomy": "skin"})
    assert house.room.runs()[0].status == "failed"
    assert os.listdir(house.folder / "data" / "unfinished") == []


def test_what_killed_processes_left_behind_is_swept(store):
    folder = store.home / "unfinished"
    going = begun(store, way=True)
    names = ("r-never-begun", "r-just-now", going.run.id)
    for name in names:
        (folder / f"{name}.json").write_text("{}")
        os.utime(folder / f"{name}.json", (0, 0) if name != "r-just-now" else None)
    begun(store)
    assert {path.stem for path in folder.iterdir()} == {"r-just-now", going.run.id}
    going.fail("over")
    begun(store)
    assert {path.stem for path in folder.iterdir()} == {"r-just-now"}
