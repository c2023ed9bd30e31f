"""Links that open once, cookies that no script reads, and sessions that cannot see each other."""

from __future__ import annotations

import re
import stat

import pytest

from readingroom.errors import BadRequest
from readingroom.settings import load_settings
from readingroom.web.limits import PageLimits
from readingroom.web.openapi import document
from readingroom.web.refusals import NotEntered, TooMuch, TooOften
from readingroom.web.serving import Front
from readingroom.web.sessions import Doors
from tests.web.entering import API, client, opened, upload


def test_a_link_opens_once(page):
    link = page.front.link()
    assert len(link.partition("token=")[2]) >= 43, "256 bits"
    with client(page.base) as first, client(page.base) as second:
        entered = first.get(link)
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
        cookie = entered.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
        assert cookie.startswith(f"readingroom_{page.base.rpartition(':')[2]}=")
        assert second.get(link).status_code == 401
        assert second.get(f"{API}/session").status_code == 401
        assert first.get(f"{API}/session").json()["home_runs"]


def test_a_cookie_that_is_none_of_ours_opens_nothing(page):
    name = f"readingroom_{page.base.rpartition(':')[2]}"
    with client(page.base) as stranger:
        for value in ("", "x", "x" * 43):
            assert stranger.get(f"{API}/session", headers={"Cookie": f"{name}={value}"}).status_code == 401


def test_guessing_is_slowed_down_and_the_right_link_waits_with_it():
    now = [0.0]
    doors = Doors(PageLimits(wrong_tokens=3), clock=lambda: now[0])
    link = doors.token()
    for _ in range(3):
        with pytest.raises(NotEntered):
            doors.enter("wrong", "10.0.0.1")
    with pytest.raises(TooOften):
        doors.enter(link, "10.0.0.1")
    session, cookie = doors.enter(link, "10.0.0.2")
    assert doors.session(cookie) == session
    now[0] = 61.0
    with pytest.raises(NotEntered):
        doors.enter("wrong", "10.0.0.1")


def test_there_are_only_so_many_sessions():
    doors = Doors(PageLimits(sessions=2))
    doors.token()
    doors.token()
    with pytest.raises(TooMuch, match="2 sessions"):
        doors.token()


def test_nothing_of_a_session_is_seen_by_another(page, guest, study, drafted, run):
    named = {"study": study["id"], "image": "img-1", "chat": drafted["id"], "run": run, "first": run, "second": run}
    named |= {"version": "0", "format": "md", "experiment": "x"}
    bodies = {
        "turns": {"question": "Is the heart enlarged?"},
        "approval": {"turn": 2, "approved": True},
        "check": {"sentences": []},
        "versions": {"based_on": 0, "sentences": []},
    }
    for path, methods in document()["paths"].items():
        if "{" not in path:
            continue
        url = API + re.sub(r"\{(\w+)\}", lambda found: named[found[1]], path)
        for method in methods:
            json = bodies.get(path.rpartition("/")[2]) if method == "post" else None
            answer = guest.owner.request(method.upper(), url, json=json)
            assert answer.status_code == 404, (method, url, answer.text)
    for query in (f"chat={drafted['id']}", f"run={run}"):
        url = f"{API}/overlays?study={study['id']}&image=img-1&{query}"
        assert guest.owner.get(url).status_code == 404
    for path in ("studies", "chats", "runs", "cohorts", "experiments"):
        assert guest.owner.get(f"{API}/{path}").json() == [], path
    assert guest.owner.post(f"{API}/invitations").status_code == 403
    asked = {"study": study["id"]}
    assert guest.owner.post(f"{API}/chats", json=asked).status_code == 404
    assert guest.owner.post(f"{API}/drafts", json=asked).status_code == 404


def test_a_guest_sees_what_is_its_own(page, guest, films):
    mine = upload(guest.owner, current=films[0]).json()
    begun = guest.owner.post(f"{API}/drafts", json={"study": mine["id"]}).json()
    guest.until_ended(begun["chat"], begun["number"])
    runs = [one["id"] for one in guest.owner.get(f"{API}/runs").json()]
    assert len(runs) == 1
    assert guest.owner.get(f"{API}/runs/{runs[0]}/report").status_code == 200
    conversations = page.front.house.conversations
    conversations._close(conversations._known[begun["chat"]])
    assert [one["id"] for one in guest.owner.get(f"{API}/runs").json()] == runs, "also while the chat is closed"
    assert guest.owner.get(f"{API}/chats/{begun['chat']}").json()["turns"], "it is opened again"
    assert page.owner.get(f"{API}/chats/{begun['chat']}").status_code == 404
    assert mine["id"] not in [one["id"] for one in page.owner.get(f"{API}/studies").json()]
    assert guest.owner.delete(f"{API}/studies/{mine['id']}").status_code == 204


def test_what_a_guest_gave_goes_with_the_server_and_what_the_owner_gave_stays(tmp_path, films):
    with opened(tmp_path) as page:
        kept = upload(page.owner, current=films[0]).json()["id"]
        with page.another(page.owner.post(f"{API}/invitations").json()["url"]) as guest:
            upload(guest.owner, current=films[1])
        assert len(list((tmp_path / "home" / "uploads").iterdir())) == 2
    with opened(tmp_path) as page:
        assert [one["id"] for one in page.owner.get(f"{API}/studies").json()] == [kept]
        assert len(list((tmp_path / "home" / "uploads").iterdir())) == 1


def test_a_link_in_a_file_is_fresh_after_each_use(tmp_path):
    path = tmp_path / "link"
    with opened(tmp_path, token_file=path) as page:
        links = [path.read_text()]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        for _ in range(2):
            with page.another(links[-1].strip()) as again:
                assert again.owner.get(f"{API}/session").json()["home_runs"]
            links.append(path.read_text())
    assert len(set(links)) == 3


def test_an_open_address_needs_to_be_asked_for(tmp_path):
    settings = load_settings(home=tmp_path / "home", config=tmp_path / "config")
    with pytest.raises(BadRequest, match="other machines"):
        Front(settings, host="0.0.0.0", port=0)


def test_whoever_enters_a_remote_server_has_a_session_of_their_own(tmp_path, films):
    with opened(tmp_path, remote=True) as page:
        assert not page.owner.get(f"{API}/session").json()["home_runs"]
        upload(page.owner, current=films[0])
        with page.another(page.front.link()) as other:
            assert other.owner.get(f"{API}/studies").json() == []
