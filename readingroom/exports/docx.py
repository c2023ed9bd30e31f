"""A report as a Word document, from a template that a user restyles in Word; the same report gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from docx import Document
from docx.opc.exceptions import OpcError
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from readingroom.domain.report import Report
from readingroom.errors import BadFile
from readingroom.exports import docx_parts as parts
from readingroom.exports import tables, wording
from readingroom.exports.docx_parts import Place, safe
from readingroom.exports.docx_styles import IN_LINE, MADE, NEEDED, PLACES, define_styles, saved
from readingroom.exports.figure import Figure
from readingroom.exports.headings import headings_of
from readingroom.exports.view import View, read

Put = Callable[[Place], None]


def to_docx(report: Report, figures: Sequence[Figure] = (), *, template: Path | None = None) -> bytes:
    """DOCX bytes. Texts become runs of text and nothing else: no field, link, macro or markup comes from a report.

    `template`: a Word file with placeholders such as {findings} in paragraphs of their own (`docx_styles.PLACES`);
    the one shipped stands in page/report.docx. Its styles, header, footer and order are kept; styles of ours that it
    lacks are added, and so is the research-only notice in header and footer. Raises BadFile where the template is no
    Word document or lacks a part that a report may not be shown without.
    """
    document, where = _opened(template)
    define_styles(document)
    places = _places(document, where)
    view = read(report)
    writers = _writers(report, view, figures)
    for name, marker in places:
        place = Place(document, marker, headings_of(report))
        writers[name](place)
        place.done()
    _edges(document, report)
    _about(document, report)
    return saved(document)


def _opened(template: Path | None) -> tuple[Any, str]:
    where = "the Word template" if template is None else str(template)
    try:
        data = files("readingroom.exports").joinpath("page/report.docx").read_bytes() if template is None else None
        return Document(BytesIO(data if data is not None else Path(where).read_bytes())), where
    except OSError as error:
        raise BadFile(
            f"cannot be read ({error.strerror})", where=where, do="Start from the shipped template."
        ) from error
    except (OpcError, BadZipFile, KeyError, ValueError, SyntaxError) as error:
        raise BadFile("is no Word document (DOCX)", where=where, do="Start from the shipped template.") from error


def _places(document: Any, where: str) -> list[tuple[str, Any]]:
    found = [
        (text[1:-1], paragraph)
        for paragraph in document.paragraphs
        if (text := paragraph.text.strip()).startswith("{") and text.endswith("}")
    ]
    names = [name for name, _ in found]
    if strange := [name for name in names if name not in PLACES]:
        do = f"It may name {', '.join(PLACES)}."
        raise BadFile(f"names a part {strange[0][:40]!r} that no report has", where=where, do=do)
    if missing := [name for name in NEEDED if name not in names]:
        do = "Put it in a paragraph of its own."
        raise BadFile(f"lacks the placeholder {{{missing[0]}}}", where=where, do=do)
    return found


def _writers(report: Report, view: View, figures: Sequence[Figure]) -> dict[str, Put]:
    return {
        "title": lambda place: _one(place, "Title", report.title),
        "who": lambda place: _one(place, "RR Status", _who(report)),
        "notice": lambda place: _one(place, "RR Notice", report.notice),
        "alarm": lambda place: _alarm(place, report),
        "indication": lambda place: parts.put_texts(place, "indication", view),
        "technique": lambda place: parts.put_texts(place, "technique", view),
        "comparison": lambda place: parts.put_texts(place, "comparison", view),
        "findings": lambda place: parts.put_sentences(place, "findings", view.findings, report),
        "impression": lambda place: parts.put_sentences(place, "impression", view.impression, report),
        "categories": lambda place: parts.put_categories(place, report),
        "limitations": lambda place: parts.put_texts(place, "limitations", view),
        "verification": lambda place: parts.put_verification(place, report, view),
        "struck": lambda place: parts.put_struck(place, report),
        "figures": lambda place: parts.put_figures(place, figures),
        "measurements": lambda place: parts.put_table(place, tables.measurements(report)),
        "evidence": lambda place: parts.put_table(place, tables.evidence(report)),
        "provenance": lambda place: parts.put_table(place, tables.provenance(report)),
    }


def _one(place: Place, style: str, text: str) -> None:
    place.line(style, text)


def _who(report: Report) -> str:
    told = report.provenance
    subject = headings_of(report).subject
    return f"{wording.status(report)} · {subject} {report.subject} · report {report.id} · {told.finished}"


def _alarm(place: Place, report: Report) -> None:
    if report.status == "entered-in-error":
        place.line("RR Alarm", "Entered in error. Do not use this report.")
    if warning := wording.warning(report):
        place.line("RR Alarm", f"⚠ {warning}")


def _edges(document: Any, report: Report) -> None:
    """Fill in header and footer, and see to it that both hold the notice on every page."""
    told = {"notice": report.notice, "status": wording.status(report), "run": report.provenance.run,
            "title": report.title}  # fmt: skip
    for number, section in enumerate(document.sections):
        edges = [section.header, section.footer]
        if section.different_first_page_header_footer:
            edges += [section.first_page_header, section.first_page_footer]
        if document.settings.odd_and_even_pages_header_footer:
            edges += [section.even_page_header, section.even_page_footer]
        for edge in edges:
            for paragraph in edge.paragraphs:
                _filled(paragraph, {f"{{{name}}}": safe(told[name]) for name in IN_LINE})
            own = number == 0 or not edge.is_linked_to_previous
            if own and not any(safe(report.notice) in paragraph.text for paragraph in edge.paragraphs):
                edge.add_paragraph(safe(report.notice), style="RR Notice")


def _filled(paragraph: Any, told: dict[str, str]) -> None:
    """Put values for names in braces, also where Word cut one into several runs; the first run's look holds."""
    runs = list(paragraph.runs)
    for name, value in told.items():
        whole = "".join(run.text for run in runs)
        at = whole.find(name)
        if at < 0:
            continue
        start = 0
        for run in runs:
            text, end = run.text, start + len(run.text)
            low, high = max(at - start, 0), min(at + len(name), end) - start
            if low < high:
                run.text = text[:low] + (value if start <= at else "") + text[high:]
            start = end


def _about(document: Any, report: Report) -> None:
    """Core properties from the provenance; the language of the sentences for the spelling checker."""
    told, properties = report.provenance, document.core_properties
    properties.author = properties.last_modified_by = "Reading Room (machine-written draft)"
    properties.title, properties.comments = safe(report.title)[:255], safe(report.notice)[:255]
    properties.identifier, properties.keywords = safe(report.id)[:255], "research use only"
    properties.category, properties.content_status = "", wording.STATUSES[report.status]
    properties.language, properties.revision, properties.version = report.language, 1, safe(told.code_version)[:255]
    properties.subject = safe(f"run {told.run}")[:255]
    properties.created, properties.modified = _time(told.started), _time(told.finished)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), report.language)
    properties_of = document.styles["Normal"].element.get_or_add_rPr()
    for old in properties_of.findall(qn("w:lang")):
        properties_of.remove(old)
    properties_of.append(language)


def _time(told: str) -> datetime:
    """ISO 8601 as the UTC without a zone that Word's properties hold; a fixed time where it is none."""
    try:
        found = datetime.fromisoformat(told)
        return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
    except (ValueError, OverflowError):
        return MADE
