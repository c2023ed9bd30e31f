"""A chat: stable ids, nothing asked twice, one subject, undo, and a record that outlives its process."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.quick_backend import write_film
from readingroom.agents.events import Ended, Planned
from readingroom.chat import forget_chat
from readingroom.chat_course import CUT_OFF, Source
from readingroom.chat_store import ChatStore
from readingroom.errors import BadInput, BadRequest, BadStudy, NotAuthorised, NotServed, RecordError
from readingroom.tools.toolbox import TOOLS
from readingroom.workflows.approval import Approval, without
from tests.chats import NAME, NUMBER, OTHER, Chats, Planners

REPO = Path(__file__).resolve().parent.parent


@pytest.fixture
def chats(tmp_path):
    return Chats(tmp_path)


@pytest.fixture
def chat(chats):
    begun = chats.begin()
    yield begun
    begun.close()


def cites(turn):
    return {name for sentence in turn.answer.sentences for name in sentence.evidence}


def test_what_one_turn_gathered_the_next_cites_and_is_not_asked_again(chats, chat):
    first = chats.ask(chat, "Measure the lungs and the heart")
    held, asked = dict(chat.course.ledger), chats.calls
    events = []
    second = chats.ask(chat, "Please measure the heart and the lungs", events.append)
    assert cites(first) == cites(second) != set()
    assert chats.calls == asked == ["segment"]
    assert all(event.from_record for event in events if isinstance(event, Ended))
    drafted = chats.ask(chat, "Draft a report")
    assert chats.calls == ["segment", "draft"]
    assert {name: chat.course.ledger[name].summary for name in held} == {n: e.summary for n, e in held.items()}
    report = drafted.report
    assert cites(first) < {item.id for item in report.evidence}
    assert max(int(item.id[1:]) for item in report.evidence) == len(chat.course.ledger)
    assert report.verification.checks


def test_other_calls_get_ids_that_nothing_else_has(chats, chat):
    chats.ask(chat, "segment the heart")
    assert list(chat.course.ledger) == ["E1"]
    chats.ask(chat, "segment the lungs")
    summaries = {name: item.summary for name, item in chat.course.ledger.items()}
    assert list(summaries) == ["E1", "E2", "E3"]
    assert "heart" in summaries["E1"]
    assert "right lung" in summaries["E2"]


def test_evidence_is_explained_before_there_is_a_report_and_after(chats, chat):
    chats.ask(chat, "Measure the lungs and the heart")
    before = chats.ask(chat, "Why E4?")
    assert before.run == ""
    assert "E4 was computed from" in before.answer.sentences[1].text
    assert chats.ask(chat, "why E77?").answer.status == "nothing"
    chats.ask(chat, "Draft a report")
    why = chats.ask(chat, "why F1?")
    assert why.answer.sentences[0].text.startswith("F1 says:")
    assert chats.room.store.run(why.run).status == "done"


def test_every_turn_can_be_told_again_from_its_own_run(chats, chat):
    for question in ("Measure the lungs and the heart", "Draft a report", "why F1?", "What is the CTR?"):
        chats.ask(chat, question)
    for turn in chat.turns:
        found = chats.room.wait_for(chats.room.replay(turn.run))
        assert found.identical, found.why
        assert chats.room.verify_run(turn.run).intact


def test_it_goes_on_where_it_ended(chats, chat):
    chats.ask(chat, "Measure the lungs and the heart")
    chats.ask(chat, "Draft a report")
    chat.close()
    asked = chats.calls
    again = chats.resume()
    assert again.id == chat.id
    assert again.turns == chat.turns
    assert again.course.known == chat.course.known
    assert chats.ask(again, "Measure the lungs and the heart").answer.sentences == chat.turns[0].answer.sentences
    assert chats.calls == asked
    assert again.reading().to_markdown() == chat.reading().to_markdown()
    again.close()


def test_undo_takes_back_the_turn_and_its_ids_and_the_journal_keeps_it(chats, chat):
    chats.ask(chat, "segment the heart")
    taken = chats.ask(chat, "segment the lungs")
    assert chat.undo() == taken
    assert [turn.question for turn in chat.turns] == ["segment the heart"]
    assert list(chat.course.ledger) == ["E1"]
    with pytest.raises(BadRequest, match="no evidence 'E2'"):
        chat.evidence("E2")
    chats.ask(chat, "Measure the lungs")
    chat.close()
    again = chats.resume()
    assert [turn.question for turn in again.turns] == ["segment the heart", "Measure the lungs"]
    kinds = [entry.kind for entry in ChatStore(chats.room.settings.home).entries(chat.id)]
    assert kinds.count("asked") == kinds.count("answered") == 3
    assert kinds.count("undone") == 1
    assert (again.undo().question, again.undo().question, again.undo()) == (
        "Measure the lungs",
        "segment the heart",
        None,
    )
    again.close()


def test_a_prior_of_the_same_patient_is_compared_and_can_be_taken_back(chats, chat):
    chats.ask(chat, "Measure the lungs and the heart")
    chat.compare_with(chats.earlier)
    compared = chats.ask(chat, "Compare with the prior")
    assert {step.tool for step in compared.plan.steps} == {"segment", "measure", "compare"}
    assert chats.calls == ["segment", "segment"]
    chat.undo()
    assert isinstance(chat.undo(), Source)
    assert len(chat.study.images) == 1
    chat.close()
    again = chats.resume()
    assert len(again.study.images) == 1
    again.close()


def test_another_patients_study_is_refused_by_every_way(chats, chat):
    with pytest.raises(BadStudy, match=r"^the prior image belongs to another patient"):
        chats.begin(chats.film, prior=chats.stranger)
    with pytest.raises(BadStudy, match=r"^the prior image belongs to another patient"):
        chat.compare_with(chats.stranger)
    with pytest.raises(BadStudy, match=r"^the prior image belongs to another patient"):
        chats.ask(chat, f"compare it with {chats.stranger}")
    with pytest.raises(BadRequest, match=r"^this chat is about one study of one patient"):
        chats.ask(chat, f"What is the CTR of {chats.stranger}?")
    chat.close()
    with pytest.raises(BadStudy, match=f"^the images belong to another patient than chat {chat.id}"):
        chats.resume(paths=chats.stranger)
    assert chats.calls == []
    assert OTHER.encode() not in chats.kept()
    again = chats.resume()
    assert (again.turns, len(again.study.images)) == ((), 1)
    again.close()


def test_neither_subject_nor_path_is_an_argument_of_any_tool():
    for tool in TOOLS:
        assert not {"subject", "patient", "path", "paths", "file", "study"} & set(tool.request.model_fields)


def test_a_comparison_in_words_takes_the_prior_and_its_path_goes_no_further(chats, chat):
    turn = chats.ask(chat, f"compare it with {chats.earlier}")
    assert turn.question == "compare it with the prior image"
    assert turn.answer.plan.aim == "compare"


def test_an_unknown_subject_is_bound_by_the_first_that_is_known(chats):
    stated = {"modality": "x_ray", "anatomy": "chest"}
    chat = chats.begin(write_film(chats.folder / "film.png"), stated=stated)
    assert chat.subject == "unknown"
    chat.compare_with(chats.film)
    assert chat.subject != "unknown"
    with pytest.raises(BadStudy, match="different patients"):
        chat.compare_with(chats.stranger)
    chat.close()


def test_no_name_and_no_path_stays_but_in_one_private_file(chats, chat):
    chats.ask(chat, f"Draft a report of Mrs {NAME}, number {NUMBER}")
    chats.ask(chat, "why F1?")
    chat.compare_with(chats.earlier)
    kept = chats.kept()
    for word in (NAME, NUMBER, str(chats.folder)):
        assert word.encode() not in kept
    private = chats.folder / "data" / "chats"
    assert (private.stat().st_mode & 0o777, (private / f"{chat.id}.json").stat().st_mode & 0o777) == (0o700, 0o600)
    assert ((chats.folder / "data" / "chats.sqlite").stat().st_mode & 0o777) == 0o600
    assert str(chats.film) in (private / f"{chat.id}.json").read_text()
    chat.close()
    forget_chat(chats.room, chat.id)
    assert str(chats.folder) not in "".join(path.read_text() for path in private.iterdir())
    with pytest.raises(BadRequest, match="nothing is kept"):
        chats.resume()


def test_sources_that_changed_are_refused_and_moved_ones_are_found(chats, chat):
    chat.close()
    content = chats.film.read_bytes()
    moved = chats.folder / "moved.dcm"
    chats.film.rename(moved)
    with pytest.raises(BadInput):
        chats.resume()
    chats.resume(paths=moved).close()
    again = chats.resume()
    again.close()
    moved.write_bytes(content[:-2] + b"\x07\x07")
    with pytest.raises(BadStudy, match=f"is no longer what chat {chat.id} is about"):
        chats.resume()


def test_one_process_at_a_time(chats, chat):
    with pytest.raises(BadRequest, match="another process is at chat"):
        chats.resume()


def test_a_changed_record_is_refused(chats, chat):
    chats.ask(chat, "segment the heart")
    chat.close()
    with sqlite3.connect(chats.folder / "data" / "chats.sqlite") as connection:
        with pytest.raises(sqlite3.Error, match="only appended"):
            connection.execute("DELETE FROM entries")
        connection.execute("DROP TRIGGER entries_are_not_changed")
        connection.execute("UPDATE entries SET payload = replace(payload, 'heart', 'liver') WHERE number = 2")
    connection.close()
    with pytest.raises(RecordError, match=r"was changed \(entry 2\)"):
        chats.resume()


def test_a_newer_schema_is_refused_and_names_are_found(chats, chat):
    store = ChatStore(chats.room.settings.home)
    assert store.find(chat.id[:17]) == store.find("last") == chat.id
    for name in ("c-none", "", "%"):
        with pytest.raises(BadRequest, match="there is no such chat"):
            store.find(name)
    with sqlite3.connect(chats.folder / "data" / "chats.sqlite") as connection:
        connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(RecordError, match="schema 9"):
        ChatStore(chats.room.settings.home)


@pytest.mark.parametrize("given", [False, Approval(approved=False)])
def test_a_plan_that_is_declined_runs_nothing(chats, given):
    async def approve(plan):
        return given

    chat = chats.begin(approve=approve, approve_all=True)
    turn = chats.ask(chat, "draft a report")
    assert (turn.approved, turn.answer.status, chats.calls, chat.course.ledger) == (False, "declined", [], {})
    assert [step.tool for step in chats.room.store.steps(turn.run)] == ["approval"]
    chat.close()


def test_steps_can_be_dropped_with_what_needs_them(chats):
    shown = []

    async def approve(plan):
        shown.append(plan)
        return Approval(approved=True, dropped=("segment-frontal",))

    chat = chats.begin(approve=approve, approve_all=True)
    turn = chats.ask(chat, "draft a report")
    assert [step.id for step in shown[0].steps] == ["segment-frontal", "measure-frontal", "draft-findings"]
    assert [step.id for step in turn.answer.plan.steps] == ["draft-findings"]
    assert chats.calls == ["draft"]
    assert without(shown[0], {"measure-frontal"}).steps == (shown[0].steps[0], shown[0].steps[2])
    replayed = chats.room.wait_for(chats.room.replay(turn.run))
    assert replayed.identical, replayed.why
    everything = Approval(approved=True, dropped=("segment-frontal", "draft-findings"))
    chat._means = chat._means.__class__(approve=lambda plan: _soon(everything), approve_all=True)
    assert chats.ask(chat, "draft a report").answer.status == "declined"
    chat.close()


async def _soon(value):
    return value


def test_a_tool_can_require_a_word(chats):
    tools = [tool._replace(approval=tool.name == "draft_findings") for tool in TOOLS]
    asked = []

    async def approve(plan):
        asked.append(plan.aim)
        return True

    chat = chats.begin(approve=approve, tools=tools)
    chats.ask(chat, "Measure the lungs and the heart")
    assert asked == []
    assert chats.ask(chat, "draft a report").answer.status == "answered"
    assert asked == ["draft"]
    chat.close()
    alone = chats.begin(tools=tools)
    with pytest.raises(NotAuthorised, match="waits for a yes"):
        chats.ask(alone, "draft a report")
    assert alone.turns[-1].error.startswith("the plan of this run waits for a yes")
    alone.close()


def test_a_plan_is_in_the_record_before_it_is_shown(chats, chat):
    store = ChatStore(chats.room.settings.home)
    seen = []

    def tell(event):
        if isinstance(event, Planned):
            seen.append([entry.kind for entry in store.entries(chat.id)][-1])

    chats.ask(chat, "segment the heart", tell)
    assert seen[0] == "planned"


def test_a_turn_that_fails_is_told_and_the_chat_goes_on(chats, chat):
    def plan_in(trace):
        async def plan(question, context):
            raise NotServed("no planner today")

        return plan

    staff, chats.room.staff = chats.room.staff, Planners(plan_in)
    with pytest.raises(NotServed):
        chats.ask(chat, "segment the heart")
    chats.room.staff = staff
    assert chats.ask(chat, "segment the heart").answer.clean
    assert [turn.error for turn in chat.turns] == ["no planner today", ""]


SLOW = """
import sys
from pathlib import Path
from benchmarks.quick_backend import QuickServing
from readingroom import room
from readingroom.chat import begin_chat
room.Serving = lambda settings: QuickServing(Path("calls"), float(sys.argv[2]))
the_room = room.ReadingRoom(home=Path("data"), config=Path("config"))
chat = begin_chat(the_room, sys.argv[1])
the_room.wait_for(chat.ask("segment the heart"))
the_room.serving = QuickServing(Path("calls"), 60)
Path("ready").touch()
the_room.wait_for(chat.ask("Draft a report"))
"""


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
def test_a_kill_in_the_middle_of_a_turn_loses_that_turn_alone(chats, sent):
    with subprocess.Popen(
        [sys.executable, "-c", SLOW, chats.film, "0"], cwd=chats.folder, env={**os.environ, "PYTHONPATH": str(REPO)}
    ) as child:
        until = time.monotonic() + 30
        while len(chats.calls) < 2 and time.monotonic() < until and child.poll() is None:
            time.sleep(0.02)
        assert child.poll() is None
        child.send_signal(sent)
        child.wait(timeout=15)
    again = chats.resume()
    done, lost = again.turns
    assert (done.question, done.answer.clean) == ("segment the heart", True)
    assert (lost.question, lost.answer) == ("Draft a report", None)
    assert lost.error == (CUT_OFF if sent == signal.SIGKILL else "it was stopped")
    assert lost.plan.aim == "draft"
    turn = chats.ask(again, "Draft a report")
    assert turn.answer.status == "answered"
    assert "E1" in again.course.ledger
    again.close()
