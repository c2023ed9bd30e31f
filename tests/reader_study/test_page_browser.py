"""The readers' page in a real browser: edits, marks, preference, the saved file, and nothing asked of the network."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from readingroom.exports.figure import build_figures
from readingroom.reader_study.answer import read_answers
from readingroom.reader_study.case import Key, Pair
from readingroom.reader_study.making import make, read_key
from readingroom.reader_study.summary import summarise
from tests.exports import sample
from tests.exports.hostile import PAYLOADS, poisoned
from tests.reader_study.studies import SYSTEMS, draft, pairs

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra 'test')")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (apt-get install chromium)")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True, accept_downloads=True)
    context.add_init_script(WATCH)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    local = ("file:", "data:", "blob:")
    page.on("request", lambda request: None if request.url.startswith(local) else said.append(request.url))
    yield page
    assert page.evaluate("[window.violations, window.pwned]") == [[], None]
    assert said == []
    context.close()


def study(folder: Path, given: list[Pair] | None = None) -> tuple[Path, Key]:
    made = make(given or pairs(2), folder / "readers", folder / "key.json", systems=SYSTEMS, seed=5)
    return made.files[0], read_key(made.key)


def saved(page: Any, folder: Path) -> bytes:
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save answers").click()
    waiting.value.save_as(folder / "answers.json")
    return (folder / "answers.json").read_bytes()


def test_a_reader_edits_marks_prefers_and_saves(page: Any, tmp_path: Path) -> None:
    figures = build_figures(*sample.build())
    path, key = study(tmp_path, [Pair(pair.name, pair.drafts, figures) for pair in pairs(2)])
    page.goto(path.as_uri())
    assert page.locator(".film img").first.evaluate("(image) => image.naturalWidth") > 100
    page.get_by_role("button", name="Save answers").click()
    assert "initials" in page.locator("#say").inner_text()
    page.locator("#reader").fill("RW")
    case = page.locator(".case:visible")
    left = case.locator(".draft").first
    left.get_by_label("Draft A, sentence 1", exact=True).fill("The heart is enlarged.")
    assert left.locator(".row").first.locator(".was").is_visible()
    left.get_by_role("button", name="Strike sentence 2").click()
    left.locator(".marks summary").nth(1).click()
    left.locator(".marks").nth(1).get_by_text("side", exact=True).click()
    left.locator(".marks").nth(1).locator("select").select_option("significant")
    left.get_by_role("button", name="Strike sentence 3").click()
    left.get_by_role("button", name="Restore sentence 3").click()
    left.get_by_role("button", name="Add a sentence that is missing").click()
    left.get_by_label("A sentence that is missing").fill("There is a rib fracture.")
    case.get_by_text("Draft B", exact=True).last.click()
    assert page.locator("#progress").inner_text() == "1 of 2 done"
    page.get_by_role("button", name="Next case").click()
    page.locator(".case:visible").get_by_text("Equal", exact=True).click()

    told = read_answers(saved(page, tmp_path), key, where="saved")
    assert told.reader == "RW"
    first, second = told.cases
    lines = first.drafts[0].lines
    assert [first.prefer, second.prefer] == ["B", "tie"]
    assert (lines[0].text, lines[1].text) == ("The heart is enlarged.", "")
    assert (lines[1].errors, lines[1].significance) == (("laterality",), "significant")
    assert [each.text for each in first.drafts[0].added] == ["There is a rib fracture."]
    shown = key.cases[0].case.drafts
    assert lines[2].text == shown[0].lines[2].text
    assert [line.text for line in first.drafts[1].lines] == [line.text for line in shown[1].lines]
    found = summarise([told], key)
    edited = next(each for each in found.systems if each.system == key.cases[0].sources[0].system)
    assert (edited.edited.hits, edited.struck, edited.added) == (2, 1, 1)


def test_work_is_kept_when_the_page_is_closed(page: Any, tmp_path: Path) -> None:
    path, key = study(tmp_path)
    page.goto(path.as_uri())
    page.locator("#reader").fill("RW")
    page.locator(".case:visible textarea").first.fill("Changed.")
    page.locator(".case:visible").get_by_text("Draft A", exact=True).last.click()
    page.goto("about:blank")
    page.goto(path.as_uri())
    assert page.locator(".case:visible textarea").first.input_value() == "Changed."
    assert read_answers(saved(page, tmp_path), key, where="saved").cases[0].prefer == "A"


def test_no_text_runs_and_every_text_comes_back(page: Any, tmp_path: Path) -> None:
    payload = " ".join(PAYLOADS)
    report = poisoned(draft(0, 1), payload)
    path, key = study(tmp_path, [Pair("p", (report, report))])
    page.goto(path.as_uri())
    assert page.locator("script").count() == 1
    page.locator("#reader").fill("RW")
    told = json.loads(saved(page, tmp_path))
    want = [" ".join(line.text.split()) for line in key.cases[0].case.drafts[0].lines]
    assert [len(line["text"]) > 500 for line in told["cases"][0]["drafts"][0]["lines"]] == [True] * len(want)


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_runs_off_the_side(page: Any, tmp_path: Path, width: int) -> None:
    path, _ = study(tmp_path)
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
