"""The parts of a report as Word paragraphs, tables and pictures, each put where the template names it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any

from docx.oxml import OxmlElement
from docx.shared import Emu, Pt

from readingroom.domain.check import Struck
from readingroom.domain.report import Report
from readingroom.exports import wording
from readingroom.exports.caption import alt, colours_of
from readingroom.exports.drawn import drawn
from readingroom.exports.figure import Figure
from readingroom.exports.headings import Headings
from readingroom.exports.tables import Table
from readingroom.exports.view import Piece, Sentence, View, struck_in

VERDICT_STYLES = {"supported": "RR Supported", "contradicted": "RR Contradicted", "unsupported": "RR Unsupported",
                  "not_checkable": "RR Not checkable"}  # fmt: skip
ALONE = 2
"""Up to so many figures each take the text's whole width."""
TALLEST = Pt(400)
XML_SIGNS = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold."""

Words = tuple[str, str | None]
"""A stretch of text and its character style."""


def safe(text: str) -> str:
    """One line of text that Word shows as it is: nothing that controls, reorders, or is no XML."""
    return " ".join(XML_SIGNS.sub("\ufffd", wording.plain(text)).split())


class Place:
    """Where a template's placeholder stands; everything is put before it, and it goes at the end."""

    def __init__(self, document: Any, marker: Any, heads: Headings) -> None:
        self._document, self._marker, self.heads = document, marker, heads
        section = document.sections[0]
        self.width = Emu(section.page_width - section.left_margin - section.right_margin)

    def heading(self, part: str) -> None:
        """The heading of one part of a report, in the report's language."""
        self._marker.insert_paragraph_before(safe(self.heads.sections[part]), style="Heading 1")

    def line(self, style: str, *words: Words | str) -> Any:
        """A paragraph of `style`."""
        return self._filled(self._marker.insert_paragraph_before("", style=style), words)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]], shares: Sequence[float]) -> None:
        """A table with a head that every page repeats; `shares` of the text's width sum to 1."""
        table = self._document.add_table(rows=0, cols=len(head), style="Table Grid")
        table.autofit = False
        self._marker._p.addprevious(table._tbl)
        for column, share in zip(table.columns, shares, strict=True):
            column.width = Emu(round(self.width * share))
        for place, row in enumerate((head, *rows)):
            cells = table.add_row().cells
            for cell, text, share in zip(cells, row, shares, strict=True):
                cell.width = Emu(round(self.width * share))
                paragraph = cell.paragraphs[0]
                paragraph.style = "RR Small"
                paragraph.add_run(safe(text)).bold = True if place == 0 else None
            settings = table.rows[-1]._tr.get_or_add_trPr()
            for name in ("w:cantSplit", *(("w:tblHeader",) if place == 0 else ())):
                settings.append(OxmlElement(name))
        self.line("RR Small")

    def pictures(self, pictures: Sequence[tuple[bytes, str, float]]) -> None:
        """PNG, caption, and height over width of each; more than `ALONE` stand two in a row."""
        beside = 1 if len(pictures) <= ALONE else 2
        table = self._document.add_table(rows=0, cols=beside)
        self._marker._p.addprevious(table._tbl)
        width = Emu(round(self.width / beside - Pt(12)))
        for start in range(0, len(pictures), beside):
            cells = table.add_row().cells
            table.rows[-1]._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
            for cell, (png, told, ratio) in zip(cells, pictures[start : start + beside], strict=False):
                wide = min(width, Emu(round(TALLEST / ratio)))
                paragraph = cell.paragraphs[0]
                paragraph.style, paragraph.paragraph_format.keep_with_next = "RR Caption", True
                shape = paragraph.add_run().add_picture(BytesIO(png), width=Emu(wide))
                shape._inline.docPr.set("descr", safe(told))
                cell.add_paragraph(safe(told), style="RR Caption")
        self.line("RR Small")

    def done(self) -> None:
        """Take the placeholder away."""
        self._marker._p.getparent().remove(self._marker._p)

    @staticmethod
    def _filled(paragraph: Any, words: Iterable[Words | str]) -> Any:
        for each in words:
            text, style = (each, None) if isinstance(each, str) else each
            if text:
                lead = " " if text[0] == " " else ""
                paragraph.add_run(lead + safe(text), style=style)
        return paragraph


def said(sentence: Sentence) -> list[Words | str]:
    """A sentence with its evidence and its verdict, as `read_report` takes them off again."""
    words: list[Words | str] = [sentence.text]
    if sentence.cited:
        words.append((bracketed(sentence.cited), "RR Evidence"))
    if sentence.verdict is None:
        return words
    style = VERDICT_STYLES[sentence.verdict]
    if sentence.verdict == "supported":
        return [*words, (" ✓", style)]
    if not sentence.bad:
        return [*words, (" (not checkable)", style)]
    return [*words, (f" ⚠ ({sentence.verdict}: {reasons(sentence)})", style)]


