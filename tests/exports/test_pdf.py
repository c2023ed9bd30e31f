"""The PDF: tagged, the same every time, whole in every part, with the notice on every sheet and nothing fetched."""

from __future__ import annotations

import re
import shutil
import subprocess
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import ImageFile

pdf = pytest.importorskip("readingroom.exports.pdf", reason="weasyprint is not installed (extra 'pdf')")

from readingroom.domain.report import NOTICE  # noqa: E402
from readingroom.errors import ToolFailed  # noqa: E402
from readingroom.exports.figure import build_figures  # noqa: E402
from tests.exports import sample  # noqa: E402
from tests.exports.hostile import PAYLOADS, poisoned, poisoned_figures  # noqa: E402
from tests.exports.test_docx import CATEGORY, STRUCK  # noqa: E402


def tool(name: str, *arguments: str, data: bytes) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian package poppler-utils)")
    done = subprocess.run([found, *arguments, "-", *(["-"] if name == "pdftotext" else [])], input=data,
                          capture_output=True, check=True, timeout=60)  # fmt: skip
    assert done.stderr == b""
    return done.stdout.decode()


def unpacked(data: bytes) -> bytes:
    """All that stands in the file, its streams inflated."""
    found = [data]
    for start in re.finditer(rb"stream\r?\n", data):
        with suppress(zlib.error):
            found.append(zlib.decompressobj().decompress(data[start.end() :]))
    return b"\n".join(found)


@pytest.fixture(scope="module")
def made() -> bytes:
    whole = sample.build(struck=(STRUCK,), categories=(CATEGORY,))
    data = pdf.to_pdf(whole.report, build_figures(*whole))
    assert isinstance(data, bytes)
    return data


def test_it_is_tagged_with_title_language_and_the_dates_of_the_run(made: bytes) -> None:
    told = tool("pdfinfo", "-isodates", data=made)
    assert re.search(r"Title:\s+Chest radiograph, two views: preliminary draft", told)
    assert re.search(r"Tagged:\s+yes", told)
    assert re.search(r"CreationDate:\s+2025-11-22T01:00:00", told)
    assert re.search(r"JavaScript:\s+no", told)
    assert b"/Lang (en)" in unpacked(made)
    assert b"pdfuaid:part" in unpacked(made)


def test_every_part_of_a_report_is_there(made: bytes) -> None:
    text = " ".join(tool("pdftotext", "-layout", data=made).split())
    for told in (
        "Not clean: 1 sentence is contradicted by the evidence", "Lung-RADS 2022: 4A.", "contradicted",
        "says left; the evidence lies on the right", "There is a left pneumothorax.", "Scores are not calibrated.",
        "Left out: an opacity in the right lower zone is not told", "0.58 ± 0.03", "Figure 1. Frontal radiograph (PA).",
        "classical baseline 0.1.0",
    ):  # fmt: skip
        assert told in text, told


def test_every_sheet_has_the_notice_the_run_and_its_number(made: bytes) -> None:
    sheets = tool("pdftotext", "-layout", data=made).split("\f")[:-1]
    assert len(sheets) > 2
    for number, sheet in enumerate(sheets, 1):
        words = " ".join(sheet.split())
        assert NOTICE in words
        assert "Run run-1" in words
        assert f"Page {number} of {len(sheets)}" in words


def test_the_same_report_gives_the_same_bytes(made: bytes) -> None:
    whole = sample.build(struck=(STRUCK,), categories=(CATEGORY,))
    assert pdf.to_pdf(whole.report, build_figures(*whole)) == made
    assert pdf.to_pdf(whole.report) == pdf.to_pdf(whole.report)


def test_no_text_is_fetched_linked_or_run(capfd: pytest.CaptureFixture[str]) -> None:
    payload = " ".join(text for text in PAYLOADS if "http" in text or "href" in text)[:300]
    whole = sample.build()
    data = pdf.to_pdf(poisoned(whole.report, payload), poisoned_figures(build_figures(*whole), payload))
    assert not re.search(rb"/URI|/JavaScript|/Launch|/EmbeddedFile|/GoToR", unpacked(data))
    text = tool("pdftotext", data=data)
    assert "example.invalid" in text
    assert NOTICE.split(".")[0] in text


def test_nothing_but_our_own_pictures_is_answered(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"x")
    fetcher = pdf._Pictures({"readingroom:0.png": b"png"})
    assert fetcher("readingroom:0.png").read() == b"png"
    outside = ("http://example.invalid/x", "data:text/plain,x", "readingroom:1.png")
    for address in ((tmp_path / "secret.png").as_uri(), *outside):
        with pytest.raises(ToolFailed, match="not in it"):
            fetcher(address)


def test_german_is_written_as_it_is() -> None:
    report = sample.build(language="de", technique="Röntgen: Größe, Übergang, ≤ 3 mm², ½, µ.").report
    data = pdf.to_pdf(report)
    text = tool("pdftotext", data=data)
    assert "Röntgen: Größe, Übergang, ≤ 3 mm², ½, µ." in text
    assert "BEURTEILUNG" in text.upper()
    assert b"/Lang (de)" in unpacked(data)


def test_a_cut_off_picture_is_still_refused_elsewhere() -> None:
    """WeasyPrint would have every picture of the process read whatever is missing of it."""
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
