"""The films in a real browser: windows, zoom, rulers, links, and three planes of a volume of known voxels."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.web.browser.conftest import Read, Visit, until
from tests.web.entering import Page, upload

SHAPE = (30, 40, 50)
"""Planes, rows and columns of the volume."""


def value(k: int, j: int, i: int) -> int:
    """What stands at a voxel: all are different."""
    return (k * SHAPE[1] + j) * SHAPE[2] // 4 - 2000 + i


@pytest.fixture(scope="module")
def volume(house: Page, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A NIfTI volume, axes to the patient's left, back and head, 2 mm by 1 mm by 1 mm."""
    k, j, i = np.indices(SHAPE)
    voxels = ((k * SHAPE[1] + j) * SHAPE[2] // 4 - 2000 + i).astype("<i2")
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, SHAPE[2], SHAPE[1], SHAPE[0], 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, 4, 16)
    struct.pack_into("<8f", header, 76, 1, 1, 1, 2, 0, 0, 0, 0)
    struct.pack_into("<3f", header, 108, 352, 1, 0)
    struct.pack_into("<B", header, 123, 2)
    struct.pack_into("<2h", header, 252, 0, 1)
    for row, line in enumerate(((-1, 0, 0, 0), (0, -1, 0, 0), (0, 0, 2, 0))):
        struct.pack_into("<4f", header, 280 + 16 * row, *line)
    header[344:348] = b"n+1\0"
    path = tmp_path_factory.mktemp("volume") / "volume.nii"
    path.write_bytes(bytes(header) + voxels.tobytes())
    return str(upload(house.owner, current=path).json()["id"])


