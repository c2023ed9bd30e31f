"""A report under the editor's hand: checked while it is written, kept in versions, exported as a person's words."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from readingroom.domain.report import Report
from tests.web.entering import API

SPLEEN = "There is a large mass in the spleen."


@pytest.fixture(scope="module")
def draft(page, run):
    """Version 0: the report's sentences."""
    return page.owner.get(f"{API}/runs/{run}/versions/0").json()


def sent(sentences):
    return [{name: one[name] for name in ("id", "section", "text")} for one in sentences]


def verdicts(page, run, sentences):
    answer = page.owner.post(f"{API}/runs/{run}/check", json={"sentences": sentences})
    assert answer.status_code == 200, answer.text
    return {check["target"]: check["verdict"] for check in answer.json()["checks"]}


def sided(draft):
    return next(one for one in draft["sentences"] if one["section"] == "findings" and "right" in one["text"])


def test_the_draft_is_version_0_and_checks_as_it_did(page, run, draft):
    report = page.owner.get(f"{API}/runs/{run}/report").json()
    told = {one["id"]: one["text"] for one in draft["sentences"]}
    assert {one["id"]: one["text"] for one in report["findings"]}.items() <= told.items()
    assert draft["verification"] == report["verification"]
    recorded = {check["target"]: check["verdict"] for check in report["verification"]["checks"]}
    assert verdicts(page, run, sent(draft["sentences"])) == recorded


def test_a_flipped_side_is_contradicted_while_it_is_typed(page, run, draft):
    wrong = sided(draft)
    edited = [{**one, "text": one["text"].replace("right", "left")} if one["id"] == wrong["id"] else one
              for one in sent(draft["sentences"])]  # fmt: skip
    assert verdicts(page, run, edited)[wrong["id"]] == "contradicted"
    assert page.owner.get(f"{API}/runs/{run}/versions").json() == [
        {"version": 0, "at": draft["at"], "author": "machine", "clean": draft["verification"]["checks"] != [] and
         all(check["verdict"] in ("supported", "not_checkable") for check in draft["verification"]["checks"])
         and not draft["verification"]["omissions"],
         "sentences": len(draft["sentences"])}
    ]  # fmt: skip


def test_half_a_word_is_no_fault(page, run):
    for text in ("", " ", "The", "The heart is en", "x" * 2000, "\u202egnorw"):
        verdicts(page, run, [{"section": "findings", "text": text}])
    too_long = {"sentences": [{"section": "findings", "text": "x" * 2001}]}
    assert page.owner.post(f"{API}/runs/{run}/check", json=too_long).status_code == 400
    doubled = {"sentences": [{"id": "F1", "section": "findings", "text": "A."}] * 2}
    assert page.owner.post(f"{API}/runs/{run}/check", json=doubled).status_code == 400


@pytest.fixture(scope="module")
def version(page, run, draft):
    """Version 1: a side flipped, a sentence struck, one accepted, one added; states told wrongly."""
    wrong = sided(draft)
    kept = [one for one in draft["sentences"] if one["section"] == "findings" and one["id"] != wrong["id"]]
    changes = {wrong["id"]: {"text": wrong["text"].replace("right", "left"), "state": "kept"},
               kept[0]["id"]: {"state": "accepted"}, kept[1]["id"]: {"state": "struck"}}  # fmt: skip
    sentences = [{**one, **changes.get(one["id"], {})} for one in draft["sentences"]]
    sentences.append({"id": "H1", "section": "findings", "text": f" {SPLEEN} ", "state": "kept", "cites": ["E1"]})
    answer = page.owner.post(f"{API}/runs/{run}/versions", json={"based_on": 0, "sentences": sentences})
    assert answer.status_code == 201, answer.text
    return answer.json(), wrong["id"], kept[0]["id"], kept[1]["id"]


def test_a_version_is_kept_with_true_states_and_verdicts(page, run, version):
    made, wrong, accepted, struck = version
    states = {one["id"]: one["state"] for one in made["sentences"]}
    assert (states[wrong], states[accepted], states[struck], states["H1"]) == ("edited", "accepted", "struck", "added")
    told = {check["target"]: check["verdict"] for check in made["verification"]["checks"]}
    assert (told[wrong], told["H1"]) == ("contradicted", "unsupported")
    assert struck not in told
    added = next(one for one in made["sentences"] if one["id"] == "H1")
    assert (added["text"], added["cites"], added["original"]) == (SPLEEN, [], None)
    assert page.owner.get(f"{API}/runs/{run}/versions/1").json() == made
    assert [one["author"] for one in page.owner.get(f"{API}/runs/{run}/versions").json()] == ["machine", "human"]


