"""The Word file: the same every time, whole in every part, plain text whatever it holds, restyled by a template."""

from __future__ import annotations

import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from docx import Document

from readingroom.domain.category import Category, CategoryInput
from readingroom.domain.check import Check, Problem, Struck
from readingroom.domain.report import NOTICE
from readingroom.errors import BadFile
from readingroom.exports.docx import to_docx
from readingroom.exports.docx_styles import NEEDED, PLACES, template_bytes
from readingroom.exports.figure import build_figures
from tests.exports import sample
from tests.exports.hostile import PAYLOADS, poisoned

REPO = Path(__file__).resolve().parents[2]
STRUCK = Struck(
    check=Check(
        target="F9", section="findings", text="There is a left pneumothorax.", verdict="unsupported",
        problems=(Problem(rule="R01", verdict="unsupported", reason="no evidence tells of pneumothorax"),)),
    cites=("E5",),
)  # fmt: skip
SIZE = CategoryInput(name="size", value="9 mm", evidence=("E5",))
CATEGORY = Category(id="C1", system="Lung-RADS", version="2022", value="4A", meaning="Suspicious", inputs=(SIZE,),
                    rule_sha256="0" * 64)  # fmt: skip


def parts(data: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def words(data: bytes, part: str = "word/document.xml") -> str:
    root = ElementTree.fromstring(parts(data)[part])
    return "\n".join("".join(text.text or "" for text in p.iter(f"{W}t")) for p in root.iter(f"{W}p"))


W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def structure(data: bytes) -> list[str]:
    return [str(element.tag) for element in ElementTree.fromstring(parts(data)["word/document.xml"]).iter()]


def test_the_shipped_template_is_the_one_that_the_script_makes() -> None:
    """Made again with `python -c "...template_bytes()"`; docs/word_and_pdf.md says how."""
    committed = REPO.joinpath("readingroom/exports/page/report.docx").read_bytes()
    assert parts(committed) == parts(template_bytes())


def test_the_same_report_gives_the_same_bytes_without_times() -> None:
    made = sample.build()
    figures = build_figures(*made)
    data = to_docx(made.report, figures)
    assert data == to_docx(made.report, figures)
    with ZipFile(BytesIO(data)) as archive:
        assert {each.date_time for each in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    properties = Document(BytesIO(data)).core_properties
    assert properties.created.isoformat() == "2025-11-22T01:00:00+00:00"
    assert properties.modified.isoformat() == "2025-11-22T01:00:02+00:00"


def test_every_part_of_a_report_is_there() -> None:
    made = sample.build(struck=(STRUCK,), categories=(CATEGORY,))
    data = to_docx(made.report, build_figures(*made))
    text = words(data)
    for told in (
        "Not clean: 1 sentence is contradicted by the evidence", "Lung-RADS 2022: 4A. Suspicious (size 9 mm [E5])",
        "There is an opacity in the left lower zone. [E5] ⚠ (contradicted: says left; the evidence lies on the right)",
        "The diaphragm is not flattened. [E7] ✓", "The image is of good quality. [E1, E2] (not checkable)",
        "There is a left pneumothorax. [E5]", "no evidence tells of pneumothorax", "Scores are not calibrated.",
        "Left out: an opacity in the right lower zone is not told [E5]", "0.58 ± 0.03 (1 sd)",
        "Figure 1. Frontal radiograph (PA).", "probability 0.71, not calibrated", "classical baseline 0.1.0", NOTICE,
    ):  # fmt: skip
        assert told in text, told
    for edge in ("word/header1.xml", "word/footer1.xml"):
        assert NOTICE in words(data, edge)
    assert "Run run-1" in words(data, "word/footer1.xml")
    assert sum(name.startswith("word/media/") for name in parts(data)) == 3
    assert b'descr="Figure 1. Frontal radiograph (PA).' in parts(data)["word/document.xml"]
    assert "{" not in text


def test_headings_follow_the_language() -> None:
    data = to_docx(sample.build(language="de", technique="Röntgen in zwei Ebenen, Größe geschätzt.").report)
    assert "Beurteilung" in words(data)
    assert "Röntgen in zwei Ebenen, Größe geschätzt." in words(data)
    assert b'w:lang w:val="de"' in parts(data)["word/styles.xml"]


def test_no_text_becomes_a_field_a_link_or_markup() -> None:
    benign = structure(to_docx(poisoned(sample.build().report, "x")))
    for payload in (" ".join(PAYLOADS), "{findings}", "\ufffe\x0b", "=cmd|' /C calc'!A0"):
        data = to_docx(poisoned(sample.build().report, payload))
        assert structure(data) == benign, payload
        related = [part for name, part in parts(data).items() if name.endswith(".rels")]
        assert not any(b'TargetMode="External"' in part for part in related)
        assert not [name for name in parts(data) if "vba" in name.lower() or "embed" in name.lower()]


def test_libreoffice_opens_it(tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed (Debian package libreoffice-writer-nogui)")
    made = sample.build()
    (tmp_path / "report.docx").write_bytes(to_docx(made.report, build_figures(*made)))
    home = f"-env:UserInstallation={(tmp_path / 'home').as_uri()}"
    call = [
        office,
        "--headless",
        home,
        "--convert-to",
        "txt:Text",
        "--outdir",
        str(tmp_path),
        str(tmp_path / "report.docx"),
    ]
    subprocess.run(call, check=True, capture_output=True, timeout=120)
    text = (tmp_path / "report.txt").read_text(encoding="utf-8-sig")
    assert "There is an opacity in the left lower zone. [E5] ⚠ (contradicted:" in text
    assert "widest heart over widest inner thorax" in text


def restyled(folder: Path, change: Any) -> Path:
    document = Document(BytesIO(template_bytes()))
    change(document)
    path = folder / "ours.docx"
    document.save(path)
    return path


def test_a_restyled_template_keeps_its_looks_and_order(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        document.styles["RR Sentence"].font.name = "Georgia"
        by_text = {paragraph.text: paragraph for paragraph in document.paragraphs}
        by_text["{findings}"]._p.addprevious(by_text["{impression}"]._p)
        document.paragraphs[0].insert_paragraph_before("Institut für Radiologie")
        for paragraph in (*document.sections[0].header.paragraphs, *document.sections[0].footer.paragraphs):
            paragraph.clear()
        document.sections[0].header.paragraphs[0].add_run("Dr. {ru")
        document.sections[0].header.paragraphs[0].add_run("n} end").bold = True

    data = to_docx(sample.build().report, template=restyled(tmp_path, change))
    text = words(data)
    assert text.index("Impression") < text.index("Findings")
    assert text.startswith("Institut für Radiologie")
    assert b"Georgia" in parts(data)["word/styles.xml"]
    assert "Dr. run-1 end" in words(data, "word/header1.xml")
    assert all(NOTICE in words(data, f"word/{edge}1.xml") for edge in ("header", "footer"))


def test_a_template_without_our_styles_gets_them(tmp_path: Path) -> None:
    document = Document()
    for place in PLACES:
        document.add_paragraph(f"{{{place}}}")
    document.save(tmp_path / "bare.docx")
    data = to_docx(sample.build().report, template=tmp_path / "bare.docx")
    assert b"RR Contradicted" in parts(data)["word/styles.xml"]
    assert sample.OPACITY in words(data)


@pytest.mark.parametrize("place", NEEDED)
def test_a_template_may_not_hide_what_is_wrong(tmp_path: Path, place: str) -> None:
    def change(document: Any) -> None:
        next(each for each in document.paragraphs if each.text == f"{{{place}}}").clear()

    with pytest.raises(BadFile, match=f"lacks the placeholder {{{place}}}"):
        to_docx(sample.build().report, template=restyled(tmp_path, change))


def test_what_is_no_template_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.docx").write_text("no")
    (tmp_path / "cut.docx").write_bytes(template_bytes()[:900])
    for name in ("text.docx", "cut.docx"):
        with pytest.raises(BadFile, match="no Word document"):
            to_docx(sample.build().report, template=tmp_path / name)
    with pytest.raises(BadFile, match="cannot be read"):
        to_docx(sample.build().report, template=tmp_path / "none.docx")
    with pytest.raises(BadFile, match="no report has"):
        to_docx(sample.build().report, template=restyled(tmp_path, lambda document: document.add_paragraph("{secret}")))
