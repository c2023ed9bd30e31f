"""One chat in several windows, edits that outlive a reload, a chat deleted, and a server that is gone."""

from __future__ import annotations

from tests.web.browser.conftest import Read, Visit, until
from tests.web.browser.test_report import opened, row
from tests.web.entering import API, Page

EDITS = "Object.keys(sessionStorage).filter((key) => key.startsWith('readingroom-edits'))"
WRONG = ("{", '"text"', '[{"id": 1}]', '[{"id": "F1", "section": "findings", "text": null}]')
READ_BACK = f"""async ([key, run]) => {{
  const {{ left }} = await import("/kept_edits.js");
  return {list(WRONG)!r}.map((text) => {{
    sessionStorage.setItem(key, text);
    const found = left(run, 9);
    sessionStorage.removeItem(key);
    return found;
  }});
}}"""
"""What is made of words in the store that this page did not write."""
LOCAL = "JSON.stringify(Object.entries(localStorage))"


def test_what_is_asked_in_one_window_is_answered_in_all(visit: Visit, house: Page, demo: str) -> None:
    chat = house.begin(demo)
    first, second = visit(f"/#study={demo}&chat={chat}"), visit(f"/#study={demo}&chat={chat}")
    first.locator("#question").fill("How large is the left lung?")
    first.keyboard.press("Enter")
    for page in (second, first):
        page.locator(".turn .sentences .say").wait_for()
        assert page.locator(".turn").count() == 1
    second.get_by_role("button", name="Take back the last turn").click()
    for page in (second, first):
        until(page, "!document.querySelector('.turn')")


def test_a_chat_deleted_in_one_window_is_gone_in_all(visit: Visit, house: Page, demo: str) -> None:
    chat = house.begin(demo)
    house.until_ended(chat, house.ask(chat, "How large is the left lung?"))
    first, second = visit(f"/#study={demo}&chat={chat}"), visit(f"/#study={demo}&chat={chat}")
    for page in (first, second):
        page.locator(".turn .say").wait_for()
    bin_of = first.locator(".talks li", has=first.locator("[aria-current=true]")).locator(".away")
    bin_of.focus()
    first.keyboard.press("Enter")
    dialog = first.locator("dialog")
    assert "How large is the left lung?" in dialog.inner_text()
    dialog.get_by_role("button", name="Keep").click()
    assert house.owner.get(f"{API}/chats/{chat}").status_code == 200
    bin_of.click()
    dialog.get_by_role("button", name="Delete", exact=True).click()
    for page in (first, second):
        until(page, "!document.querySelector('.turn')")
        assert chat not in page.url
    assert house.owner.get(f"{API}/chats/{chat}").status_code == 404


def test_edits_outlive_a_reload_and_nothing_else_keeps_them(visit: Visit, read: Read) -> None:
    page = opened(visit, read)
    assert page.evaluate(EDITS) == []
    line = row(page, "The left lung field has an area").first
    name = line.get_attribute("data-row")
    line.get_by_title("Edit").click()
    area = page.locator(f'li[data-row="{name}"] textarea')
    area.fill("The right lung field is black.")
    page.locator(f'li[data-row="{name}"] .typing .verdict').wait_for()
    assert len(page.evaluate(EDITS)) == 1
    page.reload()
    page.wait_for_selector("#report li[data-row]")
    again = page.locator(f'li[data-row="{name}"]')
    assert "The right lung field is black." in again.locator(".say").inner_text()
    assert "edited" in again.inner_text()
    until(page, f"Boolean(document.querySelector('li[data-row=\"{name}\"] .verdict'))")
    assert page.get_by_role("button", name="Save").is_enabled()
    assert "that were not saved are back" in page.locator(".notice-card").inner_text()
    assert "black" not in page.evaluate(LOCAL)
    assert page.evaluate(READ_BACK, [f"readingroom-edits:{read.run}:9", read.run]) == [None] * len(WRONG)
    other = opened(visit, read)
    assert other.get_by_role("button", name="Save").is_disabled(), "another window begins with what is saved"
    page.get_by_role("button", name="Discard edits").click()
    until(page, "document.querySelector('#save').disabled")
    assert "The left lung field has an area" in page.locator(f'li[data-row="{name}"] .say').inner_text()
    assert page.evaluate(EDITS) == []