def test_an_edit_of_an_older_version_is_not_taken(page, run, version, draft):
    answer = page.owner.post(f"{API}/runs/{run}/versions", json={"based_on": 0, "sentences": draft["sentences"]})
    assert (answer.status_code, answer.json()["kind"]) == (409, "Busy")


def test_two_versions_differ_in_what_was_done(page, run, version):
    _, wrong, accepted, struck = version
    diff = page.owner.get(f"{API}/runs/{run}/versions/0/diff/1").json()
    kinds = {one["id"]: one["kind"] for one in diff}
    assert kinds == {wrong: "edited", accepted: "accepted", struck: "struck", "H1": "added"}
    back = page.owner.get(f"{API}/runs/{run}/versions/1/diff/0").json()
    assert {one["id"]: one["kind"] for one in back} == {wrong: "edited", struck: "restored", "H1": "removed"}
    assert page.owner.get(f"{API}/runs/{run}/versions/1/diff/7").status_code == 404


def test_an_edited_export_is_a_persons_words_with_verdicts_and_never_final(page, run, version):
    _, wrong, _, struck = version
    answer = page.owner.get(f"{API}/runs/{run}/export/json?version=1")
    assert answer.headers["content-disposition"] == f'attachment; filename="{run}-v1.json"'
    report = Report.model_validate_json(answer.content)
    by_id = {one.id: one for one in report.findings}
    assert report.status == "preliminary"
    assert {name for name, one in by_id.items() if one.author == "human"} == {wrong, "H1"}
    assert struck not in by_id
    assert by_id[wrong].laterality == "left", "typed from its own words"
    evidence = {one.id: one for one in report.evidence}
    (said,) = by_id["H1"].evidence
    assert (evidence[said].kind, evidence[said].trust) == ("human", "human")
    told = {check.target: check.verdict for check in report.verification.checks}
    assert (told[wrong], told["H1"]) == ("contradicted", "unsupported")
    (gone,) = report.struck
    assert (gone.check.target, gone.by) == (struck, "person")
    assert gone.check.verdict == "supported", "as it was when it was drafted"
    assert f"struck: {struck}" in report.limitations[-1].text
    assert "edited by a person" in report.provenance.writer
    text = page.owner.get(f"{API}/runs/{run}/export/md?version=1").text
    assert SPLEEN in text
    assert gone.check.text in text.partition("### Struck by a person")[2]
    assert "Struck by the checker" not in text
    assert SPLEEN not in page.owner.get(f"{API}/runs/{run}/export/md").text


@pytest.mark.parametrize("form", ["html", "fhir", "dicom-seg"])
def test_every_format_takes_an_edited_version(page, run, study, version, form):
    answer = page.owner.get(f"{API}/runs/{run}/export/{form}?version=1&study={study['id']}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="{run}-v1.')
    assert answer.headers["x-content-type-options"] == "nosniff"
    if answer.headers["content-type"] == "application/zip":
        assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None


def test_formats_and_versions_that_there_are_none_of(page, run):
    assert page.owner.get(f"{API}/runs/{run}/export/exe").status_code == 404
    assert page.owner.get(f"{API}/runs/{run}/export/md?version=99").status_code == 404
    assert page.owner.get(f"{API}/runs/{run[:8]}/report").status_code == 404, "by its whole id alone"
    assert page.owner.get(f"{API}/runs/last/report").status_code == 404


def test_runs_are_told_again_compared_and_held_against_their_record(page, run):
    assert page.owner.post(f"{API}/runs/{run}/replay").json()["identical"]
    assert page.owner.post(f"{API}/runs/{run}/verify").json()["intact"]
    assert page.owner.get(f"{API}/runs/{run}/diff/{run}").json()["place"] == "nothing"
    told = page.owner.get(f"{API}/runs/{run}").json()
    assert told["run"]["id"] == run
    assert {step["status"] for step in told["steps"]} == {"done"}
    assert json.loads(page.owner.get(f"{API}/runs?limit=1").text)[0]["id"].startswith("r-")


def test_a_version_outlives_a_restart_whole(page, run, version):
    """As a second look by another connection sees it."""
    rows = page.front.house.store.rows("SELECT version, author FROM versions WHERE run = ?", (run,))
    assert [tuple(row) for row in rows] == [(1, "human")]
