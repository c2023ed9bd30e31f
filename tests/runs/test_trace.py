"""A run while it happens: both ends of every call, answers from the record, facts that are settled once."""

import asyncio

import pytest

from readingroom.domain.value import digest_of
from readingroom.errors import InputRefused, NotAuthorised, NotServed, RecordError, ToolFailed, Unavailable
from readingroom.runs.run import Spent
from readingroom.runs.trace import Outcome
from tests.runs.steps import Called, begun, intent, restore, step


def kinds(trace):
    return [event.kind for event in trace.store.history(trace.run.id).events]


def test_a_step_is_on_record_before_its_call_and_after_it(store):
    trace = begun(store)

    async def call(name):
        (during,) = store.steps(trace.run.id)
        assert (during.name, during.status, during.output_sha256) == (name, "started", None)
        return Outcome("answer", {"raw": 1})

    assert asyncio.run(trace.step(intent(), call, restore)) == "answer"
    (done,) = store.steps(trace.run.id)
    assert (done.status, done.error, done.of) == ("done", None, None)
    history = store.history(trace.run.id)
    assert history.output(history.outcomes[0]) == {"raw": 1}
    assert history.request(done) == {"question": "?"}
    assert done.output_sha256 == digest_of({"raw": 1})
    assert done.elapsed_ms is not None


def test_what_a_call_took_is_kept(store):
    trace = begun(store)

    async def call(_):
        return Outcome("", {"raw": ""}, Spent(tokens_in=90, tokens_out=7, cost=0.002, retries=1))

    asyncio.run(trace.step(intent(), call, restore))
    assert store.steps(trace.run.id)[0].spent == Spent(tokens_in=90, tokens_out=7, cost=0.002, retries=1)


def test_the_same_question_is_answered_from_the_record(store):
    heard = []
    trace, call = begun(store, listen=heard.append), Called()
    assert step(trace, call) == step(trace, call, name="again") == "answer"
    assert step(trace, call, question="another") == "answer"
    assert call.times == 2
    first, again, other = store.steps(trace.run.id)
    assert (first.of, again.of, other.of) == (None, 1, None)
    assert (again.name, again.status, again.output_sha256) == ("again", "done", first.output_sha256)
    assert [(item.number, item.status, item.of) for item in heard] == [
        (1, "started", None), (1, "done", None), (2, "done", 1), (3, "started", None), (3, "done", None),
    ]  # fmt: skip


def test_two_of_the_same_at_a_time_are_one_call(store):
    trace, call = begun(store), Called()

    async def both():
        return await asyncio.gather(*(trace.step(intent(), call, restore) for _ in range(3)))

    assert asyncio.run(both()) == ["answer"] * 3
    assert call.times == 1


def test_who_waits_for_a_cancelled_call_makes_it(store):
    trace, call = begun(store), Called()

    async def stuck(_):
        await asyncio.sleep(60)

    async def both():
        first = asyncio.create_task(trace.step(intent(), stuck, restore))
        second = asyncio.create_task(trace.step(intent(), call, restore))
        await asyncio.sleep(0.01)
        first.cancel()
        return await second

    assert asyncio.run(both()) == "answer"
    assert [item.error for item in store.steps(trace.run.id)] == ["CancelledError", None]


@pytest.mark.parametrize("kind", [NotServed, InputRefused, ToolFailed])
def test_a_refusal_is_an_answer_too(store, kind):
    trace, call = begun(store), Called(kind("no such target", where="segment", do="Ask for another."))
    for _ in range(2):
        with pytest.raises(kind) as raised:
            step(trace, call)
        assert type(raised.value) is kind
        assert raised.value.line() == "segment: no such target. Ask for another."
    assert call.times == 1


@pytest.mark.parametrize("error", [Unavailable("down"), NotAuthorised("who?"), ZeroDivisionError()])
def test_what_may_pass_is_asked_again(store, error):
    trace, call = begun(store), Called(error)
    with pytest.raises(type(error)):
        step(trace, call)
    assert step(trace, call) == "answer"
    assert [item.status for item in store.steps(trace.run.id)] == ["failed", "done"]


def test_the_key_depends_on_what_is_asked_alone():
    assert intent().key == intent(name="another-name").key
    assert intent().key != intent(question="other").key


