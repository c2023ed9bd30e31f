"""A page of charts, tables and pictures: one HTML file that works offline, and the same in Markdown."""

from __future__ import annotations

from dataclasses import dataclass, replace

from markupsafe import Markup

from readingroom.domain.report import NOTICE
from readingroom.exports.chart import Chart
from readingroom.exports.html import data_url, environment, policy, source
from readingroom.exports.markdown import escape
from readingroom.exports.plots_svg import to_svg


@dataclass(frozen=True)
class Table:
    """Rows of text under headings."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: frozenset[int] = frozenset()
    """Rows that stand out, by place."""


@dataclass(frozen=True)
class Picture:
    """One image, small, with its words."""

    png: bytes
    caption: str


@dataclass(frozen=True)
class Strip:
    """Pictures side by side under one heading: a case and what it was compared with."""

    title: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Page:
    """What is told, in order: the answer, its charts, its tables, how it was found."""

    title: str
    answer: str
    alarm: bool
    charts: tuple[Chart, ...]
    tables: tuple[Table, ...]
    strips: tuple[Strip, ...]
    notes: tuple[str, ...]
    """How it was found and what it does not say."""


def page_html(page: Page) -> str:
    """Style and script are inlined and allowed by their hashes alone."""
    pages = environment()
    style = pages.get_template("palette.css.j2").render() + source("plots.css")
    script = source("plots.js")
    return pages.get_template("plots.html.j2").render(
        policy=policy(style, script),
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        page=replace(page, tables=tuple(table for table in page.tables if table.rows)),
        drawn=[(chart, to_svg(chart)) for chart in page.charts],
        strips=[(strip.title, [(data_url(one.png), one.caption) for one in strip.pictures]) for strip in page.strips],
        notice=NOTICE,
    )


def page_markdown(page: Page) -> str:
    """Charts as links to `<name>.png` beside the file."""
    blocks = [f"# {escape(page.title)}", f"> {escape(NOTICE)}", f"**{escape(page.answer)}**"]
    blocks += [f"![{escape(chart.told)}]({chart.name}.png)" for chart in page.charts]
    for table in page.tables:
        if not table.rows:  # headings over nothing tell nothing
            continue
        rows = [table.heads, tuple("---" for _ in table.heads), *table.rows]
        lines = [f"| {' | '.join(cell if row is rows[1] else escape(cell) for cell in row)} |" for row in rows]
        blocks += [f"## {escape(table.title)}", "\n".join(lines)]
    blocks += ["## How this was found", "\n".join(f"- {escape(note)}" for note in page.notes)]
    return "\n\n".join(blocks) + "\n"
