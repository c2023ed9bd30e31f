"""Word files read in: the words in order under their headings, and one clear error for everything else."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.errors import BadFile
from readingroom.exports.docx import to_docx
from readingroom.language.sentences import read_report
from readingroom.readers.reading_in import read_text
from tests.exports import sample
from tests.exports.hostile import PAYLOADS, poisoned
from tests.readers.word_files import GERMAN, paragraph, row, word_file


def told(data: bytes) -> list[tuple[str, str]]:
    return [(each.section, each.text) for each in read_report(read_text(data))]


def test_our_own_document_reads_back_sentence_by_sentence() -> None:
    report = sample.build().report
    found = [(each.section, each.text, each.cites) for each in read_report(read_text(to_docx(report)))]
    assert found == [
        ("indication", "Cough for two weeks.", ("E8",)),
        ("indication", "Smoker.", ()),
        ("technique", report.technique, ()),
        ("comparison", report.comparison, ()),
        *(("findings", finding.text, finding.evidence) for finding in report.findings),
        ("impression", sample.IMPRESSION, ("E4", "E6")),
    ]


def test_headings_lists_tables_and_breaks() -> None:
    item = "<w:p><w:pPr><w:numPr><w:numId w:val='1'/></w:numPr></w:pPr><w:r><w:t>No effusion.</w:t></w:r></w:p>"
    table = f"<w:tbl>{row(paragraph('Impression'), paragraph('Normal chest.'))}</w:tbl>"
    data = word_file(
        paragraph("Befund", style="berschrift1") + paragraph("Findings", style="Eigener")
        + "<w:p><w:r><w:t>The heart is</w:t><w:br/><w:t>normal.</w:t></w:r></w:p>" + item + table,
        styles=GERMAN,
    )  # fmt: skip
    assert told(data)[-3:] == [
        ("findings", "The heart is normal."), ("findings", "No effusion."), ("impression", "Normal chest."),
    ]  # fmt: skip


def test_what_a_reader_does_not_see_is_not_read() -> None:
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>There is a mass.</w:t></w:r>"
    deleted = "<w:del><w:r><w:delText>There is a nodule.</w:delText><w:t>x</w:t></w:r></w:del>"
    field = "<w:r><w:instrText>INCLUDETEXT secret</w:instrText></w:r>"
    data = word_file(paragraph("The lungs are clear.", more=hidden + deleted + field))
    assert told(data) == [("findings", "The lungs are clear.")]


def test_a_text_box_and_a_nested_table_are_read_once() -> None:
    box = (
        '<w:r><mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:Choice>'
        f"<w:txbxContent>{paragraph('No fracture.')}</w:txbxContent></mc:Choice><mc:Fallback>"
        f"{paragraph('No fracture.')}</mc:Fallback></mc:AlternateContent></w:r>"
    )
    inner = f"<w:tbl>{row(paragraph('No pneumothorax.'))}</w:tbl>"
    data = word_file(paragraph("The lungs are clear.", more=box) + f"<w:tbl>{row(inner)}</w:tbl>")
    assert sorted(text for _, text in told(data)) == ["No fracture.", "No pneumothorax.", "The lungs are clear."]


def test_a_document_under_another_name_is_found() -> None:
    assert told(word_file(paragraph("Clear lungs."), target="word/document2.xml")) == [("findings", "Clear lungs.")]


@pytest.mark.parametrize("sign", ["# ", "| a |", "> ", "```", "![x]"])
def test_no_sign_at_a_lines_start_hides_a_sentence(sign: str) -> None:
    data = word_file(paragraph(f"{sign} There is a left pneumothorax."))
    assert any("pneumothorax" in text for _, text in told(data))


def zipped(**parts: bytes) -> bytes:
    made = BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name.replace("__", "/"), data)
    return made.getvalue()


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (word_file(paragraph("&b;"), before=BOMB), "declares XML entities"),
        (word_file(paragraph("&a;"), before=OUTSIDE), "declares XML entities"),
        (word_file("<w:p>" * 5000 + "</w:p>" * 5000), "nests deeper"),
        (word_file(paragraph("a " * 20_000_000)), "grows beyond"),
        (word_file("<w:p><w:r>"), "XML is broken"),
        (zipped(other=b"x"), "no Word document"),
        (zipped(word__document=b"x"), "no Word document"),
        (b"PK\x03\x04" + b"\0" * 40, "broken ZIP"),
        (word_file(paragraph("Clear."))[:-30], "broken ZIP"),
        (zipped(**{f"p{n}": b"" for n in range(2100)}), "more than 2000 parts"),
        (word_file(""), "holds no text"),
    ],
    ids=["entities", "outside", "deep", "bomb", "broken-xml", "zip", "no-main", "no-zip", "cut", "parts", "empty"],
)
def test_hostile_files_end_in_one_line(data: bytes, what: str) -> None:
    with pytest.raises(BadFile, match=what) as caught:
        read_text(data, where="prior.docx")
    assert caught.value.line().startswith("prior.docx: ")
    assert "\n" not in caught.value.line()


def test_an_encrypted_part_is_told_as_a_password() -> None:
    data = bytearray(word_file(paragraph("Clear.")))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = 0
        while (start := data.find(mark, start)) >= 0:
            data[start + at] |= 1
            start += 4
    with pytest.raises(BadFile, match="password"):
        read_text(bytes(data))


@pytest.mark.parametrize("payload", [" ".join(PAYLOADS), *PAYLOADS[-2:]], ids=["all", "lines", "control"])
def test_hostile_sentences_come_back_as_words(payload: str) -> None:
    report = poisoned(sample.build(verification=None).report, payload)
    text = read_text(to_docx(report))
    assert "The diaphragm is not flattened." in text


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_file_is_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(word_file(paragraph("The lungs are clear.") * 3, styles=GERMAN))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    with suppress(BadFile):
        assert read_text(bytes(whole[:cut] if data.draw(st.booleans()) else whole)).strip()
