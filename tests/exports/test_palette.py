"""Both themes are readable: WCAG 2.2 AA contrast of every pair of colours that carries text or a sign."""

from __future__ import annotations

import re

import pytest

from readingroom.exports.html import to_html
from tests.exports import sample
from tests.exports.page import Page

TEXT, SIGN = 4.5, 3.0
"""WCAG 2.2, 1.4.3 (text) and 1.4.11 (graphics and focus marks)."""

PAIRS = [
    *((ink, back, TEXT) for ink in ("text", "soft") for back in ("page", "panel", "raised")),
    *(("text", back, TEXT) for back in ("bad-back", "warn-back", "accent-back")),
    *(("soft", back, TEXT) for back in ("bad-back", "warn-back", "accent-back")),
    *(("ok", back, TEXT) for back in ("page", "panel", "raised", "accent-back")),
    *(("bad", back, TEXT) for back in ("page", "panel", "bad-back")),
    *(("warn", back, TEXT) for back in ("page", "panel", "warn-back")),
    *(("accent", back, TEXT) for back in ("page", "panel", "accent-back")),
    *(("accent", back, SIGN) for back in ("bad-back", "warn-back", "raised")),
    ("on-film", "film", TEXT),
]


def palettes() -> dict[str, dict[str, str]]:
    (style,) = Page(to_html(sample.build().report)).raw["style"]
    dark = colours(style[style.index(":root {") : style.index("@media")])
    light = colours(style[style.index(':root[data-theme="light"]') : style.index("@media print")])
    return {"dark": dark, "light": dark | light}


def colours(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+):\s*(#[0-9a-f]{6})", css))


def luminance(colour: str) -> float:
    """Relative luminance of sRGB (WCAG 2.2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_formula_gives_the_known_ends() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_pair_is_readable(theme: str) -> None:
    palette = palettes()[theme]
    poor = {
        f"{ink} on {back}": round(contrast(palette[ink], palette[back]), 2)
        for ink, back, least in PAIRS
        if contrast(palette[ink], palette[back]) < least
    }
    assert poor == {}


def test_the_themes_differ_and_outlines_stand_out_on_film() -> None:
    dark, light = palettes()["dark"], palettes()["light"]
    assert luminance(dark["page"]) < 0.05 < 0.8 < luminance(light["page"])
    (style,) = Page(to_html(sample.build().report)).raw["style"]
    inks = re.findall(r"--ink: (#[0-9a-f]{6})", style)
    assert len(set(inks)) == 8
    assert min(contrast(ink, "#000000") for ink in inks) > SIGN
