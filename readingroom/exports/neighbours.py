"""A query and its neighbours as pictures: one page for a browser, or one contact sheet as PNG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from readingroom.domain.report import NOTICE
from readingroom.exports.html import environment, policy, source
from readingroom.exports.wording import plain
from readingroom.imaging.image import Image
from readingroom.imaging.png import encode_png
from readingroom.imaging.windowing import display_bytes
from readingroom.index.entry import Hit, Metadata
from readingroom.index.scalar import texts

SIDE = 192
"""Pixels on the long side of a thumbnail: enough to know an image again, too few to read it."""
FIRST = ("name", "modality", "anatomy", "view", "label", "dataset", "slice", "study", "subject")
"""Metadata that come first on a card, in this order."""
HIDDEN = frozenset({"backend", "pooled", "sliced", "level"})
"""Metadata of the index's own book-keeping."""
MOST_SHOWN = 12
"""Fields on a card."""
COLUMNS, MARGIN, LINE = 4, 12, 16
"""Of the contact sheet: cards in a row, and pixels."""


@dataclass(frozen=True)
class Card:
    """One picture of the sheet."""

    title: str
    similarity: float | None
    rows: tuple[tuple[str, str], ...]
    png: bytes | None
    """None where no picture was given."""


@dataclass(frozen=True)
class Sheet:
    """The query and what was found, best first."""

    query: Card
    neighbours: tuple[Card, ...]
    provenance: str
    """Model, version and preparation of the vectors, and how many rows were searched."""


def thumbnail(image: Image, plane: int | None = None) -> bytes:
    """A PNG of at most `SIDE` pixels a side as the image is displayed; of a volume one plane, the middle unless named.

    Square pixels are assumed where the file does not say otherwise.
    """
    shown = display_bytes(image, plane=plane if image.ref.kind != "image" else None)
    rows, columns = float(shown.shape[0]), float(shown.shape[1])
    if image.ref.spacing:
        rows *= image.ref.spacing.row / image.ref.spacing.column
    scale = SIDE / max(rows, columns)
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    how = cv2.INTER_AREA if size[0] < shown.shape[1] else cv2.INTER_LINEAR
    small = cv2.resize(np.ascontiguousarray(shown), size, interpolation=how)
    return encode_png(np.ascontiguousarray(small, np.uint8))


def pictured(
    query: str, provenance: str, hits: Sequence[Hit], pictures: Mapping[str, bytes], own: bytes | None = None
) -> Sheet:
    """The sheet of a search. `pictures` are PNG by sha256 of the image; `own` is the query's."""
    cards = tuple(
        Card(f"{place}. {_title(hit.metadata)}", hit.similarity, _told(hit),
             pictures.get(str(hit.metadata.get("sha256"))))
        for place, hit in enumerate(hits, 1)
    )  # fmt: skip
    return Sheet(Card(f"Query: {query}", None, (), own), cards, provenance)


def _title(about: Metadata) -> str:
    known = [str(about[name]).replace("_", "-") for name in ("modality", "anatomy", "view") if about.get(name)]
    place = about.get("slice")
    where = [f"slice {place + 1} of {about.get('depth')}"] if isinstance(place, int) else []
    return ", ".join([" ".join(known) or str(about.get("name", "image")), *where])


def _told(hit: Hit) -> tuple[tuple[str, str], ...]:
    about = hit.metadata
    names = [name for name in FIRST if name in about]
    names += sorted(name for name in about if name not in (*FIRST, *HIDDEN))
    rows = [(name, ", ".join(texts(about[name]))) for name in names[:MOST_SHOWN]]
    return tuple((name, value[:16] if name == "sha256" else value) for name, value in rows)


def to_html(sheet: Sheet) -> str:
    """One self-contained page: its style is inlined and allowed by its hash alone, every value is escaped."""
    pages = environment()
    style = pages.get_template("palette.css.j2").render() + source("neighbours.css")
    return pages.get_template("neighbours.html.j2").render(
        policy=policy(style, ""),
        style=Markup(style),  # noqa: S704
        sheet=sheet,
        notice=NOTICE,
    )


def to_png(sheet: Sheet) -> bytes:
    """The same as a contact sheet: pictures with place, similarity and the first metadata below each."""
    cards = (sheet.query, *sheet.neighbours)
    wide, high = SIDE + 2 * MARGIN, SIDE + 5 * LINE + MARGIN
    rows = -(-len(cards) // COLUMNS)
    page = np.full((rows * high + 2 * LINE + MARGIN, min(COLUMNS, len(cards)) * wide, 3), 16, np.uint8)
    for place, card in enumerate(cards):
        top, left = MARGIN + (place // COLUMNS) * high, (place % COLUMNS) * wide + MARGIN
        _draw(page, card, top, left)
    _write(page, sheet.provenance, rows * high + MARGIN + LINE, MARGIN, page.shape[1] - 2 * MARGIN)
    return encode_png(page)


def _draw(page: NDArray[np.uint8], card: Card, top: int, left: int) -> None:
    picture = _decoded(card.png) if card.png else None
    if picture is None:
        cv2.rectangle(page, (left, top), (left + SIDE - 1, top + SIDE - 1), (70, 70, 70), 1)
        _write(page, "no picture", top + SIDE // 2, left + SIDE // 3, SIDE)
    else:
        rows, columns = picture.shape[:2]
        down, across = top + (SIDE - rows) // 2, left + (SIDE - columns) // 2
        page[down : down + rows, across : across + columns] = picture
    lines = [card.title, "" if card.similarity is None else f"similarity {card.similarity:.3f}"]
    lines += [f"{name}: {value}" for name, value in card.rows if name in ("name", "label", "dataset")][:2]
    for place, text in enumerate(filter(None, lines), 1):
        _write(page, text, top + SIDE + place * LINE, left, SIDE)


def _decoded(png: bytes) -> NDArray[Any] | None:
    """RGB, at most `SIDE` a side; None for what is no picture."""
    found = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    if found is None:
        return None
    scale = min(1.0, SIDE / max(found.shape[:2]))
    size = max(1, round(found.shape[1] * scale)), max(1, round(found.shape[0] * scale))
    return np.asarray(cv2.resize(found, size, interpolation=cv2.INTER_AREA)[..., ::-1])


def _write(page: NDArray[np.uint8], text: str, baseline: int, left: int, width: int) -> None:
    """Text in OpenCV's font, which knows ASCII alone; cut at `width` pixels."""
    shown = plain(text).encode("ascii", "replace").decode()
    while shown and cv2.getTextSize(shown, cv2.FONT_HERSHEY_SIMPLEX, 0.38, 1)[0][0] > width:
        shown = shown[:-1]
    cv2.putText(page, shown, (left, baseline), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (225, 225, 225), 1, cv2.LINE_AA)
