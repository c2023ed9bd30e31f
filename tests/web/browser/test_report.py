"""The report in a real browser: evidence lit both ways, edited under the checker's eye, versions, exports."""

from __future__ import annotations

import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any

from tests.web.browser.conftest import Read, Visit, until


def row(page: Any, text: str) -> Any:
    return page.locator("#report li[data-row]", has_text=text)


def lit(page: Any, role: str) -> list[str]:
    found = page.locator(f".film[data-role={role}] .overlay.lit")
    return sorted(found.evaluate_all("(all) => all.map((e) => e.dataset.label)"))


def opened(visit: Visit, read: Read) -> Any:
    page = visit(read.address())
    page.wait_for_selector('.film[data-role=current] .overlay[data-label="heart"]')
    page.wait_for_selector("#report li[data-row]")
    return page


def test_a_sentence_lights_its_evidence_and_nothing_else(visit: Visit, read: Read) -> None:
    page = opened(visit, read)
    assert lit(page, "current") == []
    row(page, "The right lung field has an area").locator(".say").hover()
    assert lit(page, "current") == ["right lung"]
    assert lit(page, "prior") == []
    page.mouse.move(700, 20)
    until(page, "!document.querySelector('.overlay.lit')")
    row(page, "The left lung field has an area").locator(".say").focus()
    assert lit(page, "current") == ["left lung"]
    page.keyboard.press("Enter")
    detail = row(page, "The left lung field has an area").locator(".detail")
    words = detail.inner_text()
    for told in ("supported", "the evidence says the same", "270 cm²", "true at the detector", "measure 1", "from E2"):
        assert told in words
    page.keyboard.press("Escape")
    assert detail.count() == 0
    for key in ("j", "h"):
        page.keyboard.press(key)
    assert "The left lung field has an area" in page.evaluate("document.activeElement.textContent")
    assert page.locator("#report .line.active").count() == 1


def test_an_outline_lights_the_sentences_that_speak_of_it(visit: Visit, read: Read) -> None:
    page = opened(visit, read)
    film = page.locator(".film[data-role=current]")
    box = film.locator('.overlay[data-label="right lung"]').bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.3)
    first = page.locator("#report .line.pinned").get_attribute("data-row")
    assert "right lung" in lit(page, "current")
    page.mouse.click(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.3)
    second = page.locator("#report .line.pinned").get_attribute("data-row")
    assert first != second
    assert "right lung" in lit(page, "current")


def test_a_side_turned_round_is_contradicted_within_a_second(visit: Visit, read: Read) -> None:
    page = opened(visit, read)
    line = row(page, "The right lung field is smaller than the left").first
    name = line.get_attribute("data-row")
    line.get_by_title("Edit").click()
    area = page.locator(f'li[data-row="{name}"] textarea')
    turned = area.input_value().replace("right", "\0").replace("left", "right").replace("\0", "left")
    start = time.monotonic()
    area.fill(turned)
    page.locator(f'li[data-row="{name}"] .typing .v-contradicted').wait_for(timeout=1000)
    assert time.monotonic() - start < 1
    told = page.locator(f'li[data-row="{name}"] .typing').inner_text()
    assert "says left; the evidence" in told
    assert "side (R04)" in told
    assert area.evaluate("(e) => e === document.activeElement")
    area.press("Enter")
    line = page.locator(f'li[data-row="{name}"]')
    assert "edited" in line.inner_text()
    assert line.locator(".wrong").count() >= 1
    assert "Not clean" in page.locator("#alarm").inner_text()
    line.get_by_title("Restore").click()
    page.wait_for_selector("#alarm", state="detached")
    assert "edited" not in page.locator(f'li[data-row="{name}"]').inner_text()


def test_strike_accept_add_save_and_what_changed(visit: Visit, other: Read) -> None:
    page = opened(visit, other)
    row(page, "The left lung field has an area").get_by_title("Strike").click()
    row(page, "The cardiothoracic ratio has increased").first.get_by_title("Accept").click()
    page.get_by_role("button", name="Add a sentence to the findings").click()
    page.keyboard.type("There is a right pneumothorax.")
    page.locator(".line.editing .v-unsupported, .line.editing .v-contradicted").first.wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Save").click()
    until(page, "document.querySelector('[aria-label=Version]').selectedOptions[0].text.includes('Version 1')")
    assert row(page, "The left lung field has an area").locator(".say").evaluate(
        "(e) => getComputedStyle(e).textDecorationLine") == "line-through"  # fmt: skip
    page.get_by_role("button", name="What changed between versions").click()
    changes = page.locator("dialog .diff-row")
    changes.first.wait_for()
    told = changes.all_inner_texts()
    assert any("struck" in each and "left lung field" in each for each in told)
    assert any("added" in each and "pneumothorax" in each for each in told)
    page.keyboard.press("Escape")
    page.reload()
    page.wait_for_selector("#report li[data-row]")
    assert row(page, "pneumothorax").count() == 1
    with page.expect_download() as coming:
        page.locator("#export").click()
        page.locator("[data-format=md]").click()
    text = _content(Path(coming.value.path()))
    assert "pneumothorax" in text
    assert "final" not in json.dumps(coming.value.suggested_filename)


def test_the_draft_is_exported(visit: Visit, read: Read) -> None:
    page = opened(visit, read)
    for name, starts in (("json", "{"), ("html", "<!DOCTYPE html>")):
        page.locator("#export").click()
        assert page.locator(".menu-row").count() >= 10
        with page.expect_download() as coming:
            page.locator(f'[data-format="{name}"]').click()
        assert _content(Path(coming.value.path())).startswith(starts)


def _content(path: Path) -> str:
    data = path.read_bytes()
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            data = packed.read(packed.namelist()[0])
    return data.decode()


def test_two_drafts_and_the_runs(visit: Visit, other: Read, read: Read) -> None:
    page = opened(visit, other)
    page.get_by_role("button", name="Beside another draft").click()
    page.locator(".beside-draft").nth(1).wait_for()
    for column in page.locator(".beside-draft").all():
        assert "The cardiac silhouette is enlarged" in column.inner_text()
    page.keyboard.press("Escape")
    page.locator("#tab-runs").click()
    one = page.locator(f'.run[data-run="{read.run}"]')
    one.get_by_role("button", name="Replay").click()
    one.get_by_text("the same, word for word").wait_for()
    one.get_by_role("button", name="Verify").click()
    one.get_by_text("Its record is whole").wait_for()
    one.get_by_role("button", name="Open").click()
    page.wait_for_selector("#panel-report:not([hidden]) li[data-row]")
    assert read.run in page.url
