"""The page: nothing from elsewhere, nothing that runs but our script, and every warning where a reader sees it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache

import pytest

from readingroom.domain.check import Verification
from readingroom.exports.figure import Figure, build_figures
from readingroom.exports.html import to_html
from tests.exports import sample
from tests.exports.hostile import PAYLOADS, poisoned, poisoned_figures
from tests.exports.page import Page
from tests.exports.sample import Sample

RUNS = ("<iframe", "<object", "<embed", "<base", "<form", "<link", "javascript:")


@cache
def figures_of_sample() -> tuple[Figure, ...]:
    return build_figures(*sample.build())


@cache
def sample_page() -> str:
    return to_html(sample.build().report, figures_of_sample())


def digest(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def render(made: Sample, figures: Sequence[Figure] = ()) -> Page:
    return Page(to_html(made.report, figures))


@cache
def poisoned_page(payload: str) -> Page:
    figures = poisoned_figures(figures_of_sample(), payload)
    return Page(to_html(poisoned(sample.build().report, payload), figures))


def test_the_policy_allows_only_our_own_style_and_script() -> None:
    page = Page(sample_page())
    (policy,) = (each.attributes["content"] for each in page.elements if "http-equiv" in each.attributes)
    (style,), (script,) = page.raw["style"], page.raw["script"]
    assert dict(rule.split(" ", 1) for rule in policy.split("; ")) == {
        "default-src": "'none'", "img-src": "data:", "style-src": digest(style), "script-src": digest(script),
        "base-uri": "'none'", "form-action": "'none'",
    }  # fmt: skip
    assert page.elements.index(page.with_attribute("http-equiv")[0]) < [e.tag for e in page.elements].index("style")


def test_nothing_is_loaded_from_anywhere() -> None:
    html = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]+", "", sample_page())
    assert not re.search(r"https?:|//[a-z0-9-]+\.|@import|url\(", html.replace("</", ""))
    page = Page(html)
    assert not [each for each in page.elements for name in each.attributes if name.startswith("on") or name == "style"]
    assert not [each.attributes["src"] for each in page.with_attribute("src")]
    assert all(
        each.attributes["href"] == "" or each.attributes["href"][0] == "#" for each in page.with_attribute("href")
    )
    assert not any(word in html.lower() for word in RUNS)


def test_the_same_report_gives_the_same_page() -> None:
    made = sample.build()
    assert to_html(made.report, build_figures(*made)) == sample_page()


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_becomes_markup(payload: str) -> None:
    benign, hostile = poisoned_page("x"), poisoned_page(payload)
    assert benign.structure == hostile.structure
    assert benign.raw == hostile.raw


def test_what_reorders_or_controls_is_shown_as_unreadable() -> None:
    html = to_html(sample.build(title="left\u202ethgir\x1b\x00").report)
    assert "left\ufffdthgir\ufffd\ufffd" in html
    assert "\u202e" not in html


def test_a_report_that_is_not_clean_says_so_first() -> None:
    words = Page(sample_page()).words
    alarm = "1 sentence is contradicted by the evidence; 1 sentence is not supported by any evidence;"
    assert words.index(alarm) < words.index("Findings")
    assert "1 finding in the evidence is left out." in words
    assert "says left; the evidence lies on the right" in words


def test_a_clean_report_has_no_alarm_and_an_unchecked_one_does() -> None:
    made = sample.build()
    checked = made.report.verification
    assert checked is not None
    good = tuple(
        check.model_copy(update={"verdict": "supported", "problems": ()}) if check.problems else check
        for check in checked.checks
    )
    clean = render(sample.build(verification=Verification(checks=good, coverage=1.0)))
    assert not [each for each in clean.elements if each.attributes.get("role") == "alert"]
    assert "Not verified: no sentence of this draft has been checked." in render(sample.build(verification=None)).words
    partly = render(sample.build(verification=Verification(checks=good[1:], coverage=1.0)))
    assert "1 sentence was not checked" in partly.words


def test_research_only_draft_is_always_told() -> None:
    words = Page(sample_page()).words
    assert "Preliminary draft" in words
    assert "Research use only. Not a medical device." in words
    assert "Entered in error. Do not use this report." in render(sample.build(status="entered-in-error")).words


def test_a_card_tells_number_spread_tool_backend_and_quality() -> None:
    words = Page(sample_page()).words
    assert "0.58 ± 0.03 (1 sd) cardiothoracic ratio; widest heart over widest inner thorax, approximate" in words
    assert "measure · classical baseline (image analysis, not a foundation model) · chest-shape 0.1.0" in words
    assert "quality 0.84 (apex faint)" in words or "apex faint" in words
    assert "probability 0.71, not calibrated" in words
    assert "from a text, not from the image" in words


def test_the_wrong_words_are_underlined() -> None:
    page = sample_page()
    wrong = 'opacity in the <u class="wrong" title="says left; the evidence lies on the right">left</u> lower'
    assert wrong in page


def test_every_reference_leads_somewhere() -> None:
    page = Page(sample_page())
    ids = [each.attributes["id"] for each in page.with_attribute("id")]
    assert len(ids) == len(set(ids))
    links = {each.attributes["href"][1:] for each in page.with_attribute("href") if each.attributes["href"][:1] == "#"}
    assert links <= set(ids)
    tokens = {
        word for each in page.with_attribute("data-evidence") for word in each.attributes["data-evidence"].split()
    }
    assert tokens <= set(ids)
    said = [each.attributes["data-sentence"] for each in page.with_attribute("data-sentence")]
    assert said == [each.attributes["data-card"] for each in page.with_attribute("data-card")]


def test_figures_have_a_text_alternative() -> None:
    (first, *_rest) = [each for each in Page(sample_page()).elements if each.attributes.get("role") == "img"]
    assert first.attributes["aria-label"].startswith(
        "Frontal radiograph (PA). The patient's right is at the image's left. Outlined: right lung (E1); left lung"
    )
