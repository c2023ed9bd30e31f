"""The body of a Word document as it streams by: paragraphs with their styles, tables row by row."""

from __future__ import annotations

from dataclasses import dataclass, field

SPACES = {"tab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
"""Elements that stand for a sign."""
SKIPPED = frozenset({"del", "moveFrom", "Fallback", "instrText", "delText", "delInstrText", "rt"})
"""What was deleted or moved away, what stands for a newer element, and fields' instructions."""
UNSAID = frozenset({"RRNotice", "RRStatus", "RRAlarm", "RRWhy", "RRCategory", "RRCaption", "RRStruck", "RRSmall"})
"""Styles of our own documents whose paragraphs are not sentences of the report."""


def local_name(name: str) -> str:
    """A name without its namespace, as expat writes it: "http://... p" is "p"."""
    return name.rpartition(" ")[2]


@dataclass
class Paragraph:
    """One paragraph, or one row of a table."""

    text: str
    style: str = ""
    outline: bool = False
    listed: bool = False

    @property
    def unsaid(self) -> bool:
        return self.style in UNSAID


@dataclass
class _Open:
    """A paragraph that is not at its end; text boxes put paragraphs within paragraphs."""

    style: str = ""
    outline: bool = False
    listed: bool = False
    parts: list[str] = field(default_factory=list)


class Body:
    """Takes the events of an XML parser and holds the paragraphs they made."""

    def __init__(self) -> None:
        self.paragraphs: list[Paragraph] = []
        self._open: list[_Open] = []
        self._rows: list[list[list[Paragraph]]] = []
        """The open rows of open tables, each a list of cells of paragraphs."""
        self._skipping = 0
        self._in_text = 0
        self._hidden = False

    def start(self, name: str, given: dict[str, str]) -> None:
        """An element begins."""
        kind = local_name(name)
        if self._skipping or kind in SKIPPED:
            self._skipping += 1
        elif kind == "p":
            self._open.append(_Open())
        elif kind == "tr":
            self._rows.append([])
        elif kind == "tc" and self._rows:
            self._rows[-1].append([])
        elif self._open:
            self._within(kind, given)

    def _within(self, kind: str, given: dict[str, str]) -> None:
        here = self._open[-1]
        value = next((value for key, value in given.items() if local_name(key) == "val"), "")
        if kind == "pStyle":
            here.style = value
        elif kind == "outlineLvl":
            here.outline = value.isdigit() and int(value) < 9
        elif kind == "numPr":
            here.listed = True
        elif kind == "r":
            self._hidden = False
        elif kind == "vanish":
            self._hidden = value not in ("0", "false", "off")
        elif kind == "t":
            self._in_text += 1
        elif kind in SPACES and not self._hidden:
            here.parts.append(SPACES[kind])

    def end(self, name: str) -> None:
        """An element ends."""
        kind = local_name(name)
        if self._skipping:
            self._skipping -= 1
        elif kind == "p" and self._open:
            self._end_paragraph(self._open.pop())
        elif kind == "tr" and self._rows:
            self._end_row(self._rows.pop())
        elif kind == "t" and self._in_text:
            self._in_text -= 1
        elif kind == "r":
            self._hidden = False

    def words(self, data: str) -> None:
        """Characters between elements."""
        if self._open and self._in_text and not self._skipping and not self._hidden:
            self._open[-1].parts.append(data)

    def _end_paragraph(self, done: _Open) -> None:
        self._keep(Paragraph("".join(done.parts), done.style, done.outline, done.listed))

    def _keep(self, paragraph: Paragraph) -> None:
        if self._rows and self._rows[-1]:
            self._rows[-1][-1].append(paragraph)
        else:
            self.paragraphs.append(paragraph)

    def _end_row(self, cells: list[list[Paragraph]]) -> None:
        """A row of one cell is its paragraphs; of two a word and what it says; of more one line."""
        full = [[each for each in cell if each.text.strip()] for cell in cells]
        full = [cell for cell in full if cell]
        if len(full) <= 1:
            for paragraph in (each for cell in full for each in cell):
                self._keep(paragraph)
            return
        texts = ["\n\n".join(each.text.strip() for each in cell) for cell in full]
        if len(texts) == 2 and len(texts[0]) <= 40 and not texts[0].endswith((".", ":")):
            texts[0] += ":"
        unsaid = full[0][0].style if full[0][0].unsaid else ""
        self._keep(Paragraph(" ".join(texts) if len(texts) == 2 else ", ".join(texts), unsaid))
