"""Texts that try to act on a page, and a report that carries one of them in every free text and every id."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from readingroom.domain.report import Report
from readingroom.exports.figure import Figure, Overlay

PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==")

PAYLOADS = (
    "<script>window.pwned=1</script>",
    "</script><script>window.pwned=1</script>",
    "</style><script>window.pwned=1</script>",
    "</title><script>window.pwned=1</script>",
    '"><script>window.pwned=1</script>',
    "'><img src=x onerror=window.pwned=1>",
    "<img src=x onerror=window.pwned=1>",
    "<svg/onload=window.pwned=1>",
    '" onmouseover="window.pwned=1',
    "' onfocus='window.pwned=1' autofocus='",
    " onload=window.pwned=1 ",
    '<iframe srcdoc="<script>parent.pwned=1</script>">',
    "<a href=javascript:window.pwned=1>x</a>",
    "[x](javascript:window.pwned=1)",
    "![x](http://example.invalid/leak.png)",
    "<http://example.invalid/>",
    "<details open ontoggle=window.pwned=1>",
    "<math><mi//xlink:href='data:x,<script>window.pwned=1</script>'>",
    "<body onload=window.pwned=1>",
    "<style>*{background:url(http://example.invalid/)}</style>",
    "<base href=http://example.invalid/>",
    '<meta http-equiv="refresh" content="0;url=http://example.invalid/">',
    "<form action=http://example.invalid/><button autofocus>x</button></form>",
    "<!--", "-->", "<![CDATA[", "&lt;script&gt;window.pwned=1&lt;/script&gt;",
    "{{ 7*7 }}{% for x in ().__class__.__mro__ %}{{ x }}{% endfor %}",
    "${window.pwned=1}`", "\u202egnorw\u2066", "a|b\n\n# head\n- item\n> quote\n    code", "\x00\x08\x1b[31m",
)  # fmt: skip

CLOSED = frozenset({
    "schema_version", "status", "intended_use", "kind", "units", "modality", "modality_source", "anatomy_source",
    "view", "view_source", "laterality", "image_left", "image_left_source", "plane", "role", "presence", "certainty",
    "severity", "change", "significance", "author", "code", "trust", "score_kind", "unit", "qualifier", "frame",
    "rule", "verdict", "section", "by", "burned_in", "language",
})  # fmt: skip
"""Fields whose words are a closed set; all others take any text."""


def poisoned(report: Report, payload: str) -> Report:
    """The report with `payload` at the end of every free text, id and digest; equal texts stay equal."""

    def poison(value: Any, key: str) -> Any:
        if isinstance(value, dict):
            return {name: poison(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [poison(item, key) for item in value]
        return value + payload if isinstance(value, str) and key not in CLOSED else value

    return Report.model_validate(poison(report.model_dump(mode="json"), ""))


def poisoned_figures(figures: Iterable[Figure], payload: str) -> tuple[Figure, ...]:
    """The figures with the same texts poisoned the same way, and one pixel each."""

    def poison(overlay: Overlay) -> Overlay:
        names = tuple(name + payload for name in overlay.evidence)
        return replace(overlay, evidence=names, label=overlay.label + payload)

    return tuple(
        replace(
            figure, image_id=figure.image_id + payload, caption=figure.caption + payload, png=PIXEL,
            overlays=tuple(map(poison, figure.overlays)),
        )
        for figure in figures
    )  # fmt: skip
