"""Talk in a real browser: the demo opened, a question asked, work seen, a plan cut down, stopped, taken up again."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.web.browser.conftest import Read, Visit, until
from tests.web.entering import API, Page

HEARD = """
window.heard = [];
const listen = EventSource.prototype.addEventListener;
EventSource.prototype.addEventListener = function (name, act, ...more) {
  listen.call(this, name, (event) => {
    if (event.lastEventId) window.heard.push(event.lastEventId);
    act(event);
  }, ...more);
};
"""
"""Keeps the id of every event of a stream, in the order in which they came."""


def ask(page: Any, question: str) -> Any:
    """The turn that the question became."""
    before = page.locator(".turn").count()
    page.locator("#question").fill(question)
    page.keyboard.press("Enter")
    turn = page.locator(".turn").nth(before)
    turn.wait_for()
    return turn


def test_from_the_demo_to_an_answer(visit: Visit) -> None:
    page = visit()
    assert page.locator(".welcome").is_visible()
    assert "Research use only" in page.locator("#notice").inner_text()
    page.locator("#library [data-act=demo]").click()
    page.wait_for_selector("#strip .thumb")
    assert page.locator("#films").get_attribute("data-layout") == "pair"
    assert page.locator(".film:visible").evaluate_all("(all) => all.map((e) => e.dataset.role)") == ["current", "prior"]
    page.locator(".model-note button").click()
    assert "READINGROOM_PLANNER" in page.locator("dialog .how").inner_text()
    page.keyboard.press("Escape")
    chip = page.locator(".chip", has_text="How large is the right lung?")
    chip.click()
    said = page.locator(".turn .sentences .say")
    said.first.wait_for()
    assert "right lung field has an area of" in said.first.inner_text()
    assert {"running", "done"} <= set(page.evaluate("[...window.seen]"))
    steps = page.locator(".turn .step")
    assert steps.count() == 2
    for step in steps.all():
        assert re.search(r"\d+(\.\d+)? s", step.inner_text())
        assert "done" in step.inner_text()
    assert page.locator(".turn .verdict.v-supported").count() == 1
    page.wait_for_selector('.film[data-role=current] .overlay[data-label="right lung"]')
    told = page.url
    page.reload()
    page.wait_for_selector(".turn .sentences .say")
    assert page.url == told
    assert page.locator(".talks [aria-current=true]").count() == 1


def test_a_plan_waits_is_cut_down_and_runs(visit: Visit, demo: str) -> None:
    page = visit(f"/#study={demo}")
    page.get_by_label("Show me the plan first").check()
    turn = ask(page, "Has the heart grown since the prior?")
    turn.get_by_role("button", name="Run this plan").wait_for()
    boxes = turn.locator(".step input")
    assert boxes.count() == 5
    boxes.nth(2).uncheck()
    # What needs the step that is left out is left out with it.
    assert turn.locator(".step.s-dropped").count() == 3
    turn.get_by_role("button", name="Run this plan").click()
    turn.locator(".limits, .cannot").first.wait_for()
    assert page.locator("#stop").is_hidden()
    assert page.locator("#send").is_visible()


def test_stop_stops_and_the_chat_goes_on(visit: Visit, house: Page, demo: str) -> None:
    page = visit(f"/#study={demo}")
    page.get_by_label("Show me the plan first").check()
    turn = ask(page, "Outline the lungs and the heart.")
    turn.get_by_role("button", name="Run this plan").wait_for()
    page.get_by_role("button", name="Stop").click()
    turn.locator(".alarm").wait_for()
    assert "stopped" in turn.locator(".alarm").inner_text()
    assert turn.get_by_role("button", name="Run this plan").count() == 0
    chat = re.search(r"chat=([^&]+)", page.url).group(1)  # type: ignore[union-attr]  # the address names the chat
    assert house.owner.get(f"{API}/chats/{chat}").json()["working"] is False
    page.get_by_label("Show me the plan first").uncheck()
    again = ask(page, "How large is the left lung?")
    again.locator(".sentences .say").first.wait_for()


def test_reloaded_while_it_waits_it_goes_on(visit: Visit, demo: str) -> None:
    page = visit(f"/#study={demo}")
    page.get_by_label("Show me the plan first").check()
    ask(page, "How large is the left lung?").get_by_role("button", name="Run this plan").wait_for()
    page.reload()
    turn = page.locator(".turn")
    turn.get_by_role("button", name="Run this plan").click()
    turn.locator(".sentences .say").wait_for()
    assert turn.count() == 1
    page.get_by_role("button", name="Take back the last turn").click()
    turn.wait_for(state="detached")


def test_a_broken_stream_is_taken_up_after_the_last_event(visit: Visit, house: Page, demo: str) -> None:
    chat = house.begin(demo)
    house.ask(chat, "How large is the left lung?", approve=True)
    came = house.until(chat, "waiting")
    first = "".join(f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n" for number, name, data in came[:-1])
    asked: list[str] = []
    page = visit()
    page.add_init_script(HEARD)

    def cut(route: Any) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.fulfill(content_type="text/event-stream", body=f"retry: 20\n\n{first}")
        else:
            route.continue_()

    page.route("**/events*", cut)
    page.goto("about:blank")
    page.goto(f"/#study={demo}&chat={chat}")
    turn = page.locator(".turn")
    turn.get_by_role("button", name="Run this plan").click()
    turn.locator(".sentences .say").wait_for()
    ids = page.evaluate("window.heard")
    assert len(asked) == 2
    # The server went on after the last event that came: none came twice, and none is missing.
    assert ids == [str(number) for number in range(1, len(ids) + 1)]
    assert len(ids) > len(came)
    assert turn.count() == 1
    assert turn.locator(".step").count() == 2


def test_several_chats_stand_beside_each_other(visit: Visit, demo: str, read: Read) -> None:
    page = visit(read.address("chat"))
    page.wait_for_selector(".turn")
    before = page.locator(".talk-open").count()
    page.locator(".talk-open", has_text="New conversation").last.click()
    until(page, f"document.querySelectorAll('.talk-open').length === {before + 1}")
    assert page.locator(".turn").count() == 0
    assert read.chat not in page.url
    assert demo in page.url
