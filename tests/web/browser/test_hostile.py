"""Whatever a file, a question, a report or an answer of the server says, the page shows it as text: nothing runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.exports.hostile import CLOSED, PAYLOADS
from tests.web.browser.conftest import Read, Visit, until
from tests.web.entering import API, Page

ALL = " ".join(PAYLOADS)
OURS = frozenset({"id", "study", "chat", "run", "image_id", "sha256", "type", "axes", "path", "target", "state",
                  "evidence", "cites", "report_run", "report_sha256"})  # fmt: skip
"""Fields by which the page finds other things; poisoned, it would find nothing and show less."""


def inert(page: Any) -> None:
    assert page.evaluate("[window.violations, window.pwned]") == [[], None]
    assert page.locator("script").count() == 1
    assert (
        page.locator("iframe, form, base, math, [onerror], [onload], [onfocus], [onmouseover], [ontoggle]").count() == 0
    )
    found = page.eval_on_selector_all("[src], [href]", "(all) => all.map((e) => e.src || e.href)")
    assert all(str(each).startswith((page.url.split("#")[0], "blob:")) for each in found if isinstance(each, str))


def test_names_and_questions_stay_text(visit: Visit, house: Page, tmp_path: Path) -> None:
    picture = cv2.imencode(".png", np.random.default_rng(0).integers(90, 200, (64, 64), np.uint8))[1].tobytes()
    names = [payload.replace("/", "_").replace("\x00", "") for payload in PAYLOADS]
    for name in ("'><img src=x onerror=window.pwned=1>.png", names[0] + ".png", names[8] + ".png"):
        made = house.owner.post(f"{API}/studies", files=[("current", (name, picture))])
        assert made.status_code in (201, 400), made.text
    study = house.owner.get(f"{API}/studies").json()[0]["id"]
    chat = house.begin(study)
    for payload in PAYLOADS[:12]:
        asked = house.owner.post(f"{API}/chats/{chat}/turns", json={"question": payload})
        if asked.status_code == 202:
            house.until_ended(chat, asked.json()["number"])
    page = visit(f"/#study={study}&chat={chat}&tab=chat")
    page.wait_for_selector(".turn")
    inert(page)
    page.locator("#question").fill(
        "<img src=x onerror=window.pwned=1> draft a report of <script>window.pwned=1</script>"
    )
    page.keyboard.press("Enter")
    page.locator(".turn").last.locator(".alarm, .sentences, .draft-card, .cannot").first.wait_for(state="attached")
    inert(page)
    assert "<script>window.pwned=1</script>" in page.locator("#turns").text_content()


def test_an_edited_report_stays_text(visit: Visit, house: Page, read: Read) -> None:
    page = visit(read.address())
    page.wait_for_selector("#report li[data-row]")
    page.get_by_role("button", name="Add a sentence to the findings").click()
    area = page.locator(".line.editing textarea")
    area.fill(ALL[:1900])
    page.locator(".line.editing .typing .verdict").wait_for()
    inert(page)
    area.press("Enter")
    until(page, "!document.querySelector('.line.editing')")
    assert "<script>window.pwned=1</script>" in page.locator("#report").inner_text()
    inert(page)


def test_a_server_that_lies_in_every_field_gets_nothing_run(visit: Visit, read: Read) -> None:
    page = visit()

    def poisoned(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: poisoned(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [poisoned(item, key) for item in value]
        return f"{value}{ALL}" if isinstance(value, str) and key not in CLOSED | OURS else value

    def answer(route: Any) -> None:
        got = route.fetch()
        if "json" not in got.headers.get("content-type", ""):
            route.fulfill(response=got)
            return
        route.fulfill(response=got, body=json.dumps(poisoned(got.json())))

    page.route("**/api/v1/**", answer)
    page.goto(read.address("chat"))
    page.reload()
    page.wait_for_selector(".turn")
    assert "<script>window.pwned=1</script>" in page.locator("#turns").inner_text()
    page.locator(".plan summary").first.click()
    inert(page)
    page.locator("#tab-report").click()
    page.locator("#report .say").first.click()
    page.locator("#export").click()
    page.keyboard.press("Escape")
    inert(page)
    page.locator("#tab-runs").click()
    page.wait_for_selector(".run")
    inert(page)
    page.unroute_all(behavior="ignoreErrors")
