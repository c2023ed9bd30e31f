"""A gallery of a cohort's reports: pages of cards that work offline, each card a way to its report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from markupsafe import Markup

from readingroom.cohorts.item import Item, Outcome
from readingroom.cohorts.journal import Journal
from readingroom.cohorts.tasks import ARTIFACTS, THUMBNAIL
from readingroom.domain.report import NOTICE
from readingroom.exports.html import environment, policy, source
from readingroom.saving import save_files

GALLERY = "gallery"
CARDS = 96
"""On a page."""
LONGEST = 280
"""Characters of an impression on a card."""


@dataclass(frozen=True)
class Card:
    """One item of the cohort."""

    id: str
    status: str
    told: str
    """Its impression or answer, else why there is none."""
    verdicts: tuple[tuple[str, int], ...]
    subject: str
    report: str
    """Where its page is, relative to the gallery; empty where there is none."""
    picture: str
    mind: bool
    """Failed, partial, or with a sentence that did not hold."""


KINDS: dict[str, tuple[str, Callable[[Card], bool]]] = {
    "index": ("All", lambda card: True),
    "mind": ("To look at first", lambda card: card.mind),
}
"""File, title and which cards are there."""


def write_gallery(folder: Path, journal: Journal) -> Path:
    """The first page. One page of cards is in memory at a time. Raises RecordError where it cannot be written."""
    sizes = {name: sum(keep(card) for card in _cards(folder, journal)) for name, (_, keep) in KINDS.items()}
    for name, (_, keep) in KINDS.items():
        cards = (card for card in _cards(folder, journal) if keep(card))
        pages = max(1, -(-sizes[name] // CARDS))
        for number in range(1, pages + 1):
            page = _page(name, number, sizes, list(islice(cards, CARDS)))
            save_files(folder / GALLERY, {_file(name, number): page.encode()})
        _remove_after(folder / GALLERY, name, pages)
    return folder / GALLERY / _file("index", 1)


def _remove_after(folder: Path, name: str, pages: int) -> None:
    """Pages of a longer gallery that was there before."""
    while (stale := folder / _file(name, pages + 1)).exists():
        stale.unlink()
        pages += 1


def _file(name: str, number: int) -> str:
    return f"{name}.html" if number == 1 else f"{name}-{number}.html"


def _cards(folder: Path, journal: Journal) -> Iterator[Card]:
    for item, found in journal.results():
        if found is not None:
            yield _card(folder, item, found)


def _card(folder: Path, item: Item, found: Outcome) -> Card:
    row, digest = found.row, str(found.row.get("report_sha256") or "")
    near = f"{ARTIFACTS}/{digest[:2]}/{digest}"
    there = {
        name: f"../{near}/{name}" for name in ("report.html", THUMBNAIL) if digest and (folder / near / name).is_file()
    }
    told = str(row.get("impression") or row.get("answer") or found.reason or row.get("label") or "")
    verdicts = tuple((name.replace("_", " "), int(row[name])) for name in ("contradicted", "unsupported", "omitted")
                     if row.get(name))  # fmt: skip
    subject = str(row.get("subject") or item.subject or "")
    return Card(item.id, found.status, told if len(told) <= LONGEST else f"{told[:LONGEST]} ...", verdicts,
                "" if subject == "unknown" else subject, there.get("report.html", ""), there.get(THUMBNAIL, ""),
                found.status != "done" or row.get("clean") is False)  # fmt: skip


def _page(name: str, number: int, sizes: dict[str, int], cards: list[Card]) -> str:
    pages = environment()
    style = pages.get_template("palette.css.j2").render() + source("neighbours.css") + source("cohort.css")
    last = max(1, -(-sizes[name] // CARDS))
    return pages.get_template("cohort.html.j2").render(
        policy=policy(style, "").replace("img-src data:", "img-src 'self' file:"),
        style=Markup(style),  # noqa: S704 - our own file
        cards=cards, notice=NOTICE, number=number, last=last,
        ways=[(_file(kind, 1), f"{title} ({sizes[kind]:,})", kind == name) for kind, (title, _) in KINDS.items()],
        before=_file(name, number - 1) if number > 1 else "", after=_file(name, number + 1) if number < last else "",
    )  # fmt: skip
