"""Headings by the report's language, in every format that prints them here."""

import io

import pytest
from rich.console import Console

from readingroom.exports.headings import headings
from readingroom.exports.html import to_html
from readingroom.exports.markdown import to_markdown
from readingroom.exports.terminal import print_report
from readingroom.exports.wording import nothing, warning
from tests.exports.sample import build

GERMAN = build(language="de").report


def on_terminal(report) -> str:
    page = io.StringIO()
    print_report(Console(file=page, width=200), report)
    return page.getvalue()


@pytest.mark.parametrize("write", [to_html, to_markdown, on_terminal])
def test_a_german_report_has_german_headings(write):
    page = write(GERMAN)
    for word in ("Befund", "Beurteilung", "Einschränkungen", "Technik", "Vergleich", "Vorläufiger Entwurf"):
        assert word.lower() in page.lower()
    for word in ("Impression", "Limitations", "Preliminary"):
        assert f">{word}<" not in page
        assert f"## {word}" not in page


def test_the_page_says_its_language():
    assert '<html lang="de">' in to_html(GERMAN)
    assert '<html lang="en">' in to_html(build().report)


def test_why_a_report_is_not_clean_is_told_in_its_language():
    assert warning(GERMAN).startswith("Nicht einwandfrei: 1 Satz widerspricht der Evidenz; 1 Satz wird von keiner")
    assert warning(GERMAN.model_copy(update={"verification": None})).startswith("Nicht geprüft")
    assert nothing("impression", GERMAN) == "Es wurde keine Deutung vorgenommen."


def test_a_language_without_a_table_has_english_headings():
    assert headings("fr") == headings("en")
