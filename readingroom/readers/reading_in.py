"""A report from outside, of whatever format, as text under headings: what `verify` and prior reports take."""

from __future__ import annotations

from pathlib import Path

from readingroom.errors import BadFile
from readingroom.imaging.report_sr import read_sr
from readingroom.ordinary import ordinary
from readingroom.readers.fhir import fhir_text
from readingroom.readers.kind import MOST_BYTES, decoded, kind_of, parsed
from readingroom.readers.own_json import report_text
from readingroom.readers.sr import sr_text
from readingroom.readers.web_page import page_text
from readingroom.readers.word import word_text

MOST_SIGNS = 2_000_000
"""Characters of text that one report may hold; the longest real ones have some ten thousand."""


def read_text(source: Path | bytes, *, where: str = "", keep_json: bool = False) -> str:
    """The text of a report: plain, Markdown, DOCX, FHIR DiagnosticReport (JSON), DICOM SR, our own HTML or JSON.

    Sections are headed as `language.sentences.read_report` knows them ("## Findings"); sentences keep their words.
    What the file is, its bytes say, never its name. `keep_json`: a report of ours comes back as the JSON it is, for
    `verify`. Nothing is fetched, run or unpacked to disk. Names and numbers of the patient inside the text are left in
    it: who sends the text on takes them out. Raises BadFile in one line for everything that cannot be read.
    """
    data, named = _bytes(source, where)
    kind = kind_of(data, where=named)
    if kind == "docx":
        text = word_text(data, where=named)
    elif kind == "dicom":
        text = sr_text(read_sr(data, where=named))
    else:
        told = decoded(data, where=named)
        if kind == "html":
            text = page_text(told)
        elif kind == "json":
            resource = parsed(told, where=named)
            if "resourceType" in resource:
                text = fhir_text(resource, where=named)
            elif keep_json:
                return told
            else:
                text = report_text(resource, where=named)
        else:
            text = told
    if len(text) > MOST_SIGNS:
        raise BadFile(f"holds more than {MOST_SIGNS} characters of text", where=named, do="Give one report at a time.")
    if not any(map(str.isalnum, text)):
        raise BadFile("holds no text of a report", where=named, do="Give the report as text, Markdown or DOCX.")
    return text


def _bytes(source: Path | bytes, where: str) -> tuple[bytes, str]:
    if isinstance(source, bytes):
        data, named = source, where or "the report"
    else:
        named = where or str(source)
        try:
            with ordinary(source, named).open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise BadFile(f"cannot be read ({error.strerror})", where=named, do="Check the path.") from error
    if len(data) > MOST_BYTES:
        raise BadFile(f"is larger than {MOST_BYTES // 1_000_000} MB", where=named, do="Give the report alone.")
    return data, named
