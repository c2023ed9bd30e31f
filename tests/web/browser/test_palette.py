"""The page and the printed reports are of one palette."""

from __future__ import annotations

import re
from importlib.resources import files

COLOUR = re.compile(r"--([a-z-]+): (#[0-9a-f]{6});")


def test_every_colour_of_the_reports_is_the_pages() -> None:
    printed = (files("readingroom.exports") / "page" / "palette.css.j2").read_text(encoding="utf-8")
    shown = (files("readingroom.web") / "page" / "palette.css").read_text(encoding="utf-8")
    assert len(set(COLOUR.findall(printed))) > 30
    assert set(COLOUR.findall(printed)) <= set(COLOUR.findall(shown))


def test_both_ways_to_light_are_the_same() -> None:
    shown = (files("readingroom.web") / "page" / "palette.css").read_text(encoding="utf-8")
    preferred, chosen = re.findall(r"color-scheme: light;(.*?)\}", shown, re.DOTALL)
    assert preferred.split() == chosen.split()
