"""Bounds on CLIP tokens, against counts of CLIP's own tokenizer."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readingroom.tools.contracts.text_tokens import TokenCount, count_tokens, over_limit

COUNTED = {
    "": 2,
    "x-ray chest anteroposterior Pneumonia.": 12,
    "x-ray chest anteroposterior Cardiomegaly": 14,
    "computed tomography abdomen 512x512": 16,
    "don't": 4,
    "patient's": 4,
}
"""With both ends, by CLIP's vocabulary."""


@pytest.mark.parametrize(("text", "count"), COUNTED.items())
def test_the_bounds_hold_what_clip_counts(text, count):
    told = count_tokens(text)
    assert told.least <= count <= told.most


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", TokenCount(2, 2)),
        ("chest", TokenCount(3, 7)),
        ("X-ray, 12.5mm", TokenCount(11, 14)),
        ("512", TokenCount(5, 5)),
        ("patient's", TokenCount(4, 11)),
        ("Herz ❤", TokenCount(3, 9)),
        ("&lt;b&gt;", TokenCount(2, 11)),
        ("liver & spleen", TokenCount(5, 14)),
        ("<|endoftext|>", TokenCount(3, 15)),
        ("\ud800", TokenCount(2, 5)),
    ],
)
def test_pieces_are_the_fewest_and_bytes_the_most(text, told):
    assert count_tokens(text) == told


def test_what_is_cut_off_is_said():
    assert over_limit("x-ray chest anteroposterior Pneumonia.") == ""
    assert over_limit("9" * 75) == ""
    assert "at least 78 tokens" in over_limit("9" * 76)
    assert "11 to 82 tokens" in over_limit("pneumothora " * 5 + "x" * 22 + " a b c")
    assert "heart" not in over_limit("heart " * 100)


@given(st.text(), st.text())
def test_bounds_grow_with_the_text(text, more):
    one, both = count_tokens(text), count_tokens(f"{text} {more}")
    assert 2 <= one.least <= one.most
    assert both.least >= one.least
    assert both.most >= one.most - 12


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S", "Zs"])))
def test_ascii_counts_at_least_its_words_digits_and_signs(text):
    cleaned = re.sub(r"\s+", " ", html.unescape(html.unescape(text))).strip().lower()
    pieces = re.findall(r"'s|'t|'re|'ve|'m|'ll|'d|[a-z]+|[0-9]|[^\sa-z0-9]+", cleaned)
    if "<|" not in cleaned and cleaned.isascii():
        told = count_tokens(text)
        assert told.least <= len(pieces) + 2 <= told.most
