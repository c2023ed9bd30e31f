"""A report as one HTML file: report and images side by side, nothing loaded from anywhere, every value escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from readingroom.domain.evidence import Evidence
from readingroom.domain.report import Report
from readingroom.exports import wording
from readingroom.exports.caption import alt, colours_of
from readingroom.exports.headings import headings
from readingroom.exports.view import Sentence, View, read

if TYPE_CHECKING:
    from readingroom.exports.figure import Figure


@dataclass(frozen=True)
class Slots:
    """Names that are safe as DOM ids and classes, whatever the report's own ids are."""

    evidence: dict[str, str]
    colours: dict[str, int]
    """By evidence id; only what is drawn in a figure has a colour."""
    sentences: dict[int, str]
    """By the identity of the sentence, for ids of free text may repeat."""

    def tokens(self, names: Sequence[str]) -> str:
        """Space-separated tokens of the known evidence among `names`."""
        return " ".join(self.evidence[name] for name in names if name in self.evidence)

    def of(self, sentence: Sentence) -> str:
        return self.sentences[id(sentence)]

    def colour(self, name: str) -> str:
        """The CSS class of an evidence's colour."""
        return f"c{self.colours[name]}" if name in self.colours else "c-none"


@dataclass(frozen=True)
class Card:
    """One evidence on the card of one sentence."""

    evidence: Evidence
    relation: str
    """Empty for cited evidence, else how it comes in."""
    image: str


def to_html(report: Report, figures: Sequence[Figure] = ()) -> str:
    """One self-contained page. Style and script are inlined and allowed by their hashes alone (CSP level 2)."""
    pages = environment()
    style = pages.get_template("palette.css.j2").render() + source("report.css")
    script = source("report.js")
    view = read(report)
    return pages.get_template("report.html.j2").render(
        policy=policy(style, script),
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        report=report,
        view=view,
        slots=_slots(report, view, figures),
        figures=_ordered(figures),
        images={image.id: wording.image_title(image) for image in report.images},
    )


def policy(style: str, script: str) -> str:
    """The content security policy of a page of ours: its own style and script by their hashes, pictures within it."""
    return (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def environment() -> ImmutableSandboxedEnvironment:
    """The pages' own templates, in a sandbox; every value is escaped."""
    pages = ImmutableSandboxedEnvironment(
        loader=PackageLoader("readingroom.exports", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_final,
    )
    pages.filters |= {
        "words": wording.words, "measured": wording.measured, "how": wording.how_measured, "scored": wording.scored,
        "backend": wording.backend_words, "spread": wording.spread, "data_url": data_url, "short": _short,
    }  # fmt: skip
    pages.globals |= {
        "VERDICTS": wording.VERDICTS, "MEANINGS": wording.MEANINGS, "RULES": wording.RULES, "TRUSTS": wording.TRUSTS,
        "headings": headings, "warning": wording.warning, "nothing": wording.nothing,
        "tallies": wording.tallies, "cards": _cards,
        "alt": alt, "is_sentence": lambda piece: isinstance(piece, Sentence),
    }  # fmt: skip
    return pages


def source(name: str) -> str:
    """A page's part, read as it is. It must not hold "</", or it could end its own element."""
    text, _, _ = PackageLoader("readingroom.exports", "page").get_source(environment(), name)
    return text.replace("\r\n", "\n")


def _final(value: Any) -> Any:
    """Every printed value passes here: text loses control and reordering characters, our own markup stays."""
    return wording.plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _slots(report: Report, view: View, figures: Sequence[Figure]) -> Slots:
    return Slots(
        evidence={item.id: f"e{place}" for place, item in enumerate(report.evidence)},
        colours=colours_of(figures),
        sentences={id(sentence): f"s{place}" for place, sentence in enumerate(view.sentences)},
    )


def _ordered(figures: Sequence[Figure]) -> dict[str, tuple[Figure, ...]]:
    """Current and prior images first, side by side; lateral ones below."""
    role = {"current": 0, "prior": 1, "lateral": 2}
    ranked = sorted(figures, key=lambda figure: role[figure.role])
    return {
        "beside": tuple(figure for figure in ranked if figure.role != "lateral"),
        "below": tuple(figure for figure in ranked if figure.role == "lateral"),
    }


def _cards(sentence: Sentence, view: View, images: dict[str, str]) -> tuple[Card, ...]:
    """What a sentence stands on, what speaks against it, and what those were computed from."""
    relations = {"": sentence.cited, "named by the check": sentence.against, "source": sentence.sources}
    return tuple(
        Card(view.evidence[name], relation, images[view.evidence[name].image_id])
        for relation, names in relations.items()
        for name in names
    )


def data_url(png: bytes) -> str:
    """A PNG within a page."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _short(digest: str) -> str:
    return digest[:12]
