"""A run told again: from the record alone, to the byte; and where that cannot be, it is said why."""

import socket

import pytest

from benchmarks.quick_backend import QuickBackend
from readingroom.errors import BadRequest, BadStudy, NotAuthorised, NotServed, RecordError, Unavailable
from readingroom.questions import ask_room
from readingroom.runs.replay import Replay
from readingroom.workflows.question import Ways
from tests.runs.house import FILM
from tests.runs.steps import Called, begun, step


@pytest.fixture
def closed(monkeypatch):
    """No socket of the internet families can be made; an event loop's own pair is of another."""
    made = socket.socket

    class Closed(made):
        def __init__(self, family=-1, *rest, **named):
            assert family == socket.AF_UNIX, "a socket was opened"
            super().__init__(family, *rest, **named)

    monkeypatch.setattr(socket, "socket", Closed)
    with pytest.raises(AssertionError, match="a socket was opened"):
        socket.create_connection(("127.0.0.1", 9))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("a name was looked up"))


@pytest.fixture
def blind(monkeypatch):
    """Nothing reads a study or asks a model."""
    monkeypatch.setattr("readingroom.room.read_study", lambda *_, **__: pytest.fail("files were read"))
    monkeypatch.setattr("benchmarks.quick_backend.QuickServing.backend", lambda *_: pytest.fail("a model was asked"))


KINDS = [
    {},
    {"prior": None, "indication": "Cough."},
    {"prior_report": "No nodule."},
    {"prior": None, "stated": {}},
    {"prior": None, "stated": {}, "workflow": "segment_and_measure"},
    {"workflow": "segment_and_measure", "targets": ("heart",)},
]


@pytest.mark.parametrize("named", KINDS, ids=str)
def test_the_same_report_comes_out_without_network_files_or_models(house, named, request):
    report = house.draft(**named).report
    house.film.unlink()
    house.prior.unlink()
    before = bytes_of(house)
    for name in ("blind", "closed"):
        request.getfixturevalue(name)
    found = house.replay()
    assert (found.identical, found.why) == (True, "")
    assert found.recorded_sha256 == found.replayed_sha256 == house.room.store.run(report.provenance.run).report_sha256
    assert bytes_of(house) == before


def bytes_of(house):
    data = house.folder / "data"
    return (data / "runs.sqlite").read_bytes(), sorted((data / "blobs").rglob("*"))


def test_a_tool_that_failed_fails_again(house, monkeypatch):
    async def down(*_):
        raise Unavailable("the model is down", where="quick", do="Wait.")

    async def refused(*_):
        raise NotServed("nothing is drafted here")

    for error in (down, refused):
        with monkeypatch.context() as patch:
            patch.setattr(QuickBackend, "draft", error)
            assert house.draft().report.status == "partial"
        assert house.replay().identical


def test_the_last_attempt_is_what_is_told(house, monkeypatch):
    """What failed before the run was stopped, and was asked again then, is not what made the report."""

    async def down(*_):
        raise Unavailable("the model is down")

    def stopped(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(QuickBackend, "draft", down)
        patch.setattr("readingroom.workflows.drafting.compose", stopped)
        with pytest.raises(KeyboardInterrupt):
            house.draft()
    assert house.resume().report.status == "preliminary"
    assert house.replay().identical


def test_a_step_that_the_record_lacks_is_named(house, monkeypatch):
    house.draft()
    monkeypatch.setattr("readingroom.workflows.chest_xray_report.TARGETS", ("right lung", "left lung"))
    found = house.replay()
    assert not found.identical
    assert found.replayed_sha256 is None
    assert found.why.startswith("segment-frontal: step 'segment-frontal' asks something else: /request/targets/2")


def test_another_tool_version_is_named(house, monkeypatch):
    house.draft()
    monkeypatch.setattr("readingroom.tools.tool.TOOL_VERSION", "2")
    assert "another version: '1' in the record, '2' now" in house.replay().why


def test_a_report_that_comes_out_otherwise_is_told_with_what_changed(house, monkeypatch):
    house.draft()
    monkeypatch.setattr("readingroom.workflows.drafting.PLANNER", "another planner")
    monkeypatch.setattr("readingroom.room.digest_of_all_words", lambda: "other")
    found = house.replay()
    assert not found.identical
    assert "/provenance/planner is" in found.why
    assert "templates, prompts or word lists have changed" in found.why


def test_a_run_without_a_report_has_nothing_to_tell(house, monkeypatch):
    with pytest.raises(BadStudy):
        house.draft(workflow="chest_xray_report", stated={"modality": "dermoscopy", "anatomy": "skin"})
    with pytest.raises(BadRequest, match="has no report to be told again"):
        house.replay()


def test_a_question_asked_once_too_often_is_told(store):
    trace = begun(store)
    step(trace, Called())
    again = Replay(store, store.history(trace.run.id))
    assert step(again, None) == "answer"
    with pytest.raises(RecordError, match="fewer times than it is asked for now"):
        step(again, None)
    with pytest.raises(RecordError, match="holds no step 'other' of segment"):
        step(again, None, name="other", question="new")
    with pytest.raises(RecordError, match="does not tell 'dice'"):
        again.fact("dice", lambda: 4)


ASKED = ["What is the cardiothoracic ratio?", "Draft a report.", "Measure the heart.", "Is there a pneumothorax?"]


@pytest.mark.parametrize("asked", ASKED)
def test_a_question_is_told_again_as_well(house, asked, request):
    house.room.wait_for(ask_room(house.room, asked, house.film, stated=FILM))
    house.film.unlink()
    for name in ("blind", "closed"):
        request.getfixturevalue(name)
    found = house.replay()
    assert (found.identical, found.why) == (True, "")


def test_a_question_about_a_report_and_one_that_was_declined_are_told_again(house):
    about = house.draft().run
    house.room.wait_for(ask_room(house.room, "Why F1?", house.film, stated=FILM, run=about))
    assert house.replay().identical

    async def no(_):
        return False

    reply = house.room.wait_for(ask_room(house.room, ASKED[0], house.film, stated=FILM, ways=Ways(approve=no)))
    assert reply.answer.status == "declined"
    assert house.replay().identical


def test_a_plan_that_waited_for_a_yes_is_not_carried_out_without_one(house):
    async def gone(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        house.room.wait_for(ask_room(house.room, ASKED[0], house.film, stated=FILM, ways=Ways(approve=gone)))
    with pytest.raises(NotAuthorised, match="waits for a yes"):
        house.resume()
    assert house.calls == []
    assert house.room.runs()[0].status == "interrupted"
