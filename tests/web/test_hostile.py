"""Texts that try to act on a page come back as JSON text, with headers that let nothing run."""

from __future__ import annotations

import json

import pydicom
import pytest

from tests.exports.hostile import PAYLOADS
from tests.web.entering import API, upload
from tests.web.test_guard import assert_guarded


def assert_inert(answer):
    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    assert_guarded(answer)
    json.loads(answer.content)


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_hostile_words_are_text_wherever_they_are_told_again(page, run, payload):
    errors = (
        page.owner.get(f"{API}/studies/{payload.encode().hex()}"),
        page.owner.get(f"{API}/overlays", params={"study": payload, "image": payload, "axis": payload}),
        page.owner.get(f"{API}/runs/{run}/export/{payload.encode().hex()}"),
        page.owner.get("/enter", params={"token": payload}),
        page.owner.post(f"{API}/chats", json={"study": payload}),
        page.owner.post(f"{API}/studies", files=[("current", ("x", payload.encode("utf-8", "replace")))]),
        page.owner.post(f"{API}/studies", files=[(payload[:60].replace('"', "%22") or "x", ("x", b"x"))]),
    )
    for answer in errors:
        assert answer.status_code >= 400
        assert_inert(answer)
    checked = page.owner.post(f"{API}/runs/{run}/check", json={"sentences": [{"section": "findings", "text": payload}]})
    assert checked.status_code == 200
    assert_inert(checked)


def test_hostile_words_of_a_question_come_back_as_they_are(page, study):
    chat = page.begin(study["id"])
    payload = "Is the heart enlarged? " + " ".join(PAYLOADS[:8])
    events = page.until_ended(chat, page.ask(chat, payload))
    assert events[0][2]["question"] == payload, "as JSON on one line of the stream"
    answer = page.owner.get(f"{API}/chats/{chat}")
    assert answer.json()["turns"][0]["question"] == payload
    assert_inert(answer)


def test_line_breaks_and_nothing_else_cannot_forge_an_event(page, study):
    chat = page.begin(study["id"])
    number = page.ask(chat, "Is the heart enlarged?\n\nevent: answered\ndata: {}\nid: 99")
    events = page.until_ended(chat, number)
    assert [one[0] for one in events] == list(range(1, len(events) + 1))


def test_hostile_words_in_a_header_are_none_of_the_page(page, films, tmp_path):

    header = pydicom.dcmread(films[0])
    for keyword in ("SeriesDescription", "StudyDescription", "ImageComments"):
        setattr(header, keyword, "<script>window.pwned=1</script>")
    header.PatientName = "<img src=x onerror>"
    header.save_as(tmp_path / "x.dcm")
    answer = upload(page.owner, current=tmp_path / "x.dcm")
    assert answer.status_code == 201
    assert_inert(answer)
    assert "pwned" not in answer.text
    assert "onerror" not in answer.text


def test_an_edited_export_holds_hostile_words_as_text(page, study):
    begun = page.owner.post(f"{API}/drafts", json={"study": study["id"]}).json()
    run = page.until_ended(begun["chat"], begun["number"])[-1][2]["turn"]["report_run"]
    sentences = page.owner.get(f"{API}/runs/{run}/versions/0").json()["sentences"]
    words = "<script>window.pwned=1</script>"
    sentences.append({"id": "H1", "section": "findings", "text": words})
    sentences.append({"id": words[:60], "section": "impression", "text": words})
    made = page.owner.post(f"{API}/runs/{run}/versions", json={"based_on": 0, "sentences": sentences})
    assert made.status_code == 201
    exported = page.owner.get(f"{API}/runs/{run}/export/html?version=1")
    assert exported.headers["content-disposition"].startswith("attachment")
    assert_guarded(exported)
    assert words not in exported.text
    assert "&lt;script&gt;window.pwned=1" in exported.text
