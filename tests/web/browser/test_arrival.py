"""Images on their way into a real browser: a folder and a zip dropped from the disk, several kinds, refusals."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.imaging.dicom_files import ct_slice, dataset, dicom_bytes
from tests.web.browser.conftest import Visit, until

FRAMES = 5
SLICES = 6


def drop(page: Any, *paths: Path) -> None:
    """A drag from the file manager, as the browser itself has it: folders come as folders."""
    wire = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        wire.send("Input.dispatchDragEvent", {"type": kind, "x": 500, "y": 400, "data": data})
    wire.detach()


def read_them(page: Any) -> None:
    page.locator("dialog .slot.full").wait_for()
    page.get_by_role("button", name="Read them").click()
    page.wait_for_selector(".film[data-image]")
    until(page, "!document.querySelector('dialog')")


@pytest.fixture(scope="module")
def slices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in a folder with one series of CT, and a file beside it that is no image."""
    folder = tmp_path_factory.mktemp("dropped") / "disc"
    (folder / "series").mkdir(parents=True)
    for number in range(SLICES):
        content = dicom_bytes(ct_slice(np.full((64, 64), 10 * number, np.int16), 5.0 * number))
        (folder / "series" / f"IM{number}").write_bytes(content)
    (folder / "README.txt").write_text("A disc.")
    return folder


def test_a_folder_dropped_becomes_a_volume(visit: Visit, slices: Path) -> None:
    page = visit()
    drop(page, slices)
    read_them(page)
    assert page.locator(".film").first.locator(".corner.place").inner_text().endswith(f"of {SLICES}")
    assert page.get_by_role("button", name="Three planes (L)").is_enabled()
    assert page.locator(".notice-card").inner_text().endswith("is open, de-identified.")


def test_a_zip_dropped_becomes_the_same(visit: Visit, slices: Path, tmp_path: Path) -> None:
    packed = tmp_path / "disc.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in slices.rglob("*"):
            archive.write(path, path.relative_to(slices.parent))
    page = visit()
    drop(page, packed)
    assert "disc.zip" in page.locator("dialog .slot.full .slot-told").inner_text()
    read_them(page)
    assert page.locator(".film").first.locator(".corner.place").inner_text().endswith(f"of {SLICES}")


def test_frames_are_stepped_through_and_played(visit: Visit, tmp_path: Path) -> None:
    pixels = np.stack([np.full((64, 80), 40 * number + 10, np.uint8) for number in range(FRAMES)])
    pixels[:, 10:20, 10:20] = 250
    loop = dataset(pixels, NumberOfFrames=FRAMES, Modality="US", SOPClassUID="1.2.840.10008.5.1.4.1.1.3.1")
    path = tmp_path / "loop.dcm"
    path.write_bytes(dicom_bytes(loop))
    page = visit()
    drop(page, path)
    read_them(page)
    film = page.locator(".film").first
    place = film.locator(".corner.place")
    assert place.inner_text() == f"frame {FRAMES // 2 + 1} of {FRAMES}"
    film.focus()
    page.keyboard.press("ArrowUp")
    assert place.inner_text() == f"frame {FRAMES // 2} of {FRAMES}"
    box = film.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    until(page, f"document.querySelector('.corner.pixel').textContent.endsWith('·  {40 * (FRAMES // 2 - 1) + 10}')")
    play = page.get_by_role("button", name="Play")
    play.click()
    until(page, f"document.querySelector('.corner.place').textContent.startsWith('frame {FRAMES} ')")
    until(page, "document.querySelector('.corner.place').textContent.startsWith('frame 1 ')")
    page.get_by_role("button", name="Pause").click()
    stands = place.inner_text()
    page.wait_for_timeout(250)
    assert place.inner_text() == stands


def test_what_is_broken_is_told_where_one_looks_and_can_be_mended(visit: Visit, tmp_path: Path) -> None:
    broken, whole = tmp_path / "broken.png", tmp_path / "whole.png"
    cv2.imwrite(str(whole), np.random.default_rng(2).integers(90, 200, (64, 80, 3), np.uint8))
    broken.write_bytes(whole.read_bytes()[:200])
    page = visit(expected="a status of 400")
    page.locator("#library [data-act=add]").click()
    chooser = page.locator("dialog input[data-role=current]")
    chooser.set_input_files(str(broken))
    with page.expect_response("**/api/v1/studies") as refused:
        page.get_by_role("button", name="Read them").click()
    assert refused.value.status == 400
    told = page.locator("dialog [role=status]")
    told.locator(".icon").wait_for()
    assert "file 1" in told.inner_text()
    assert page.locator(".notice-card").count() == 0, "behind the sheet nobody would read it"
    page.get_by_role("button", name="Clear").click()
    chooser.set_input_files(str(whole))
    read_them(page)
    assert page.locator(".film").first.locator(".side:visible").count() == 0, "a colour picture has no sides"
