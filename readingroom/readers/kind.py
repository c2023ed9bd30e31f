"""What a report file is, by its first bytes, and its text where it is one."""

from __future__ import annotations

import codecs
import json
import re
from typing import Any, Literal

from readingroom.errors import BadFile
from readingroom.imaging.sniff import looks_like_dataset

Kind = Literal["text", "json", "html", "docx", "dicom"]

MOST_BYTES = 64_000_000
"""Of one file; a Word report with pictures takes ten million."""
MOST_TEXT_BYTES = 20_000_000
"""Of a file that is text; the JSON of a report with much evidence takes one or two million."""

ELSE = (
    (b"%PDF-", "is a PDF, whose text has no sure order", "Give the report as text, Markdown or DOCX."),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is a Word file that is protected by a password, or of before 2007",
     "Save it as DOCX without a password."),
    (b"{\\rtf", "is rich text (RTF)", "Save it as DOCX or as text."),
    (b"\x1f\x8b", "is compressed (gzip)", "Unpack it first."),
    (b"\x89PNG", "is a picture", "Give the report's text."),
    (b"\xff\xd8\xff", "is a picture", "Give the report's text."),
    (b"II*\0", "is a picture", "Give the report's text."),
    (b"MM\0*", "is a picture", "Give the report's text."),
)  # fmt: skip
"""First bytes of what is no report we read, what it is, and what to do."""

PAGE = re.compile(r"<(?:!doctype\s+html|html|head|body|div|section|article|table|h[1-6]|p)\b", re.IGNORECASE)
MARKED_UP = re.compile(r"<\?xml|<!doctype|<[a-z][\w:-]*[\s/>]", re.IGNORECASE)


def kind_of(data: bytes, *, where: str) -> Kind:
    """Raises BadFile where it is empty, or something else that is known."""
    if not data.strip(b"\0\t\n\r "):
        raise BadFile("is empty", where=where, do="Give the report's text.")
    for mark, what, do in ELSE:
        if data.startswith(mark):
            raise BadFile(what, where=where, do=do)
    if data.startswith(b"PK"):
        return "docx"
    if data[128:132] == b"DICM" or looks_like_dataset(data[:4096]):
        return "dicom"
    head = decoded(data, where=where)[:1000].lstrip()
    if head.startswith("{"):
        return "json"
    if PAGE.match(re.sub(r"^(?:<!--.*?-->\s*)+", "", head, flags=re.DOTALL)):
        return "html"
    if MARKED_UP.match(head):
        raise BadFile("is XML", where=where, do="Give a FHIR report as JSON, any other as text.")
    return "text"


def decoded(data: bytes, *, where: str) -> str:
    """UTF-8, or UTF-16 where it starts with a byte order mark. Raises BadFile for anything else."""
    if len(data) > MOST_TEXT_BYTES:
        limit = MOST_TEXT_BYTES // 1_000_000
        raise BadFile(f"is larger than {limit} MB of text", where=where, do="Give the report alone.")
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        do = "Save it as UTF-8; or give JSON, DOCX, FHIR or DICOM SR."
        raise BadFile("is not UTF-8 text", where=where, do=do) from error
    if "\0" in text:
        raise BadFile("is not text", where=where, do="Give the report as text, Markdown or DOCX.")
    return text


def parsed(text: str, *, where: str) -> dict[str, Any]:
    """A JSON object. Raises BadFile: broken, nested too deep, or not an object."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        what = f"not JSON at line {error.lineno}, column {error.colno}: {error.msg}"
        raise BadFile(what, where=where, do="Give the report as it was written, or as text.") from None
    except (RecursionError, ValueError) as error:
        what = "not JSON that a report may hold: nested too deeply or with endless numbers"
        raise BadFile(what, where=where, do="Give the report as it was written, or as text.") from error
    if not isinstance(data, dict):
        do = "Give report.json, a FHIR DiagnosticReport or its Bundle, or the report as text."
        raise BadFile("is JSON, but no report", where=where, do=do)
    return data
