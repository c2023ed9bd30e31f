"""The page of an experiment in a real browser: tables, filters, keyboard, lit evidence; and no text ever runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from readingroom.experiments.view import view_html
from tests.experiments.shown import ERROR, WRONG, written
from tests.experiments.test_view import poison
from tests.exports import test_html_browser as pages
from tests.exports.hostile import PAYLOADS

pytestmark = pages.pytestmark
browser, opened, tab = pages.browser, pages.opened, pages.tab


@pytest.fixture(scope="module")
def html(tmp_path_factory) -> str:
    return view_html(written(tmp_path_factory.mktemp("shown") / "out"))


@pytest.fixture
def page(opened: pages.Open, html: str) -> Any:
    return opened(html)


def listed(page: Any) -> list[str]:
    return page.locator("#list .id").all_text_contents()


def test_ranking_matrix_and_comparison_are_filled(page: Any):
    assert page.locator("#ranking tbody tr").count() == 2
    assert page.locator("#matrix tbody tr").count() == 2
    page.locator("#every").check()
    row = page.locator("#pair tbody tr", has_text="drafts that came out")
    assert "+0.33" in row.text_content()
    page.locator("#metric").select_option(label="drafts that came out")
    assert page.locator("#ranking tbody tr").first.text_content().startswith("1chest / sloppy / all / mark")


def test_failures_are_counted_or_not(page: Any):
    page.locator("#metric").select_option(label="drafts that came out")
    page.keyboard.press("f")
    assert page.locator("[data-failures='1']").get_attribute("aria-pressed") == "true"
    assert page.locator("#ranking").get_by_text("1.00", exact=False).count() == 2
    page.locator("[data-failures='0']").click()
    assert page.locator("#ranking").get_by_text("0.67", exact=False).count() == 1


def test_cases_are_filtered_by_error_class_and_by_name(page: Any):
    assert sorted(listed(page)) == ["case 0", "case 1", "case 2"]
    page.locator("#find").fill("p1")
    assert listed(page) == ["case 1"]
    page.locator("#find").fill("")
    page.locator("#arm").select_option(label="chest / sloppy / all / no check")
    options = page.locator("#class option").all_text_contents()
    failed = next(one for one in options if one.startswith("failed"))
    page.locator("#class").select_option(label=failed)
    assert listed(page) == ["case 2"]
    assert ERROR in page.locator("#case").text_content()


def test_drafts_stand_side_by_side_with_verdicts_and_what_changed(page: Any):
    page.locator("#list button", has_text="case 0").click()
    wrong = page.locator(".row", has_text=WRONG).first
    said = wrong.locator(".said")
    assert said.count() == 2
    assert "wrong by the reference, unmarked" in said.nth(0).text_content()
    assert "wrong by the reference, caught" in said.nth(1).text_content()
    assert "not supported" in said.nth(1).text_content()
    assert "on purpose: invention" in said.nth(0).text_content()
    page.locator("#list button", has_text="case 1").click()
    only = page.locator(".row.only")
    assert only.count() == 0  # both drafts lack it


def test_a_struck_sentence_stands_beside_the_one_that_it_was(page: Any):
    rows = page.evaluate("""() => {
        const line = (text, struck = false) => ({ text, struck });
        const heart = "The heart is not enlarged.", lungs = "The lungs are clear on both sides.";
        const rows = paired([line(heart), line(lungs)], [line(lungs), line("Another thing."), line(heart, true)]);
        return rows.map((row) => row.map((one) => one && one.text + (one.struck ? " (struck)" : "")));
    }""")
    assert rows == [
        ["The heart is not enlarged.", "The heart is not enlarged. (struck)"],
        ["The lungs are clear on both sides.", "The lungs are clear on both sides."],
        [None, "Another thing."],
    ]


def test_a_sentence_lights_its_evidence_and_an_outline_names_its_own(page: Any):
    page.locator("#list button", has_text="case 0").click()
    page.locator(".said", has_text=WRONG).first.focus()
    assert page.locator("#proofs .cite").all_text_contents() == ["E2"]
    assert page.locator(".overlay.lit").count() == 1
    assert page.locator(".overlay.truth").count() == 1
    page.keyboard.press("ArrowDown")
    assert page.locator(".said.active").count() == 1
    page.keyboard.press("Escape")
    assert page.locator(".overlay.lit").count() == 0


def test_keys_walk_the_cases(page: Any):
    first = page.locator("#list [aria-current='true'] .id").text_content()
    page.keyboard.press("j")
    assert page.locator("#list [aria-current='true'] .id").text_content() != first
    page.keyboard.press("k")
    assert page.locator("#list [aria-current='true'] .id").text_content() == first


@pytest.mark.parametrize("size", [pages.WIDE, pages.NARROW])
def test_it_fits_a_wide_and_a_narrow_window(opened: pages.Open, html: str, size: dict[str, int]):
    page = opened(html, **size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_an_experiment_without_a_draft_says_so(opened: pages.Open, tmp_path: Path):
    results = written(tmp_path / "out", cases=1)
    for cell in (tmp_path / "out" / "cells").iterdir():
        cell.unlink()
    page = opened(view_html(results))
    assert page.locator("#way").text_content() == "Nothing was drafted yet."
    page.keyboard.press("j")
    assert page.locator("#list li").count() == 0


def test_hostile_texts_stay_texts(opened: pages.Open, tmp_path: Path):
    payload = " ".join(PAYLOADS)
    page = opened(view_html(written(tmp_path / "out", poison(payload), cases=1, words=payload)))
    page.locator("#list button").click()
    page.locator(".said").first.focus()
    page.locator(".overlay").first.hover(force=True)
    assert "window.pwned" in page.locator("#case").text_content()
    assert page.locator("#case :is(script, iframe, img, a, form, style, object)").count() == 0


def test_other_drafts_are_told_by_their_counts(opened: pages.Open, tmp_path: Path):
    results = written(tmp_path / "out", cases=1)
    page = opened(view_html(results, largest=len(view_html(results).encode()) - 1000))
    assert "the 0 worst of 1 cases are here" in page.locator("main").text_content()
    assert "Told by its counts alone" in page.locator("#case").text_content()
    assert page.locator("#case table tbody tr").count() > 2