def reasons(sentence: Sentence) -> str:
    """Why it does not hold, in one clause without brackets or full stops."""
    told = "; ".join(clause(problem.reason) for problem in sentence.problems)
    return told or (wording.MEANINGS[sentence.verdict] if sentence.verdict else "")


def clause(reason: str) -> str:
    """A reason that neither ends a sentence nor closes the bracket it stands in, for whoever reads it back."""
    inner = re.sub(r"[.!?]+\s+", "; ", reason.strip().rstrip(".!?"))
    return inner.replace("(", "‹").replace(")", "›")


def bracketed(names: Sequence[str]) -> str:
    """ " [E1, E3]", or nothing."""
    return f" [{', '.join(names)}]" if names else ""


def put_texts(place: Place, section: str, view: View) -> None:
    """Indication, technique, comparison or limitations: one paragraph a text."""
    paragraphs = {str(name): pieces for name, pieces in view.texts.items()}[section]
    if paragraphs:
        place.heading(section)
    for pieces in paragraphs:
        place.line("RR Text", *(word for piece in pieces for word in _piece(piece)))


def _piece(piece: Piece) -> list[Words | str]:
    return said(piece) if isinstance(piece, Sentence) else [piece]


def put_sentences(place: Place, section: str, sentences: Sequence[Sentence], report: Report) -> None:
    """Findings or impression."""
    place.heading(section)
    style = "RR Impression" if section == "impression" else "RR Sentence"
    for sentence in sentences:
        place.line(style, *said(sentence))
    if not sentences:
        place.line("RR Notice", wording.nothing(section, report))


def put_categories(place: Place, report: Report) -> None:
    """Categories with what they rest on."""
    if report.categories:
        place.heading("categories")
    for each in report.categories:
        given = "; ".join(f"{one.name} {one.value}{bracketed(one.evidence)}" for one in each.inputs)
        lacking = f" Missing: {', '.join(each.missing)}." if each.missing else ""
        rests = f" ({given})" if given else ""
        place.line("RR Category", f"{each.system} {each.version}: {each.value}. {each.meaning}{rests}{lacking}")


def put_verification(place: Place, report: Report, view: View) -> None:
    """How many sentences got which verdict, what was left out, and what was checked but stands nowhere."""
    place.heading("verification")
    if report.verification is None:
        place.line("RR Small", place.heads.not_verified)
        return
    rows = [(str(row.number), row.word, row.meaning) for row in wording.tallies(report.verification, report.language)]
    place.table(("Sentences", "Verdict", "Meaning"), rows, (0.15, 0.2, 0.65))
    if view.findings or view.impression:
        share = f"{report.verification.coverage:.0%}"
        place.line("RR Small", place.heads.coverage.replace("{share}", share))
    for omission in report.verification.omissions:
        place.line("RR Alarm", f"{place.heads.left_out}: {omission.reason}{bracketed(omission.evidence)}")
    for sentence in view.elsewhere:
        place.line("RR Small", "Checked, but not in this report: ", *said(sentence))


def put_struck(place: Place, report: Report) -> None:
    """What the gate or a person took out, crossed out, and what was wrong with it."""
    for name, gone in struck_in(report).items():
        place.heading(name)
        _crossed_out(place, gone)


def _crossed_out(place: Place, gone: Sequence[Struck]) -> None:
    for each in gone:
        why = "; ".join(f"{wording.RULES[problem.rule]}: {clause(problem.reason)}" for problem in each.check.problems)
        why = why or wording.MEANINGS[each.check.verdict]
        verdict = wording.VERDICTS[each.check.verdict]
        words: Words = (each.check.text, "RR Struck words")
        style = VERDICT_STYLES[each.check.verdict]
        place.line(
            "RR Struck",
            words,
            (bracketed(each.cites), "RR Evidence"),
            (f" {verdict} ({each.check.section}): {why}", style),
        )


def put_figures(place: Place, figures: Sequence[Figure]) -> None:
    """Every figure with its outlines drawn in, current and prior ones first."""
    if not figures:
        return
    place.heading("figures")
    role = {"current": 0, "prior": 1, "lateral": 2}
    colours = colours_of(figures)
    ranked = sorted(figures, key=lambda figure: role[figure.role])
    place.pictures(
        [
            (drawn(each, colours), f"Figure {number}. {alt(each)}", each.rows * each.pixel_height / each.columns)
            for number, each in enumerate(ranked, 1)
        ]
    )


def put_table(place: Place, table: Table) -> None:
    """One of the tables at the end of a report; nothing where it has no row."""
    if table.rows:
        place.heading(table.part)
        place.table(table.head, table.rows, table.shares)
