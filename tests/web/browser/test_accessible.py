"""Everybody can use the page: axe finds nothing serious, dark, light or narrow; the keyboard reaches all of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.web.browser.conftest import NARROW, Read, Visit

REPO = Path(__file__).resolve().parents[3]
GRAVE = ("serious", "critical")
LEAST = 24
"""Points that a target measures at least (WCAG 2.2, 2.5.8)."""


FOCUSED = """() => {
  const e = document.activeElement, line = e.closest('.line');
  const style = getComputedStyle(e), around = line ? getComputedStyle(line) : style;
  const seen = style.outlineStyle !== 'none' || around.outlineStyle !== 'none'
    || getComputedStyle(e, '::after').borderTopWidth === '2px' || e.matches('.splitter, #question');
  return [e.id || e.dataset.name || e.dataset.key || e.className, seen, e === document.body];
}"""
"""What has the focus, whether that is to be seen, and whether it is nothing."""


UNNAMED = """[...document.querySelectorAll('button')].filter((e) => e.offsetParent && !e.title
  && ![...e.childNodes].some((n) => n.textContent.trim() && !n.matches?.('.unseen')))
  .map((e) => e.outerHTML.slice(0, 120))"""
"""Buttons that show nothing but an icon and have no tooltip."""


@pytest.fixture(scope="module")
def axe() -> str:
    folder = Path(os.environ.get("READINGROOM_NODE_MODULES") or REPO / "node_modules")
    path = folder / "axe-core" / "axe.min.js"
    if not path.is_file():
        pytest.skip("axe-core is not here (npm install --no-save axe-core@4.14.1)")
    return path.read_text(encoding="utf-8")


def faults(page: Any, axe: str, rules: str = "") -> list[str]:
    """What axe finds of weight; `rules`: only this one."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(axe)
    only = f", runOnly: ['{rules}']" if rules else ""
    found = page.evaluate(f"axe.run(document, {{ resultTypes: ['violations']{only} }})")
    return [f"{one['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
            for one in found["violations"] if one["impact"] in GRAVE for node in one["nodes"]]  # fmt: skip


@pytest.mark.parametrize(("look", "rules"), [("dark", ""), ("light", "color-contrast")])
def test_axe_finds_nothing_serious(visit: Visit, read: Read, axe: str, look: str, rules: str) -> None:
    page = visit(read.address("chat"))
    page.emulate_media(color_scheme=look)
    page.wait_for_selector(".turn .plan")
    page.locator(".plan summary").first.click()
    assert faults(page, axe, rules) == []
    page.locator("#tab-report").click()
    line = page.locator("#report li[data-row]", has_text="The right lung field has an area")
    line.get_by_title("Edit").click()
    page.keyboard.type(" There is a left pneumothorax.")
    page.locator(".typing .v-contradicted, .typing .v-unsupported").first.wait_for()
    page.keyboard.press("Enter")
    page.locator("#report .say", has_text="left pneumothorax").click()
    page.locator("#outlines").click()
    assert faults(page, axe, rules) == []
    page.keyboard.press("Escape")
    page.locator("#tab-runs").click()
    page.wait_for_selector(".run")
    page.keyboard.press("?")
    assert faults(page, axe, rules) == []


def test_a_narrow_screen_shows_all_of_it_one_pane_at_a_time(visit: Visit, read: Read, axe: str) -> None:
    page = visit(read.address(), **NARROW)
    page.wait_for_selector("#report li[data-row]")
    for pane, shown in (("library", "#library"), ("films", "#stage"), ("talk", "#talk")):
        page.locator(f"[data-pane-to={pane}]").click()
        assert page.locator(shown).is_visible()
        assert [each for each in ("#library", "#stage", "#talk") if page.locator(each).is_visible()] == [shown]
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
        assert page.locator("#notice").is_visible()
    assert faults(page, axe) == []
    # A sentence that is held brings its film beside it.
    page.locator("#report .say", has_text="The right lung field has an area").click()
    assert page.locator("#stage").is_visible()
    page.wait_for_selector(".overlay.lit")
    small = page.eval_on_selector_all(
        "button", f"(all) => all.filter((e) => e.offsetParent && e.getBoundingClientRect().height < {LEAST})"
        ".map((e) => e.outerHTML.slice(0, 120))")  # fmt: skip
    assert small == []


def test_the_keyboard_reaches_everything_and_is_seen(visit: Visit, read: Read) -> None:
    page = visit(read.address())
    page.wait_for_selector("#report li[data-row]")
    reached = set()
    for _ in range(90):
        page.keyboard.press("Tab")
        told = page.evaluate(FOCUSED)
        assert told[1] or told[2], f"no focus is seen on {told[0]}"
        reached.add(told[0])
    assert page.evaluate(UNNAMED) == []
    for wanted in ("fold", "theme", "window", "ruler", "pair", "outlines", "splitter", "tab-report", "export"):
        assert wanted in reached, wanted
    assert any(":F1" in each for each in reached)
    page.locator("#splitter").focus()
    before = page.locator("#talk").bounding_box()["width"]
    page.keyboard.press("ArrowLeft")
    assert page.locator("#talk").bounding_box()["width"] > before


def test_single_keys_can_be_switched_off_and_the_theme_is_kept(visit: Visit) -> None:
    page = visit()
    page.keyboard.press("?")
    page.get_by_role("checkbox", name="Single keys act on the page").uncheck()
    page.keyboard.press("Escape")
    back = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(back)
    page.keyboard.press("t")
    assert page.evaluate(back) == dark
    page.locator("#theme").click()
    light = page.evaluate(back)
    assert light != dark
    page.reload()
    assert page.evaluate(back) == light
