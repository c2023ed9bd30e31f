"""The document says what the server does: every operation is called, and every answer held against it."""

from __future__ import annotations

import re

import jsonschema
import pytest

from readingroom.web.openapi import document
from tests.web.entering import API, upload

CALLED: set[str] = set()
PARAMETER = re.compile(r"\{(\w+)\}")


def held(answer, method, path):
    """The answer of an operation against its schema; it is remembered that it was called."""
    told = document()["paths"][path][method]
    CALLED.add(f"{method} {path}")
    assert str(answer.status_code) in told["responses"], answer.text
    content = told["responses"][str(answer.status_code)].get("content", {})
    if not content:
        assert answer.content == b""
        return None
    (kind,) = content
    if kind != "application/json":
        assert kind in ("*/*", answer.headers["content-type"].partition(";")[0])
        return None
    schema = {**content[kind]["schema"], "components": document()["components"]}
    jsonschema.Draft202012Validator(schema).validate(answer.json())
    return answer.json()


@pytest.fixture(scope="module")
def called(page, films, study, drafted, run):
    """Every operation once, in an order in which each finds what it needs."""
    owner = page.owner
    get = {
        "/session": "", "/cohorts": "", "/experiments": "", "/studies": "", "/studies/{study}": "", "/chats": "",
        "/chats/{chat}": "", "/chats/{chat}/evidence": "", "/runs": "?limit=3", "/runs/{run}": "",
        "/runs/{run}/report": "", "/runs/{first}/diff/{second}": "", "/runs/{run}/versions": "",
        "/runs/{run}/versions/{version}": "", "/runs/{run}/versions/{first}/diff/{second}": "",
        "/runs/{run}/export/{format}": "", "/studies/{study}/images/{image}/pixels": "?plane=0",
        "/studies/{study}/images/{image}/thumbnail": "",
        "/overlays": f"?study={study['id']}&image=img-1&chat={drafted['id']}",
    }  # fmt: skip
    names = {"study": study["id"], "chat": drafted["id"], "run": run, "image": "img-1", "version": "0", "format": "md"}

    def url(path):
        ends = {"first": "0", "second": "0"} if "versions" in path else {"first": run, "second": run}
        return API + PARAMETER.sub(lambda found: {**names, **ends}[found[1]], path)

    for path, query in get.items():
        held(owner.get(url(path) + query), "get", path)
    held(owner.post(f"{API}/invitations"), "post", "/invitations")
    made = held(upload(owner, current=films[0]), "post", "/studies")
    prior = upload(owner, url=f"{API}/studies/{made['id']}/priors", prior=films[1])
    held(prior, "post", "/studies/{study}/priors")
    chat = held(owner.post(f"{API}/chats", json={"study": made["id"]}), "post", "/chats")["id"]
    asked = owner.post(f"{API}/chats/{chat}/turns", json={"question": "Is the heart enlarged?", "approve": True})
    number = held(asked, "post", "/chats/{chat}/turns")["number"]
    with owner.stream("GET", f"{API}/chats/{chat}/events") as stream:
        told = document()["paths"]["/chats/{chat}/events"]["get"]["responses"][str(stream.status_code)]
        assert stream.headers["content-type"].startswith(next(iter(told["content"])))
        CALLED.add("get /chats/{chat}/events")
    page.until(chat, "waiting")
    held(owner.get(f"{API}/chats/{chat}"), "get", "/chats/{chat}")
    word = owner.post(f"{API}/chats/{chat}/approval", json={"turn": number, "approved": True})
    held(word, "post", "/chats/{chat}/approval")
    page.until_ended(chat, number)
    held(owner.post(f"{API}/chats/{chat}/stop"), "post", "/chats/{chat}/stop")
    held(owner.post(f"{API}/chats/{chat}/undo"), "post", "/chats/{chat}/undo")
    draft = held(owner.post(f"{API}/drafts", json={"study": made["id"], "chat": chat}), "post", "/drafts")
    page.until_ended(chat, draft["number"])
    fresh = held(owner.get(f"{API}/chats/{chat}"), "get", "/chats/{chat}")["turns"][-1]["report_run"]
    for what in ("replay", "verify"):
        held(owner.post(f"{API}/runs/{run}/{what}"), "post", f"/runs/{{run}}/{what}")
    sentence = {"id": "H1", "section": "findings", "text": "The heart is enlarged."}
    checked = owner.post(f"{API}/runs/{run}/check", json={"sentences": [sentence]})
    held(checked, "post", "/runs/{run}/check")
    added = owner.post(f"{API}/runs/{fresh}/versions", json={"based_on": 0, "sentences": [sentence]})
    held(added, "post", "/runs/{run}/versions")
    diff = owner.get(f"{API}/runs/{fresh}/versions/0/diff/1")
    held(diff, "get", "/runs/{run}/versions/{first}/diff/{second}")
    held(owner.delete(f"{API}/chats/{chat}"), "delete", "/chats/{chat}")
    held(owner.delete(f"{API}/studies/{made['id']}"), "delete", "/studies/{study}")
    held(owner.post(f"{API}/studies/demo"), "post", "/studies/demo")
    folder = page.front.settings.home / "experiments" / "e1"
    folder.mkdir(parents=True)
    (folder / "viewer.html").write_text("<!doctype html><script>parent.pwned=1</script>")
    view = owner.get(f"{API}/experiments/e1/view")
    held(view, "get", "/experiments/{experiment}/view")
    return view


def test_every_operation_answers_as_the_document_says(called):
    every = {f"{method} {path}" for path, methods in document()["paths"].items() for method in methods}
    assert every == CALLED


def test_an_experiments_own_page_cannot_ask_the_api(called):
    policy = called.headers["content-security-policy"]
    assert "sandbox allow-scripts" in policy
    assert "allow-same-origin" not in policy
    assert "script-src" not in policy, "nothing runs where the page names no policy"
    assert policy.startswith("default-src 'none'")


def test_errors_are_as_the_document_says(page):
    schema = {"$ref": "#/components/schemas/ErrorView", "components": document()["components"]}
    for answer in (page.owner.get(f"{API}/chats/none"), page.owner.post(f"{API}/chats", json={}),
                   page.owner.post(f"{API}/studies"), page.owner.get(f"{API}/nowhere")):  # fmt: skip
        assert answer.status_code >= 400
        jsonschema.Draft202012Validator(schema).validate(answer.json())


def test_the_document_is_served_and_names_everything_once(page):
    told = page.owner.get(f"{API}/openapi.json").json()
    assert told == document()
    assert told["openapi"] == "3.1.0"
    names = [one["operationId"] for methods in told["paths"].values() for one in methods.values()]
    assert len(names) == len(set(names))
    refs = set(re.findall(r'"#/components/schemas/([^"]+)"', page.owner.get(f"{API}/openapi.json").text))
    assert refs <= set(told["components"]["schemas"])
