"""The page in a real browser: keyboard and pointer light up the evidence, and no text ever runs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from readingroom.exports.figure import Figure, build_figures
from readingroom.exports.html import to_html
from tests.exports import sample
from tests.exports.hostile import PAYLOADS, poisoned, poisoned_figures

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra 'test')")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
"""
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (apt-get install chromium)")

Page = Any
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def figures() -> tuple[Figure, ...]:
    return build_figures(*sample.build())


@dataclass
class Tab:
    """One page that all tests take up one after the other (a new one costs a second), and what it complained of."""

    page: Page
    said: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def tab(browser: Any) -> Iterator[Tab]:
    context = browser.new_context(viewport=WIDE, color_scheme="dark", offline=True)
    context.add_init_script(WATCH)
    page = context.new_page()
    found = Tab(page)
    said = found.said
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda request: said.append(request.url) if request.url[:5] not in ("file:", "data:") else None)
    yield found
    context.close()


@pytest.fixture
def opened(tab: Tab, tmp_path: Path) -> Iterator[Open]:
    """Opens a page; at the end nothing may have complained, run or been asked of the network."""
    page = tab.page
    tab.said.clear()
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme="dark", media="null")
    page.mouse.move(0, 0)

    def open_page(html: str, **size: Any) -> Page:
        if size:
            page.set_viewport_size(size)
        (tmp_path / "report.html").write_text(html, encoding="utf-8")
        page.goto((tmp_path / "report.html").as_uri())
        return page

    yield open_page
    held, said = page.evaluate("[window.violations, window.pwned]"), list(tab.said)
    page.evaluate("localStorage.clear(); sessionStorage.clear()")
    assert held == [[], None]
    assert said == []


@pytest.fixture
def page(opened: Open, figures: tuple[Figure, ...]) -> Page:
    return opened(to_html(sample.build().report, figures))


def sentence(page: Page, text: str) -> Any:
    return page.locator("[data-sentence]", has_text=text)


def lit(page: Page) -> list[str]:
    return [str(each) for each in page.eval_on_selector_all(".overlay.lit", "(all) => all.map((e) => e.dataset.label)")]


def sources(page: Page) -> list[str]:
    found = page.eval_on_selector_all(".overlay.source", "(all) => all.map((e) => e.dataset.label)")
    return sorted(str(each) for each in found)


def opacity(page: Page, label: str) -> float:
    path = page.locator(f'.overlay[data-label^="{label}"]').first
    page.wait_for_timeout(200)
    return float(path.evaluate("(e) => getComputedStyle(e).strokeOpacity"))


def test_focus_lights_the_evidence_and_shows_its_card(page: Page) -> None:
    assert lit(page) == []
    assert page.locator("#hint").is_visible()
    sentence(page, "opacity in the left lower zone").focus()
    assert lit(page) == ["opacity · E5"]
    card = page.locator(".card:visible")
    assert card.count() == 1
    words = card.inner_text()
    for told in ("contradicted", "says left; the evidence lies on the right", "opacity in the right lower zone",
                 "draft_findings", "probability 0.71, not calibrated", "classical baseline"):  # fmt: skip
        assert told in words
    assert opacity(page, "opacity") == 1.0
    assert opacity(page, "left lung") < 0.3


def test_hover_shows_numbers_and_what_they_came_from(page: Page) -> None:
    sentence(page, "The cardiac silhouette is enlarged").hover()
    assert lit(page) == ["heart width · E4", "thorax width · E4"]
    assert sources(page) == ["heart · E3", "left lung · E2", "right lung · E1"]
    words = page.locator(".card:visible").inner_text()
    assert "0.58" in words
    assert "± 0.03 (1 sd)" in words
    assert "supported" in words
    page.mouse.move(5, 880)
    page.locator("#hint").wait_for(state="visible")
    assert lit(page) == []


