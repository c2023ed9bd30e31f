"""What identifies is taken out of a text before it leaves; what it says of the patient's state stays."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from readingroom.domain.name_marks import name_marks
from readingroom.language.identifiers import without_identifiers
from readingroom.language.lexicon import lexicon

KEY = b"a key of this installation"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Name: Smith, John MRN: 123456", "[name]: [number]"),
        ("Seen by Dr. House on 12/03/2021.", "Seen by [name] on [date]."),
        ("SMITH^JOHN, accession number A-77", "[name], [identifier]"),
        ("Compared with March 3, 2020 and 2021-04-05.", "Compared with [date] and [date]."),
        ("Call 555-123-4567 or a.b@clinic.org", "Call [number] or [identifier]"),
        ("born on 1950-02-01", "born on [date]"),
    ],
)
def test_identifiers_are_replaced_by_what_they_are(text, left):
    assert without_identifiers(text).text == left


@pytest.mark.parametrize(
    "text",
    [
        "54 year old woman with cough for 3 weeks; T12 fracture, 3.2 x 4.1 cm mass, SpO2 92 %.",
        "COVID-19 in March 2020. May represent pneumonia. CT at 120 kVp, 5 mm slices.",
        "Status post CABG x 4; PICC line; HbA1c 7.5.",
    ],
)
def test_clinical_words_and_numbers_stay(text):
    assert without_identifiers(text) == (text, 0)


def test_the_patients_own_name_is_known_without_being_kept():
    marks = name_marks("O'Brien^Siobhan MRX77", KEY)
    assert not any("brien" in mark.lower() for mark in marks)
    found = without_identifiers("siobhan o'brien (MRX77) has a cough", marks, KEY)
    assert found == ("[name] [name] ([name]) has a cough", 3)
    assert without_identifiers("siobhan", marks, b"another key").found == 0


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=12), st.text(max_size=80))
def test_a_marked_name_never_stays(name, around):
    assume(name not in lexicon().phrases)
    left = without_identifiers(f"{around} {name} ", name_marks(name, KEY), KEY).text
    assert f" {name} " not in left.casefold()
