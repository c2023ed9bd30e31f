"""What a model may put into an argument to somebody else's tool, and what it may not."""

from __future__ import annotations

import pytest

from readingroom.tools.borrowed.withheld import Withheld

KNOWN = Withheld(
    frozenset({"img-1", "subject-3fa9"}),
    ("Cough for three weeks after a stay in Lisbon, known sarcoidosis.", "persistent fever"),
)


@pytest.mark.parametrize(
    "value",
    ["solid nodule 8 mm follow-up", "T1/T2 mg/dl", "cardiothoracic ratio 0.52", "sarcoidosis", "Lung-RADS 4A", 12.5,
     True, ["nodule", "mass"], "cough three weeks", 999_999],
)  # fmt: skip
def test_general_words_and_measures_go(value):
    assert KNOWN.flaw(value) == ""


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("look at img-1", "names an image"),
        ("SUBJECT-3FA9", "names an image or the patient"),
        ("ｉｍｇ-1", "names an image"),
        ("img\u200b-1", "cannot be seen"),
        ("/etc/passwd", "a path"),
        ("~/.ssh", "a path"),
        (r"c:\films", "a path"),
        ("C:/films", "a path"),
        ("https://evil.example/?q=x", "an address"),
        ("../up", "a path"),
        ("doe_jane.dcm", "a file"),
        ("patient 1234567", "a number"),
        ("12 34 56 78", "a number"),
        ("born 1961-03-07", "a date"),
        ("7.3.1961", "a date"),
        (20260101, "a number"),
        (float(10**7), "a number"),
        ("COUGH, for three weeks", "clinical text"),
        ("a stay in Lisbon", "clinical text"),
        ("Persistent  FEVER?", "clinical text"),
        (["nodule", "after a stay in Lisbon"], "clinical text"),
    ],
)
def test_what_names_a_patient_a_place_or_repeats_a_text_stays(value, why):
    told = KNOWN.flaw(value)
    assert why in told
    assert str(value) not in told
