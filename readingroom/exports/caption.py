"""The words under a figure, and those that stand for it where it cannot be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from readingroom.exports.figure import Figure, Overlay

COLOURS = 8
"""Overlay colours: c0 ... c7 of palette.css.j2."""

LEFT_EDGE = {
    "R": " The patient's right is at the image's left.",
    "L": " The patient's left is at the image's left.",
    "?": " Which side is at the image's left is not known.",
    "": "",
}


def colours_of(figures: Iterable[Figure]) -> dict[str, int]:
    """The colour of each evidence that is drawn in a figure, by its id: the same in every view of a report."""
    colours: dict[str, int] = {}
    taken = 0
    for overlay in (overlay for figure in figures for overlay in figure.overlays):
        if overlay.evidence[0] not in colours:
            colours[overlay.evidence[0]] = taken % COLOURS
            taken += 1
        for name in overlay.evidence:
            colours.setdefault(name, colours[overlay.evidence[0]])
    return colours


def alt(figure: Figure) -> str:
    """The text alternative of a figure: what it is, its sides, and what is outlined."""
    marked = "; ".join(f"{label(overlay)} ({', '.join(overlay.evidence)})" for overlay in figure.overlays)
    return f"{figure.caption}.{LEFT_EDGE[figure.side_left]} Outlined: {marked or 'nothing'}."


def label(overlay: Overlay) -> str:
    """What an outline is called: its own label, or its kind."""
    return overlay.label or overlay.kind