def test_keys_move_pin_and_clear(page: Page) -> None:
    active = "document.querySelector('.line.active, .say.active')?.textContent ?? ''"
    page.keyboard.press("j")
    assert "Cough for two weeks." in page.evaluate(active)
    for key in ("j", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    assert "small pleural effusion" in page.evaluate(active)
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    pinned = sentence(page, "opacity in the left lower zone")
    assert pinned.get_attribute("aria-pressed") == "true"
    sentence(page, "The diaphragm").hover()
    assert lit(page) == ["opacity · E5"]
    page.keyboard.press("Escape")
    assert pinned.get_attribute("aria-pressed") == "false"
    page.mouse.move(5, 880)
    page.locator("#hint").wait_for(state="visible")


def test_tab_reaches_every_sentence_in_order(page: Page) -> None:
    said = page.eval_on_selector_all("[data-sentence]", "(all) => all.map((e) => e.id)")
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        here = page.evaluate("document.activeElement.dataset?.sentence ?? ''")
        reached += [here] if here else []
    assert reached[: len(said)] == said


def test_an_outline_tells_which_sentences_speak_of_it(page: Page) -> None:
    # A line of evidence E4: cited by two findings and, through them, by the impression.
    page.locator('.overlay[data-label^="thorax width"]').dispatch_event("pointerenter")
    assert page.locator(".line.echo").count() == 3
    assert page.locator(".readout", has_text="thorax width · E4").count() == 1
    page.locator('.overlay[data-label^="right lung"]').click(position={"x": 30, "y": 120})
    assert sentence(page, "good quality").get_attribute("aria-pressed") == "true"


def test_outlines_can_be_put_away(page: Page) -> None:
    assert opacity(page, "left lung") == 0.5
    page.get_by_role("button", name="None", exact=True).click()
    assert opacity(page, "left lung") == 0.0
    page.keyboard.press("o")
    assert page.get_by_role("button", name="All", exact=True).get_attribute("aria-pressed") == "true"


def test_the_theme_follows_the_system_and_turns_by_button(page: Page) -> None:
    back = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(back)
    page.get_by_role("button", name="Switch between dark and light").click()
    light = page.evaluate(back)
    assert dark != light
    page.emulate_media(color_scheme="light")
    assert page.evaluate(back) == light
    page.get_by_role("button", name="Switch between dark and light").click()
    assert page.evaluate(back) == dark


def test_zoom_keeps_outlines_on_the_picture(page: Page) -> None:
    picture = page.locator(".picture").first
    assert picture.get_attribute("viewBox").split() == ["0", "0", "500", "600.0"]
    page.locator(".view").first.hover()
    page.locator("[data-zoom=in]").first.click()
    x, y, width, height = map(float, picture.get_attribute("viewBox").split())
    assert (width, height) == pytest.approx((500 / 1.5, 400))
    assert (x + width / 2, y + height / 2) == pytest.approx((250, 300))
    page.locator("[data-zoom=fit]").first.click()
    assert list(map(float, picture.get_attribute("viewBox").split())) == pytest.approx([0, 0, 500, 600])


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_runs_off_the_side(opened: Open, figures: tuple[Figure, ...], size: dict[str, int]) -> None:
    for shown in (figures[:1], figures):
        page = opened(to_html(sample.build().report, shown), **size)
        picture = page.locator(".picture").first.bounding_box()
        assert picture["x"] >= 0
        assert picture["x"] + picture["width"] <= size["width"]
    sentence(page, "opacity in the left").focus()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert page.locator(".card:visible").bounding_box()["y"] < size["height"]
    assert sentence(page, "opacity in the left").is_visible()


def test_paper_shows_everything_in_light(page: Page) -> None:
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("#ledger table").is_visible()
    assert not page.locator("#cards").is_visible()
    above = page.locator(".report").bounding_box()
    assert above["y"] + above["height"] <= page.locator(".film").first.bounding_box()["y"]
    assert page.pdf()[:4] == b"%PDF"


def test_no_text_runs(opened: Open, figures: tuple[Figure, ...]) -> None:
    for payload in PAYLOADS:
        report = poisoned(sample.build().report, payload)
        page = opened(to_html(report, poisoned_figures(figures, payload)))
        assert page.evaluate("[window.violations, window.pwned]") == [[], None], payload
        assert page.locator("script").count() == 1, payload
        page.keyboard.press("j")
        assert page.locator(".card:visible").count() == 1, payload
