"""A conversation as the page has it: a stream of numbered events that resumes exactly, plans that wait, stops."""

from __future__ import annotations

import pytest

from readingroom.chat import Means, begin_chat
from readingroom.room import ReadingRoom
from readingroom.settings import load_settings
from readingroom.web.answering_session import SUGGESTIONS
from tests.web.entering import API, heard, opened, upload

HEART = "Is the heart enlarged?"


@pytest.fixture(scope="module")
def asked(page, study):
    """A chat with one answered question: its id and all its events."""
    chat = page.begin(study["id"])
    number = page.ask(chat, HEART)
    return chat, number, page.until_ended(chat, number)


def test_the_stream_tells_a_turn_from_its_plan_to_its_answer(asked):
    _, number, events = asked
    assert [one[0] for one in events] == list(range(1, len(events) + 1))
    names = [one[1] for one in events]
    assert names[:3] == ["asked", "plan", "started"]
    assert names[-2:] == ["judged", "answered"]
    started = {one[2]["step"] for one in events if one[1] == "started"}
    ended = {one[2]["step"]: one[2] for one in events if one[1] == "ended"}
    assert started == set(ended)
    assert all(one["seconds"] >= 0 and one["evidence"] for one in ended.values())
    answer = events[-1][2]["turn"]["answer"]
    assert answer["status"] == "answered"
    assert all(sentence["evidence"] for sentence in answer["sentences"])
    assert events[-1][2]["turn"]["number"] == number


def test_the_stream_goes_on_after_what_was_heard(page, asked):
    chat, _, events = asked
    for after in (0, 1, len(events) - 1):
        stream = heard(page.owner, chat, after)
        assert [next(stream) for _ in events[after:]] == events[after:]
        stream.close()


def test_it_goes_on_exactly_after_a_restart(tmp_path, films):
    with opened(tmp_path) as page:
        study = upload(page.owner, current=films[0]).json()["id"]
        chat = page.begin(study)
        events = page.until_ended(chat, page.ask(chat, HEART))
        view = page.owner.get(f"{API}/chats/{chat}").json()
    with opened(tmp_path) as page:
        stream = heard(page.owner, chat, 3)
        assert [next(stream) for _ in events[3:]] == events[3:]
        stream.close()
        assert page.owner.get(f"{API}/chats/{chat}").json() == view
        (line,) = page.owner.get(f"{API}/chats").json()
        assert (line["id"], line["study"], line["turns"], line["title"]) == (chat, study, 1, HEART)
        more = page.until_ended(chat, page.ask(chat, HEART))
        assert [one[0] for one in more] == list(range(1, len(more) + 1))
        assert all(one[2]["from_record"] for one in more[len(events) :] if one[1] == "ended")


def test_a_removed_chat_is_gone_from_here_for_good(tmp_path, films):
    with opened(tmp_path) as page:
        study = upload(page.owner, current=films[0]).json()["id"]
        chat, kept = page.begin(study), page.begin(study)
        stream = heard(page.owner, chat)
        page.ask(chat, HEART, approve=True)
        assert next(stream)[1] == "asked"
        told = page.until(chat, "waiting")
        refused = page.owner.delete(f"{API}/chats/{chat}")
        assert (refused.status_code, refused.json()["kind"]) == (409, "Busy")
        page.owner.post(f"{API}/chats/{chat}/stop")
        assert page.owner.delete(f"{API}/chats/{chat}").status_code == 204
        *_, last = stream
        assert (last[1], last[0] > told[-1][0]) == ("removed", True), "who listens hears it, and the stream ends"
        for path in (f"/chats/{chat}", f"/chats/{chat}/events", f"/chats/{chat}/evidence"):
            assert page.owner.get(f"{API}{path}").status_code == 404
        assert page.owner.delete(f"{API}/chats/{chat}").status_code == 404
        assert page.owner.get(f"{API}/studies/{study}").json()["chats"] == [kept]
    with opened(tmp_path) as page:
        assert [one["id"] for one in page.owner.get(f"{API}/chats").json()] == [kept]
        assert HEART.encode() not in (tmp_path / "home" / "page.sqlite").read_bytes()


def test_a_chat_begun_in_a_terminal_is_heard_from_its_journal(tmp_path, films):
    room = ReadingRoom(load_settings(home=tmp_path / "home", config=tmp_path / "config"))
    chat = begin_chat(room, films[0], means=Means())
    turn = room.wait_for(chat.ask(HEART))
    chat.close()
    with opened(tmp_path) as page:
        assert [one["id"] for one in page.owner.get(f"{API}/chats").json()] == [chat.id]
        events = page.until_ended(chat.id, turn.number)
        assert [one[1] for one in events] == ["asked", "plan", "answered"]
        view = page.owner.get(f"{API}/chats/{chat.id}").json()
        assert page.owner.get(f"{API}/studies/{view['study']}").status_code == 200
        page.owner.delete(f"{API}/studies/{view['study']}")
    assert films[0].exists(), "a study that was not uploaded keeps its files"


