"""Splitting and reading reports."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.domain.report import NOTICE
from readingroom.language.sentences import read_report, split_sentences


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("The ratio is 0.52. No effusion.", ["The ratio is 0.52.", "No effusion."]),
        ("A 2.5 cm mass. It was 2.0 cm.", ["A 2.5 cm mass.", "It was 2.0 cm."]),
        ("Seen by Dr. Smith. Clear lungs.", ["Seen by Dr. Smith.", "Clear lungs."]),
        ("Chronic change, e.g. scarring, is seen.", ["Chronic change, e.g. scarring, is seen."]),
        ("1. Left effusion. 2. No pneumothorax.", ["1. Left effusion.", "2. No pneumothorax."]),
        ("- Left effusion\n- No pneumothorax", ["- Left effusion", "- No pneumothorax"]),
        ("XXXX opacity in XXXX. XXXX are normal.", ["XXXX opacity in XXXX.", "XXXX are normal."]),
        ("Lungs are clear.Heart is normal.", ["Lungs are clear.", "Heart is normal."]),
        ("Heart is normal\nin size.", ["Heart is normal in size."]),
        ("Clear lungs?! Yes.", ["Clear lungs?!", "Yes."]),
        ("", []),
    ],
)
def test_split(text: str, pieces: list[str]) -> None:
    assert split_sentences(text) == pieces


@given(st.text(max_size=400))
@settings(max_examples=300, deadline=None)
def test_splitting_loses_no_character(text: str) -> None:
    assert "".join("".join(split_sentences(text)).split()) == "".join(text.split())


@given(st.text(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read(text: str) -> None:
    sentences = read_report(text)
    assert [sentence.id for sentence in sentences] == [f"S{number}" for number in range(1, len(sentences) + 1)]


def test_headings_of_plain_text() -> None:
    head = "INDICATION: Cough.\nCOMPARISON: None.\n"
    text = head + "FINDINGS: The lungs are clear. Heart is normal.\n\nIMPRESSION:\n1. Normal chest."
    assert [(sentence.section, sentence.text) for sentence in read_report(text)] == [
        ("indication", "Cough."),
        ("comparison", "None."),
        ("findings", "The lungs are clear."),
        ("findings", "Heart is normal."),
        ("impression", "Normal chest."),
    ]


def test_headings_inside_one_line() -> None:
    text = "FINDINGS: The lungs are clear. IMPRESSION: Normal chest."
    assert [(sentence.section, sentence.text) for sentence in read_report(text)] == [
        ("findings", "The lungs are clear."),
        ("impression", "Normal chest."),
    ]


def test_without_headings_all_is_findings() -> None:
    assert {sentence.section for sentence in read_report("Clear lungs. Heart is normal.")} == {"findings"}


def test_our_own_markdown_is_undressed() -> None:
    text = f"""# Chest radiograph

> {NOTICE}

## Findings

- The right lung field has an area of 213.4 cm². [E1, E3]
- **No** pneumothorax [E2] ⚠ *(unsupported: nothing looked for it)*

## Impression

1. Normal \\*chest\\*. [F1]

## Evidence

| id | what |
|----|------|
| E1 | right lung |

## Limitations

- No prior image.
"""
    assert [(one.id, one.section, one.text, one.cites) for one in read_report(text)] == [
        ("S1", "findings", "The right lung field has an area of 213.4 cm².", ("E1", "E3")),
        ("S2", "findings", "No pneumothorax", ("E2",)),
        ("S3", "impression", "Normal *chest*.", ("F1",)),
    ]
