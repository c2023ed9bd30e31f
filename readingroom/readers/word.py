"""A Word document (DOCX) as text: paragraphs, lists and tables in order, headings as headings; no macro, no field."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from io import BytesIO
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from readingroom.errors import BadFile
from readingroom.readers.outline import heading, joined, literal
from readingroom.readers.word_body import Body, local_name

MOST_XML = 32_000_000
"""Bytes of one part once inflated; a report of 100 pages has 1.5 million."""
MOST_PARTS = 2000
DEEPEST = 200
"""Elements within elements; a table within a table within a text box has some forty."""

Start = Callable[[str, dict[str, str]], None]
ZIP_ERRORS = (BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError, KeyError)
"""What zipfile raises on bytes that are not what they claim to be; RuntimeError of an encrypted part."""

MAIN = re.compile(r"/officeDocument$")


def word_text(data: bytes, *, where: str) -> str:
    """The body as text; what is deleted, hidden, or in header, footer and notes is left out.

    Of a document of ours only what the report says is taken: paragraphs of the styles that begin with "RR" count by
    their name, whatever they look like. Raises BadFile: no DOCX, encrypted, too large once inflated, broken XML, a DTD.
    """
    try:
        with ZipFile(BytesIO(data)) as archive:
            _check(archive, where)
            names = frozenset(archive.namelist())
            main = _main_part(archive, names, where)
            styles = _headings(archive, main, names, where)
            body = Body()
            _walk(archive, main, where=where, start=body.start, end=body.end, words=body.words)
    except ZIP_ERRORS as error:
        raise BadFile("is a broken ZIP or Word file", where=where, do="Save it again as DOCX.") from error
    blocks = []
    for paragraph in body.paragraphs:
        if paragraph.unsaid:
            continue
        if paragraph.style in styles or paragraph.outline:
            blocks.append(heading(paragraph.text) if paragraph.text.strip() else "")
        else:
            blocks.append(("- " if paragraph.listed else "") + literal(paragraph.text.strip()))
    return joined(blocks)


def _check(archive: ZipFile, where: str) -> None:
    parts = archive.infolist()
    if len(parts) > MOST_PARTS:
        raise BadFile(f"has more than {MOST_PARTS} parts", where=where, do="Save it again as DOCX.")
    if any(part.flag_bits & 1 for part in parts):
        raise BadFile("is protected by a password", where=where, do="Save it without one.")


def _main_part(archive: ZipFile, names: frozenset[str], where: str) -> str:
    """The part that the package names as its document; most call it word/document.xml."""
    found: list[str] = []

    def start(name: str, given: dict[str, str]) -> None:
        if local_name(name) == "Relationship" and MAIN.search(given.get("Type", "")):
            found.append(given.get("Target", "").lstrip("/"))

    if "_rels/.rels" in names:
        _walk(archive, "_rels/.rels", where=where, start=start)
    for name in (*found, "word/document.xml"):
        if name in names and name.startswith("word/"):
            return name
    raise BadFile("is a ZIP archive, but no Word document", where=where, do="Unpack it, or save the report as DOCX.")


def _headings(archive: ZipFile, main: str, names: frozenset[str], where: str) -> frozenset[str]:
    """The ids of the paragraph styles that are headings: a German Word calls "heading 1" by the id "berschrift1"."""
    part = f"{main.rpartition('/')[0]}/styles.xml"
    found: set[str] = set()
    style: list[str] = [""]

    def start(name: str, given: dict[str, str]) -> None:
        kind = local_name(name)
        value = next((value for key, value in given.items() if local_name(key) == "val"), "")
        if kind == "style":
            style[0] = next((value for key, value in given.items() if local_name(key) == "styleId"), "")
        elif (kind == "name" and re.match(r"(?:heading|title|subtitle)\b", value, re.IGNORECASE)) or (
            kind == "outlineLvl" and value.isdigit() and int(value) < 9
        ):
            found.add(style[0])

    if part in names:
        _walk(archive, part, where=where, start=start)
    return frozenset(found - {""}) or frozenset({"Title", "Heading1", "Heading2", "Heading3"})


def _walk(
    archive: ZipFile,
    name: str,
    *,
    where: str,
    start: Start,
    end: Callable[[str], None] | None = None,
    words: Callable[[str], None] | None = None,
) -> None:
    """Read one part through `start`, `end` and `words`, within the caps on size and depth, without any DTD."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    depth = 0

    def opened(tag: str, given: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise BadFile(f"nests deeper than {DEEPEST} elements", where=where, do="Save it again as DOCX.")
        start(tag, given)

    def closed(tag: str) -> None:
        nonlocal depth
        depth -= 1
        if end:
            end(tag)

    def refuse(*_: object) -> None:
        raise BadFile("declares XML entities, which no Word document does", where=where, do="Save it again as DOCX.")

    parser.StartElementHandler, parser.EndElementHandler = opened, closed
    parser.StartDoctypeDeclHandler = refuse
    if words:
        parser.CharacterDataHandler = words
    read = 0
    try:
        with archive.open(name) as part:
            while chunk := part.read(1 << 16):
                read += len(chunk)
                if read > MOST_XML:
                    what = f"grows beyond {MOST_XML // 1_000_000} MB once unpacked, like a decompression bomb"
                    raise BadFile(what, where=where, do="Give the report's text.")
                parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise BadFile("is a Word file whose XML is broken", where=where, do="Save it again as DOCX.") from error
