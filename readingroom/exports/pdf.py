"""A report as PDF: the words of the page on paper, tagged, with the notice on every sheet and nothing fetched."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup
from PIL import ImageFile
from weasyprint import HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcherResponse

from readingroom.domain.report import Report
from readingroom.domain.value import digest_of
from readingroom.errors import ToolFailed
from readingroom.exports import tables, wording
from readingroom.exports.caption import alt, colours_of
from readingroom.exports.drawn import drawn
from readingroom.exports.figure import Figure
from readingroom.exports.headings import headings_of
from readingroom.exports.html import environment, source
from readingroom.exports.view import read, struck_in

ImageFile.LOAD_TRUNCATED_IMAGES = False
"""WeasyPrint sets it for the whole process, in which a cut-off image would then be read as a whole one."""

SIGNS = {"supported": "✓", "contradicted": "✗", "unsupported": "⚠", "not_checkable": "–"}
PICTURE = "readingroom:"
"""The scheme of the figures' own addresses; no other address is answered."""
W3C_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)")
LONGEST_RUNNING = 80
"""Characters of a running title: one line of the margin."""


class Picture(NamedTuple):
    """One figure of the paper page."""

    url: str
    told: str


class _Pictures:
    """Answers with the report's own figures and refuses every other address, whatever a text may have smuggled in."""

    def __init__(self, pictures: dict[str, bytes]) -> None:
        self._pictures = pictures

    def __call__(self, url: str) -> URLFetcherResponse:
        if url not in self._pictures:
            raise ToolFailed("a page asked for something that is not in it", where="pdf")
        return URLFetcherResponse(url, self._pictures[url], {"Content-Type": "image/png"})


def to_pdf(report: Report, figures: Sequence[Figure] = ()) -> bytes:
    """PDF/UA-1 bytes: tagged, with title and language. Dates come from the provenance, the file's id from the report.

    The same report gives the same bytes with the same fonts. Raises ToolFailed where a figure cannot be drawn.
    """
    files, pictures = _pictures(figures)
    told = report.provenance
    heads = headings_of(report)
    tallies = wording.tallies(report.verification, report.language) if report.verification else ()
    page = (
        environment()
        .get_template("print.html.j2")
        .render(
            report=report,
            view=read(report),
            struck=struck_in(report),
            heads=heads,
            SIGNS=SIGNS,
            short={"title": _cut(report.title), "run": _cut(told.run)},
            style=Markup(source("print.css")),  # noqa: S704
            pictures=pictures,
            tables=[(heads.sections[each.part], each.head, each.rows, each.shares) for each in _tables(report)],
            tally_rows=[(row.number, row.word, row.meaning) for row in tallies],
            made=_date(told.started),
            changed=_date(told.finished),
        )
    )
    document = HTML(string=page, base_url="", url_fetcher=_Pictures(files))
    made = document.write_pdf(
        pdf_variant="pdf/ua-1",
        pdf_identifier=hashlib.sha256(digest_of(report).encode()).digest()[:16],
        font_config=FontConfiguration(),
    )
    if not isinstance(made, bytes):
        raise ToolFailed("the PDF could not be written", where="pdf")
    return made


def _tables(report: Report) -> tuple[tables.Table, ...]:
    return tables.measurements(report), tables.evidence(report), tables.provenance(report)


def _pictures(figures: Sequence[Figure]) -> tuple[dict[str, bytes], list[Picture]]:
    role = {"current": 0, "prior": 1, "lateral": 2}
    colours = colours_of(figures)
    files: dict[str, bytes] = {}
    pictures = []
    for number, figure in enumerate(sorted(figures, key=lambda each: role[each.role])):
        url = f"{PICTURE}{number}.png"
        files[url] = drawn(figure, colours)
        pictures.append(Picture(url, alt(figure)))
    return files, pictures


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_RUNNING else f"{line[: LONGEST_RUNNING - 1]}…"


def _date(told: str) -> str:
    """As it is where it is a date that PDF metadata can hold; else empty."""
    return told if W3C_DATE.fullmatch(told) else ""