def test_a_fact_is_settled_once(store):
    trace = begun(store)
    assert trace.fact("dice", lambda: [4, None, "x"]) == [4, None, "x"]
    assert trace.fact("dice", lambda: pytest.fail("made twice")) == [4, None, "x"]
    assert store.history(trace.run.id).facts == {"dice": [4, None, "x"]}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ToolFailed("the heart could not be outlined"), "failed"),
        (ZeroDivisionError(), "failed"),
        (KeyboardInterrupt(), "interrupted"),
        (SystemExit(143), "interrupted"),
        (asyncio.CancelledError(), "interrupted"),
        (NotAuthorised("the key was refused"), "interrupted"),
        (RecordError("the disk is full"), "interrupted"),
    ],
)
def test_whatever_ends_a_run_is_told(store, error, status):
    trace = begun(store, way=True)
    with pytest.raises(type(error)), trace.recorded():
        raise error
    run = store.run("last")
    assert (run.status, bool(run.error), bool(run.finished)) == (status, True, True)
    assert kinds(trace) == ["begun", "ended"]
    assert any((store.home / "unfinished").iterdir()) == (status == "interrupted")


def test_a_step_that_broke_does_not_stay_started(store):
    trace = begun(store)
    with pytest.raises(ZeroDivisionError), trace.recorded():
        step(trace, Called(ZeroDivisionError()))
    assert (store.steps(trace.run.id)[0].status, store.steps(trace.run.id)[0].error) == ("failed", "ZeroDivisionError")


def test_an_output_that_is_no_json_is_a_failed_step(store):
    trace = begun(store)

    async def call(_):
        return Outcome("", {"raw": float("nan")})

    with pytest.raises(ValueError, match="JSON"):
        asyncio.run(trace.step(intent(), call, restore))
    assert store.steps(trace.run.id)[0].status == "failed"


def test_a_clock_that_jumps_changes_no_duration(store, monkeypatch):
    trace = begun(store)
    monkeypatch.setattr("time.time", lambda: 0.0)
    monkeypatch.setattr("readingroom.runs.journal.now", lambda: "1970-01-01T00:00:00.000+00:00")
    step(trace, Called())
    (done,) = store.steps(trace.run.id)
    assert 0 <= done.elapsed_ms < 5000
    assert done.started.startswith("1970")


def test_a_call_that_outlives_its_run_is_let_go_of_quietly(store, caplog):
    """One of two parallel calls ends the run; the other is cut off, and nothing is logged of it."""
    trace = begun(store)

    async def slow(_):
        await asyncio.sleep(60)

    async def late(_):
        await asyncio.sleep(0.02)
        return Outcome("", {"raw": ""})

    async def both():
        with trace.recorded():
            await asyncio.gather(
                trace.step(intent(question="slow"), slow, restore),
                trace.step(intent(question="late"), late, restore),
                trace.step(intent(question="bad"), Called(NotServed("no")), restore),
            )

    async def main():
        with pytest.raises(NotServed):
            await both()
        await asyncio.sleep(0.05)

    asyncio.run(main())
    assert [item.status for item in store.steps(trace.run.id)] == ["failed"] * 3
    assert store.steps(trace.run.id)[0].error == "it was cut off before the answer was kept"
    assert kinds(trace) == ["begun", "intent", "intent", "intent", "result", "ended"]
    assert caplog.records == []


def test_parallel_calls_share_their_commits(store, monkeypatch):
    trace, commits = begun(store), []
    commit = trace._journal._commit
    monkeypatch.setattr(trace._journal, "_commit", lambda *given: commits.append(len(given[0])) or commit(*given))

    async def eight():
        await asyncio.gather(*(trace.step(intent(question=str(index)), Called(), restore) for index in range(8)))

    asyncio.run(eight())
    assert commits == [8, 8]
    assert kinds(trace) == ["begun", *["intent"] * 8, *["result"] * 8]


def test_a_call_cancelled_before_its_intent_was_durable_has_two_ends(store):
    trace = begun(store)

    async def cancelled():
        task = asyncio.create_task(trace.step(intent(), Called(), restore))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(cancelled())
    assert kinds(trace) == ["begun", "intent", "result"]
    assert store.steps(trace.run.id)[0].error == "CancelledError"
