"""The styles that a Word report is made of, by name: what a user restyles in Word; and the template we ship."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor
from docx.text.paragraph import Paragraph

GREY, RED, AMBER, GREEN, BLUE = "525D6A", "AD2018", "755000", "17663B", "0A5CAB"
SIDES = ("top", "left", "bottom", "right", "insideH", "insideV")
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a ZIP archive can hold."""
MADE = datetime(2025, 1, 1)  # Word's core properties hold UTC without saying so
"""When the shipped template says that it was made: any fixed time, so that it is the same file every time."""

PLACES = ("title", "who", "notice", "alarm", "indication", "technique", "comparison", "findings", "impression",
          "categories", "limitations", "verification", "struck", "figures", "measurements", "evidence",
          "provenance")  # fmt: skip
"""Paragraphs of a template that hold nothing but one of these in braces are replaced by that part of the report."""
NEEDED = ("alarm", "findings", "impression", "limitations", "struck")
"""Without these a report would read better than it is."""
IN_LINE = ("notice", "status", "run", "title")
"""What header and footer may name in braces, within other words."""


class Look(NamedTuple):
    """How a style of ours looks until somebody changes it in Word."""

    size: float | None = None
    colour: str = ""
    bold: bool | None = None
    before: float = 0
    after: float = 3
    indent: float = 0
    struck: bool = False
    fill: str = ""
    keep: bool = False


PARAGRAPHS: dict[str, Look] = {
    "RR Status": Look(9.5, GREY, after=4),
    "RR Notice": Look(8.5, GREY),
    "RR Alarm": Look(10.5, RED, bold=True, before=4, after=6, fill="FDECEB"),
    "RR Text": Look(10.5),
    "RR Sentence": Look(10.5, indent=8, after=4),
    "RR Impression": Look(10.5, bold=True, indent=8, after=4),
    "RR Category": Look(10.5, indent=8),
    "RR Struck": Look(10, GREY, indent=8),
    "RR Small": Look(8.5, after=2),
    "RR Caption": Look(8.5, GREY, before=2, after=8),
}
CHARACTERS: dict[str, Look] = {
    "RR Evidence": Look(8, BLUE),
    "RR Supported": Look(None, GREEN),
    "RR Contradicted": Look(None, RED, bold=True),
    "RR Unsupported": Look(None, AMBER, bold=True),
    "RR Not checkable": Look(8, GREY),
    "RR Struck words": Look(None, GREY, struck=True),
}


def define_styles(document: Any) -> None:
    """Add every style of ours that the document does not have; those it has stay as they are."""
    have = {style.name for style in document.styles}
    for kind, looks in ((WD_STYLE_TYPE.PARAGRAPH, PARAGRAPHS), (WD_STYLE_TYPE.CHARACTER, CHARACTERS)):
        for name, look in looks.items():
            if name not in have:
                _define(document.styles.add_style(name, kind), look, document.styles["Normal"])


def _define(style: Any, look: Look, normal: Any) -> None:
    style.quick_style = True
    style.font.size = Pt(look.size) if look.size else None
    style.font.bold = look.bold
    style.font.strike = True if look.struck else None
    if look.colour:
        style.font.color.rgb = RGBColor.from_string(look.colour)
    if style.type != WD_STYLE_TYPE.PARAGRAPH:
        return
    style.base_style = normal
    form = style.paragraph_format
    form.space_before, form.space_after, form.left_indent = Pt(look.before), Pt(look.after), Pt(look.indent)
    if look.fill:
        shade = OxmlElement("w:shd")
        for key, value in (("w:val", "clear"), ("w:color", "auto"), ("w:fill", look.fill)):
            shade.set(qn(key), value)
        style.element.get_or_add_pPr().append(shade)


def template_bytes() -> bytes:
    """The template that stands in page/report.docx: A4, our styles, a placeholder for each part of a report."""
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Pt(595.3), Pt(841.9)
    section.left_margin = section.right_margin = Pt(62)
    section.top_margin, section.bottom_margin = Pt(68), Pt(62)
    section.header_distance = section.footer_distance = Pt(30)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = "Calibri", Pt(10.5)
    normal.paragraph_format.line_spacing = 1.12
    define_styles(document)
    _headings(document.styles)
    header, footer = section.header.paragraphs[0], section.footer.paragraphs[0]
    header.style = footer.style = document.styles["RR Notice"]
    edge = section.page_width - section.left_margin - section.right_margin
    for paragraph in (header, footer):
        paragraph.paragraph_format.tab_stops.add_tab_stop(edge, WD_TAB_ALIGNMENT.RIGHT)
    header.add_run("{status}\t{title}")
    section.header.add_paragraph("{notice}", style="RR Notice")
    footer.add_run("Run {run}\tPage ")
    for name, between in (("PAGE", " of "), ("NUMPAGES", "")):
        _field(footer, name)
        footer.add_run(between)
    section.footer.add_paragraph("{notice}", style="RR Notice")
    for place in PLACES:
        document.add_paragraph(f"{{{place}}}", style="RR Text")
    told = document.core_properties
    told.author, told.title, told.comments = "Reading Room", "Report template", "Restyle it in Word."
    told.last_modified_by, told.created, told.modified, told.revision = "Reading Room", MADE, MADE, 1
    return saved(document)


def _headings(styles: Any) -> None:
    looks = (("Title", 19, "161B21", 0), ("Heading 1", 11, GREY, 12), ("Heading 2", 10, GREY, 8))
    for name, size, colour, before in looks:
        style = styles[name]
        style.font.name, style.font.size, style.font.bold = "Calibri", Pt(size), True
        style.font.color.rgb = RGBColor.from_string(colour)
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(3)
        style.paragraph_format.keep_with_next = True
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for key in [key for key in fonts.attrib if "Theme" in str(key)]:
            del fonts.attrib[key]
    for edge in styles["Table Grid"].element.iter(*(qn(f"w:{side}") for side in SIDES)):
        edge.set(qn("w:color"), "C9D1DA")
    lines = styles["Title"].element.get_or_add_pPr().find(qn("w:pBdr"))
    if lines is not None:
        lines.getparent().remove(lines)


def _field(paragraph: Paragraph, name: str) -> None:
    """A field that Word computes by itself; only ever PAGE and NUMPAGES."""
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), name)
    paragraph._p.append(field)


def saved(document: Any) -> bytes:
    """The document as bytes that depend on its content alone: parts in order, no times, no picture of the template."""
    related = document.part.package.rels
    for name in [name for name, each in related.items() if each.reltype.endswith("/thumbnail")]:
        del related[name]
    raw, made = BytesIO(), BytesIO()
    document.save(raw)
    with ZipFile(raw) as source, ZipFile(made, "w") as target:
        for name in source.namelist():
            part = ZipInfo(name, ZIP_EPOCH)
            part.compress_type, part.external_attr = ZIP_DEFLATED, 0o600 << 16
            target.writestr(part, source.read(name))
    return made.getvalue()
