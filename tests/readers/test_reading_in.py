"""Any report file: what it is, its bytes say; what cannot be read is told in one line."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from readingroom.errors import BadFile
from readingroom.exports.canonical import to_json
from readingroom.exports.html import to_html
from readingroom.exports.markdown import to_markdown
from readingroom.language.sentences import read_report
from readingroom.readers.reading_in import read_text
from tests.exports import sample
from tests.exports.hostile import PAYLOADS, poisoned

REPORT = sample.build().report
SAID = [
    ("indication", "Cough for two weeks."),
    ("indication", "Smoker."),
    ("technique", REPORT.technique),
    ("comparison", REPORT.comparison),
    *(("findings", finding.text) for finding in REPORT.findings),
    ("impression", sample.IMPRESSION),
]


def told(data: bytes | Path) -> list[tuple[str, str]]:
    return [(each.section, each.text) for each in read_report(read_text(data))]


@pytest.mark.parametrize("write", [to_markdown, to_html, to_json], ids=["markdown", "html", "json"])
def test_our_own_formats_say_the_same(write, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "report.wrong-suffix"
    path.write_text(write(REPORT), encoding="utf-8")
    assert told(path) == SAID


def test_our_json_stays_json_where_it_is_to_be_verified() -> None:
    text = to_json(REPORT)
    assert read_text(text.encode(), keep_json=True) == text


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_plain_text_is_left_as_it_is(codec: str) -> None:
    text = "BEFUND:\nKein Erguss. Größe 3 mm.\n"
    assert read_text(text.encode(codec)) == text


def test_another_page_gives_its_words_under_its_headings() -> None:
    page = (
        b"<!doctype html><html><head><title>x</title><style>p{}</style></head><body><script>var a='<p>no</p>'</script>"
        b"<h2>Findings</h2><p>Clear&nbsp;lungs &amp; pleura.<br>No effusion.</p><h2>Impression</h2>"
        b"<table><tr><td>1.</td><td>Normal chest.</td></tr></table></body></html>"
    )
    assert told(page) == [
        ("findings", "Clear lungs & pleura."), ("findings", "No effusion."), ("impression", "Normal chest."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "is empty"),
        (b"\0" * 500, "is empty"),
        (b"%PDF-1.7\n...", "is a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512, "protected by a password"),
        (b"{\\rtf1 Clear lungs.}", "rich text"),
        (b"\x1f\x8b\x08\0\0\0", "compressed"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        ("Größe".encode("latin-1"), "not UTF-8"),
        (b"Clear\0lungs", "not text"),
        (b'<?xml version="1.0"?><DiagnosticReport/>', "is XML"),
        (b'{"a": 1}', "not a report that is known"),
        (b'{"a": ', "not JSON"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"...", "holds no text"),
        (b"DICM".rjust(132, b"\0"), "no DICOM data set"),
        (b"a" * 2_000_001, "characters of text"),
    ],
    ids=range(16),
)
def test_what_cannot_be_read_is_told_in_one_line(data: bytes, what: str) -> None:
    with pytest.raises(BadFile, match=what) as caught:
        read_text(data, where="prior")
    assert caught.value.line().startswith("prior: ")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="cannot be read"):
        read_text(tmp_path / "none.docx")
    with pytest.raises(BadFile, match=r"this is a folder\. Name a file"):
        read_text(tmp_path)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_pages_keep_their_sentences(payload: str) -> None:
    found = told(to_html(poisoned(sample.build(verification=None).report, payload)).encode())
    assert sum(section == "findings" for section, _ in found) >= len(REPORT.findings)


@pytest.mark.parametrize("piece", [b"<a ", b"<!", b"<!--", b"<div>", b"&", b"<a b='", b'<a b="', b"</", b"<bdi>"])
def test_time_grows_with_length_alone(piece: bytes) -> None:
    """A page of 300 kB of unclosed marks; in time that grows with the square, this would take minutes."""
    text = read_text(b"<p>Clear lungs.</p>" + piece * (300_000 // len(piece)))
    assert "Clear lungs." in text


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace"))))
@example(b"PK")
@example(b"<p>")
@example(json.dumps({"resourceType": "DiagnosticReport"}).encode())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(BadFile):
        assert read_text(data).strip()
