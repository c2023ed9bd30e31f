"""The page on which a reader reads, edits and prefers: one file, offline, nothing in it that tells who wrote what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from markupsafe import Markup

from readingroom.domain.report import NOTICE
from readingroom.exports.figure import Figure
from readingroom.exports.html import data_url, environment, policy, source
from readingroom.reader_study.answer import ERRORS, SIGNIFICANCE
from readingroom.reader_study.case import Case

Figures = Mapping[str, Sequence[Figure]]


def to_page(study: str, cases: Sequence[Case], figures: Figures, *, part: int = 1, parts: int = 1) -> str:
    """Style and script are inlined and allowed by their hashes alone; answers leave as a file that the reader saves.

    `figures` by case id; their outlines are left out.
    """
    pages = environment()
    style = pages.get_template("palette.css.j2").render() + source("study.css")
    script = source("study.js")
    bare = {case.id: [replace(figure, overlays=()) for figure in figures.get(case.id, ())] for case in cases}
    return pages.get_template("study.html.j2").render(
        policy=policy(style, script),
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        study=study,
        cases=cases,
        part=part,
        parts=parts,
        pictures={name: [(data_url(each.png), each) for each in shown] for name, shown in bare.items()},
        notice=NOTICE,
        errors=ERRORS,
        significance=SIGNIFICANCE,
    )