@pytest.fixture(scope="module")
def snapshot(house: Page, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A colour picture without a spacing."""
    path = tmp_path_factory.mktemp("snapshot") / "skin.png"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(90, 200, (240, 320, 3), np.uint8))
    return str(upload(house.owner, current=path).json()["id"])


def films(page: Any) -> Any:
    until(
        page,
        "[...document.querySelectorAll('.film:not([hidden])')].every((e) => e.querySelector('.film-waiting').hidden)",
    )
    return page.locator(".film:visible")


def drag(page: Any, film: Any, across: float, down: float, *, at: tuple[float, float] = (0.5, 0.5)) -> None:
    box = film.bounding_box()
    x, y = box["x"] + box["width"] * at[0], box["y"] + box["height"] * at[1]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + across, y + down, steps=4)
    page.mouse.up()


def window(film: Any) -> tuple[float, float]:
    found = re.search(r"W (\S+)\s+L (\S+)", film.locator(".corner.window").inner_text())
    assert found
    return float(found[1]), float(found[2])


def brightness(page: Any, film: Any) -> float:
    page.wait_for_timeout(40)
    return float(film.locator("canvas").evaluate(
        "(c) => { const copy = new OffscreenCanvas(c.width, c.height).getContext('2d', { willReadFrequently: true });"
        " copy.drawImage(c, 0, 0); const d = copy.getImageData(0, c.height >> 1, c.width, 1).data;"
        " let sum = 0; for (let i = 0; i < d.length; i += 4) sum += d[i]; return sum / (d.length / 4); }"))  # fmt: skip


def test_window_invert_zoom_and_reset(visit: Visit, read: Read) -> None:
    page = visit(read.address())
    film = films(page).first
    until(page, "document.querySelector('.corner.window').textContent.includes('W')")
    first, before = window(film), brightness(page, film)
    drag(page, film, 0, 150)
    level = window(film)
    assert level[0] == first[0]
    assert level[1] > first[1]
    assert brightness(page, film) < before
    page.keyboard.press("i")
    page.wait_for_timeout(60)
    assert "inverted" in film.locator(".corner.window").inner_text()
    page.keyboard.press("z")
    drag(page, film, 0, -120)
    told = [each.inner_text() for each in page.locator(".film:visible .corner.window").all()]
    zooms = [re.search(r"(\d+) %", each).group(1) for each in told]  # type: ignore[union-attr]  # each film tells it
    assert zooms[0] == zooms[1] != "100"  # the films are linked
    page.keyboard.press("k")
    page.keyboard.press("f")
    page.wait_for_timeout(60)
    assert "%" not in film.locator(".corner.window").inner_text()
    assert zooms[1] in page.locator(".film:visible .corner.window").nth(1).inner_text()
    page.keyboard.press("0")
    page.wait_for_timeout(60)
    assert window(film) == first
    assert brightness(page, film) == pytest.approx(before, abs=1)


def test_two_fingers_zoom_and_move_and_one_works_the_tool(visit: Visit, read: Read) -> None:
    page = visit(read.address())
    film = films(page).first
    box = film.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    wire = page.context.new_cdp_session(page)
    wire.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 2})

    def touch(kind: str, *across: float) -> list[float]:
        points = [{"x": x + each, "y": y, "id": number} for number, each in enumerate(across)]
        wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.evaluate("new Promise(requestAnimationFrame)")
        page.evaluate("new Promise(requestAnimationFrame)")
        matrix = film.locator("g.overlays").get_attribute("transform")
        return [float(each) for each in re.findall(r"-?[\d.]+", matrix or "")]

    until(page, "document.querySelector('g.overlays').hasAttribute('transform')")
    level, before = window(film), touch("touchStart", -20, 20)
    larger = touch("touchMove", -40, 40)
    assert larger[0] / before[0] == pytest.approx(2, rel=0.01)
    assert "200 %" in film.locator(".corner.window").inner_text()
    moved = touch("touchMove", -10, 70)
    assert moved[0] == pytest.approx(larger[0])
    assert moved[4] - larger[4] == pytest.approx(30, abs=0.5)
    assert window(film) == level, "two fingers change no window"
    touch("touchEnd")
    touch("touchStart", 0)
    assert touch("touchMove", 60) == pytest.approx(moved), "one finger moves nothing"
    touch("touchEnd")
    assert window(film)[0] > level[0]
    wire.detach()


def test_sides_are_marked_and_rulers_are_in_millimetres_where_they_are_known(
    visit: Visit, read: Read, snapshot: str
) -> None:
    page = visit(read.address())
    film = films(page).first
    assert [film.locator(f".side.at-{edge}").inner_text() for edge in ("left", "right")] == ["R", "L"]
    page.keyboard.press("m")
    drag(page, film, 80, 60)
    found = re.fullmatch(r"([\d.]+) mm at detector", page.locator(".ruler-label").text_content())
    assert found
    box = film.bounding_box()
    shown = 100 / min(box["width"], box["height"])
    # The film is 1000 pixels of 0.4 mm across, and fits the shorter side; the line is 100 points long.
    assert float(found[1]) == pytest.approx(shown * 400, rel=0.01)
    page.keyboard.press("0")
    assert page.locator(".ruler").count() == 0
    film.focus()
    page.keyboard.press("Enter")
    assert page.locator(".ruler").count() == 1
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Delete")
    assert page.locator(".ruler").count() == 0
    page = visit(f"/#study={snapshot}")
    page.keyboard.press("m")
    drag(page, films(page).first, 80, 60)
    assert "px (spacing not known)" in page.locator(".ruler-label").text_content()


def test_outlines_can_be_put_away_and_filled(visit: Visit, read: Read) -> None:
    page = visit(read.address())
    heart = page.locator('.film[data-role=current] .overlay[data-label="heart"]')
    heart.wait_for(state="attached")
    page.locator("#outlines").click()
    page.get_by_role("checkbox", name="heart", exact=True).uncheck()
    assert not heart.is_visible()
    page.get_by_role("checkbox", name="heart", exact=True).check()
    assert heart.is_visible()
    slider = page.get_by_role("slider", name="Filling")
    slider.fill("0.8")
    assert float(heart.evaluate("(e) => getComputedStyle(e).fillOpacity")) > 0.3
    page.get_by_role("button", name="None", exact=True).click()
    assert not heart.is_visible()


def test_three_planes_show_the_voxels_that_are_there(visit: Visit, volume: str) -> None:
    page = visit(f"/#study={volume}")
    page.get_by_role("button", name="Three planes (L)").click()
    shown = films(page)
    assert shown.count() == 3
    letters = [
        [shown.nth(n).locator(f".side.at-{edge}").inner_text() for edge in ("left", "right", "top", "bottom")]
        for n in range(3)
    ]
    assert letters == [["R", "L", "A", "P"], ["R", "L", "S", "I"], ["A", "P", "S", "I"]]
    box = shown.nth(0).bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.45)
    shown = films(page)
    found = _under(page, shown.nth(0))
    i, j = found[0], found[1]
    k = _plane(shown.nth(0))
    assert found[2] == value(k, j, i)
    assert (_plane(shown.nth(1)), _plane(shown.nth(2))) == (j, i)
    for n in (1, 2):
        x, y, here = _under(page, shown.nth(n))
        assert here == (value(SHAPE[0] - 1 - y, j, x) if n == 1 else value(SHAPE[0] - 1 - y, x, i))
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.wheel(0, 120)
    films(page)
    assert _plane(shown.nth(0)) == k + 3
    shown.nth(0).focus()
    page.keyboard.press("ArrowUp")
    assert _plane(shown.nth(0)) == k + 2


def _plane(film: Any) -> int:
    found = re.search(r"(\d+) of", film.locator(".corner.place").inner_text())
    assert found
    return int(found[1]) - 1


def _under(page: Any, film: Any) -> tuple[int, int, int]:
    """Column, row and value under the pointer, at a third of the film."""
    box = film.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.45)
    told = film.locator(".corner.pixel").inner_text()
    found = re.search(r"x (\d+)\s+y (\d+)\s+·\s+(-?\d+)", told)
    assert found, told
    return int(found[1]), int(found[2]), int(found[3])


def test_files_dropped_anywhere_are_read(visit: Visit, tmp_path: Path) -> None:
    picture = tmp_path / "skin.png"
    cv2.imwrite(str(picture), np.random.default_rng(1).integers(90, 200, (120, 160, 3), np.uint8))
    page = visit()
    transfer = page.evaluate_handle(
        "(bytes) => { const held = new DataTransfer();"
        " held.items.add(new File([new Uint8Array(bytes)], 'skin.png')); return held; }",
        list(picture.read_bytes()),
    )
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    page.locator("dialog .slot.full").wait_for()
    assert page.get_by_role("checkbox", name="De-identify on arrival").is_checked()
    page.get_by_role("button", name="Read them").click()
    page.wait_for_selector(".film[data-image]")
    films(page)
    page.locator(".film").first.hover()
    until(page, "document.querySelector('.corner.pixel').textContent.includes('RGB')")