SIZES = ({"width": 1280, "height": 800}, {"width": 1024, "height": 768}, {"width": 390, "height": 844})
LABELS = "document.querySelectorAll('.film[data-role=current] .overlay-label')"
BOXES = """(film) => [film, ...film.querySelectorAll('.overlay-label')].map((e) => {
  const box = e.getBoundingClientRect();
  return [box.left, box.top, box.right, box.bottom, e.textContent];
})"""


def test_labels_stand_inside_the_film_and_clear_of_each_other(visit: Visit, read: Read) -> None:
    page = opened(visit, read)
    row(page, "with a cardiothoracic ratio of").first.locator(".say").click()
    page.locator("[data-pane-to=talk]").evaluate("(e) => e.click()")
    for size in SIZES:
        page.set_viewport_size(size)
        until(page, f"{LABELS}.length === 3 && {LABELS}[0].getBoundingClientRect().width > 0")
        page.evaluate("new Promise(requestAnimationFrame)")
        film, *labels = page.locator(".film[data-role=current]").evaluate(BOXES)
        for box in labels:
            assert film[0] <= box[0] < box[2] <= film[2] + 0.5, (size, box)
            assert film[1] <= box[1] < box[3] <= film[3] + 0.5, (size, box)
        for number, one in enumerate(labels):
            for two in labels[number + 1 :]:
                assert one[2] <= two[0] or two[2] <= one[0] or one[3] <= two[1] or two[3] <= one[1], (size, one, two)
        assert any(box[4].endswith("cm²") for box in labels)


def test_a_label_belongs_to_the_largest_part_and_gives_up_its_name_before_its_number(visit: Visit) -> None:
    """The module itself, in the browser, on a film of 200 by 100."""
    page = visit()
    told = page.evaluate("""async () => {
      const { largestPart, place } = await import("/labels.js");
      const { svg } = await import("/dom.js");
      const node = document.createElement("div");
      const labels = svg("g");
      node.append(svg("svg", { width: 200, height: 100 }, labels));
      document.body.append(node);
      const film = { node, labels, width: 200, height: 100, corner: {}, edge: {}, map: { toScreen: (x, y) => [x, y] } };
      const small = "M0 0L4 0L4 4L0 4Z", large = "M50 40L90 40L90 80L50 80Z";
      place(film, [{ name: "transverse diameter of the enlarged cardiac silhouette", number: "153 mm",
                     colour: "c0", path: small + large }]);
      const text = labels.firstChild, box = text.getBBox();
      return { part: largestPart(small + large), box: largestPart("M10 20H40V60H10Z"), line: largestPart("M3 9L7 2"),
               text: text.textContent, left: box.x, right: box.x + box.width };
    }""")
    assert told["part"] == [50, 40, 90, 80]
    assert told["box"] == [10, 20, 40, 60]
    assert told["line"] == [3, 2, 7, 9]
    assert told["text"].startswith("transverse")
    assert told["text"].endswith("…  153 mm")
    assert told["left"] >= 0
    assert told["right"] <= 200


def test_a_server_that_is_gone_is_told(visit: Visit, read: Read) -> None:
    page = opened(visit, read)
    page.context.set_offline(True)
    page.locator("#tab-runs").click()
    page.locator(".notice-card.bad").wait_for()
    assert "is `readingroom serve` still running?" in page.locator(".notice-card.bad").first.inner_text()
    page.context.set_offline(False)
    page.get_by_role("button", name="Dismiss").first.click()
    page.locator("#tab-report").click()
    page.locator("#tab-runs").click()
    page.locator(".run").first.wait_for()


def test_a_session_that_is_over_is_told_with_the_way_back(visit: Visit, house: Page, demo: str) -> None:
    """As after a restart of the server, when the stream is refused."""
    chat = house.begin(demo)
    page = visit(expected="a status of 401")
    page.route("**/events*", lambda route: route.fulfill(status=401, content_type="application/json", body="{}"))
    page.goto(f"/#study={demo}&chat={chat}")
    page.locator("#broken").wait_for()
    page.context.clear_cookies()
    page.get_by_role("heading", name="Open the link that the server printed").wait_for()
    assert page.locator("#talk").is_hidden()