def test_a_plan_waits_for_a_word_and_runs_without_what_was_dropped(page, study):
    chat = page.begin(study["id"])
    number = page.ask(chat, "Compare with the prior.", approve=True)
    plan = page.until(chat, "waiting")[-1][2]["plan"]
    view = page.owner.get(f"{API}/chats/{chat}").json()
    assert view["working"]
    assert view["waiting"] == {"turn": number, "plan": plan}
    assert view["turns"][-1]["error"] is None
    again = page.owner.post(f"{API}/chats/{chat}/turns", json={"question": HEART})
    assert (again.status_code, again.json()["kind"]) == (409, "Busy")
    assert page.owner.post(f"{API}/chats/{chat}/undo").status_code == 409
    assert page.owner.delete(f"{API}/studies/{study['id']}").status_code == 409
    url = f"{API}/chats/{chat}/approval"
    assert page.owner.post(url, json={"turn": number + 1, "approved": True}).status_code == 409
    strange = page.owner.post(url, json={"turn": number, "approved": True, "dropped": ["none-such"]})
    assert strange.status_code == 400
    word = {"turn": number, "approved": True, "dropped": ["compare"]}
    assert page.owner.post(url, json=word).status_code == 204
    events = page.until_ended(chat, number)
    assert "compare" not in {one[2]["step"] for one in events if one[1] == "started"}
    assert events[-1][2]["turn"]["approved"] is True
    assert page.owner.post(url, json=word).status_code == 409


def test_a_plan_that_is_declined_runs_nothing(page, study):
    chat = page.begin(study["id"])
    number = page.ask(chat, HEART, approve=True)
    page.until(chat, "waiting")
    page.owner.post(f"{API}/chats/{chat}/approval", json={"turn": number, "approved": False})
    events = page.until_ended(chat, number)
    assert "started" not in [one[1] for one in events]
    assert events[-1][2]["turn"]["answer"]["status"] == "declined"


def test_a_stop_is_told_and_recorded_and_the_chat_goes_on(page, study):
    chat = page.begin(study["id"])
    number = page.ask(chat, HEART, approve=True)
    page.until(chat, "waiting")
    assert page.owner.post(f"{API}/chats/{chat}/stop").status_code == 204
    view = page.owner.get(f"{API}/chats/{chat}").json()
    assert (view["working"], view["waiting"]) == (False, None)
    assert view["turns"][-1]["error"] == "it was stopped"
    run = page.owner.get(f"{API}/runs/{view['turns'][-1]['run']}").json()["run"]
    assert run["status"] == "interrupted"
    events = page.until_ended(chat, number)
    assert [one[1] for one in events[-2:]] == ["stopped", "failed"]
    assert page.until_ended(chat, page.ask(chat, HEART))[-1][1] == "answered"
    assert page.owner.post(f"{API}/chats/{chat}/stop").status_code == 204, "nothing is at work"


def test_undo_takes_back_the_last_turn(page, study):
    chat = page.begin(study["id"])
    number = page.ask(chat, HEART)
    page.until_ended(chat, number)
    view = page.owner.post(f"{API}/chats/{chat}/undo").json()
    assert view["turns"] == []
    assert page.until(chat, "undone")[-1][2] == {"number": number}


def test_a_turn_that_cannot_be_answered_is_told_in_one_line(page, study):
    chat = page.begin(study["id"])
    begun = page.owner.post(
        f"{API}/drafts", json={"study": study["id"], "chat": chat, "words": {"template": "none_such"}}
    )
    events = page.until_ended(chat, begun.json()["number"])
    assert events[-1][1] == "failed"
    assert "there is no template 'none_such'" in events[-1][2]["error"]
    assert page.until_ended(chat, page.ask(chat, HEART))[-1][1] == "answered"


def test_a_question_opens_no_file_of_the_server(page, study, films):
    chat = page.begin(study["id"])
    number = page.ask(chat, f"Compare with {films[1]}")
    page.until_ended(chat, number)
    assert len(page.owner.get(f"{API}/studies/{study['id']}").json()["images"]) == 2
    ways = page.front.house.conversations.opened(page.front.house.conversations._known[chat]).way
    assert str(films[1]) not in ways.prior


def test_priors_that_come_later_are_part_of_the_chats(page, films):
    mine = upload(page.owner, current=films[0]).json()["id"]
    chat = page.begin(mine)
    changed = upload(page.owner, url=f"{API}/studies/{mine}/priors", prior=films[1])
    assert [image["role"] for image in changed.json()["images"]] == ["current", "prior"]
    number = page.ask(chat, "Compare with the prior.")
    told = page.until_ended(chat, number)[-1][2]["turn"]["answer"]["sentences"]
    assert told
    page.owner.delete(f"{API}/studies/{mine}")


def test_a_draft_says_what_it_was_asked_with(page, drafted, run):
    report = page.owner.get(f"{API}/runs/{run}/report").json()
    assert report["indication"] == "Dyspnoea."
    assert report["status"] == "preliminary"


def test_every_suggestion_is_carried_out_by_the_rules(page, study):
    chat = page.begin(study["id"])
    for question in SUGGESTIONS:
        last = page.until_ended(chat, page.ask(chat, question))[-1]
        assert last[1] == "answered", question
        assert last[2]["turn"]["answer"]["status"] == "answered", question


def test_only_so_many_turns_of_a_session_are_at_work(page, study, monkeypatch):
    monkeypatch.setattr(page.front.house.conversations, "limits", page.front.limits.__class__(working=1))
    first, second = page.begin(study["id"]), page.begin(study["id"])
    page.ask(first, HEART, approve=True)
    answer = page.owner.post(f"{API}/chats/{second}/turns", json={"question": HEART})
    assert (answer.status_code, answer.json()["kind"]) == (413, "TooMuch")
    page.owner.post(f"{API}/chats/{first}/stop")


def test_bodies_that_do_not_fit(page, study):
    chat = page.begin(study["id"])
    url = f"{API}/chats/{chat}/turns"
    for json in ({}, {"question": ""}, {"question": "x" * 20_001}, {"question": "x", "more": 1}, [], "x"):
        assert page.owner.post(url, json=json).status_code == 400
    assert page.owner.post(url, content=b"{", headers={"Content-Type": "application/json"}).status_code == 400
    assert page.owner.post(url, content=b'{"question": "x"}', headers={"Content-Type": "text/plain"}).status_code == 400
