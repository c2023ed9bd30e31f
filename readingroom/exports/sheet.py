"""One object as a small page for a notebook: escaped, without script, in a frame that nothing leaves or enters."""

from __future__ import annotations

import html
from dataclasses import dataclass, replace

from markupsafe import Markup

from readingroom.exports.html import environment, policy, source

MOST = 60
"""Sentences, rows and notes of each; a notebook is no place for more, and the object has them all."""
MOST_PICTURES = 9
LONGEST_TEXT = 1_000
HIGHEST = 720
"""Pixels of a frame; what is beyond is scrolled to."""


@dataclass(frozen=True)
class Line:
    """One sentence with what was found of it."""

    text: str
    verdict: str
    """Of the verifier, or the presence of an evidence; empty where it is neither."""
    under: str = ""


@dataclass(frozen=True)
class Picture:
    """A PNG with what it shows."""

    png: bytes
    caption: str


@dataclass(frozen=True)
class Sheet:
    """What is to be seen of one object."""

    title: str
    soft: str = ""
    sentences: tuple[Line, ...] = ()
    pictures: tuple[Picture, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    left_out: str = ""


def to_frame(sheet: Sheet) -> str:
    """The sheet as an element for a notebook's output."""
    cut = _bounded(sheet)
    pages = environment()
    style = pages.get_template("palette.css.j2").render() + source("notebook.css")
    page = pages.get_template("notebook.html.j2").render(
        policy=policy(style, ""),
        style=Markup(style),  # noqa: S704
        sheet=cut,
    )
    return framed(page, _height(cut))


def framed(page: str, height: int = HIGHEST, *, scripts: bool = False) -> str:
    """A page in a frame of its own, so that neither it nor the notebook styles or reads the other."""
    allowed = "allow-scripts" if scripts else ""
    return (
        f'<iframe sandbox="{allowed}" referrerpolicy="no-referrer" style="width:100%;height:{height}px;border:0" '
        f'srcdoc="{html.escape(page, quote=True)}"></iframe>'
    )


def _bounded(sheet: Sheet) -> Sheet:
    """At most so much of each, with a word on what is left out."""
    held = (sheet.sentences, sheet.rows, sheet.notes)
    more = sum(max(0, len(one) - MOST) for one in held) + max(0, len(sheet.pictures) - MOST_PICTURES)
    return replace(
        sheet,
        title=_cut(sheet.title),
        sentences=tuple(Line(_cut(one.text), one.verdict, _cut(one.under)) for one in sheet.sentences[:MOST]),
        pictures=sheet.pictures[:MOST_PICTURES],
        rows=tuple((_cut(name), _cut(value)) for name, value in sheet.rows[:MOST]),
        notes=tuple(map(_cut, sheet.notes[:MOST])),
        left_out=f"{more} more are not shown here." if more else "",
    )


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 2]} …"


def _height(sheet: Sheet) -> int:
    """About what it needs, in pixels: lines of some hundred characters, rows, and pictures three abreast."""
    lines = sum(2 + len(one.text) // 100 + bool(one.under) * (1 + len(one.under) // 110) for one in sheet.sentences)
    lines += len(sheet.rows) + sum(1 + len(note) // 110 for note in sheet.notes)
    return min(HIGHEST, 84 + 22 * lines + 370 * -(-len(sheet.pictures) // 3))
