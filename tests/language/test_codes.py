"""Codes: everything a report can say has one, and each says in its own vocabulary what we say with it."""

from __future__ import annotations

import re
from collections import defaultdict
from importlib.resources import files
from typing import Any, cast, get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydicom.sr._concepts_dict import concepts

from readingroom.domain import terms
from readingroom.domain.coding import Coding
from readingroom.domain.measurement import Unit
from readingroom.language.codes import (
    TABLES,
    coding_of,
    codings_of,
    public,
    report_codings,
    site_codings,
    unit_coding,
)
from readingroom.language.lexicon import lexicon

TERMS = (
    terms.Modality, terms.Presence, terms.Certainty, terms.Laterality, terms.Severity, terms.Change,
    terms.Significance, terms.Verdict, terms.View, terms.Side, terms.Section,
)  # fmt: skip

VERHOEFF_D = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 0, 6, 7, 8, 9, 5], [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
    [3, 4, 0, 1, 2, 8, 9, 5, 6, 7], [4, 0, 1, 2, 3, 9, 5, 6, 7, 8], [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
    [6, 5, 9, 8, 7, 1, 0, 4, 3, 2], [7, 6, 5, 9, 8, 2, 1, 0, 4, 3], [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
    [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
]  # fmt: skip
VERHOEFF_P = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 5, 7, 6, 2, 8, 3, 0, 9, 4], [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
    [8, 9, 1, 6, 0, 4, 3, 5, 2, 7], [9, 4, 5, 3, 1, 2, 6, 8, 7, 0], [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
    [2, 7, 9, 3, 8, 0, 6, 4, 1, 5], [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
]  # fmt: skip


def all_codings() -> list[tuple[str, Coding]]:
    found = []
    for table in (*TABLES, "units"):
        text = files("readingroom.prompts").joinpath(f"codes/{table}.yaml").read_text(encoding="utf-8")
        data = yaml.safe_load(text)
        for concept in data:
            listed = (unit_coding(concept),) if table == "units" else codings_of(concept)
            assert len(listed) == len(data[concept])
            found += [(concept, coding) for coding in listed]
    return found


def verhoeff(digits: str) -> bool:
    """SNOMED CT's check digit."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = VERHOEFF_D[check][VERHOEFF_P[place % 8][int(digit)]]
    return check == 0


def luhn(digits: str) -> int:
    """LOINC's check digit (mod 10)."""
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits))]
    return -sum(value - 9 if value > 9 else value for value in doubled) % 10


def meanings(system: str, code: str) -> set[str]:
    """What DICOM calls a code, without the hierarchy tag of a fully specified name."""
    scheme = cast(dict[str, Any], concepts).get(system, {})
    return {re.sub(r" \([^()]*\)$", "", names[code][0]).lower() for names in scheme.values() if code in names}


def test_every_concept_of_the_lexicon_has_a_coding() -> None:
    concepts_of_lexicon = lexicon().concepts
    assert all(codings_of(concept) for concept in concepts_of_lexicon)
    assert sum(public(concept) for concept in concepts_of_lexicon) >= 200


def test_every_closed_term_has_a_coding() -> None:
    assert {word for closed in TERMS for word in get_args(closed) if not codings_of(word)} == set()


@pytest.mark.parametrize("unit", get_args(Unit))
def test_every_unit_is_ucum(unit: Unit) -> None:
    coding = unit_coding(unit)
    assert coding.system == "UCUM"
    assert re.fullmatch(r"[!-z|~]+|\{[!-z|~]+\}", coding.code)
    if not coding.code.startswith("{") and unit != "mL":
        assert meanings("UCUM", coding.code)


def test_no_code_means_two_things() -> None:
    displays = defaultdict(set)
    for _, coding in all_codings():
        displays[coding.system, coding.code].add(coding.display)
    assert {code: names for code, names in displays.items() if len(names) > 1} == {}


def test_no_concept_has_two_codes_of_one_vocabulary() -> None:
    of = defaultdict(list)
    for concept, coding in all_codings():
        of[concept, coding.system].append(coding.code)
    assert {key: codes for key, codes in of.items() if len(codes) > 1} == {}


def test_codes_are_well_formed_and_their_check_digits_hold() -> None:
    patterns = {"SCT": r"\d{6,18}", "RADLEX": r"RID\d{1,6}", "LN": r"\d{3,7}-\d", "DCM": r"\d{6}|[A-Z]{2,6}"}
    counted: dict[str, int] = defaultdict(int)
    for concept, coding in all_codings():
        counted[coding.system] += 1
        if coding.system in patterns:
            assert re.fullmatch(patterns[coding.system], coding.code), concept
        if coding.system == "SCT":
            assert verhoeff(coding.code), concept
        if coding.system == "LN":
            body, check = coding.code.split("-")
            assert luhn(body) == int(check), concept
    assert counted["SCT"] > 200
    assert counted["LN"] > 20


@pytest.mark.parametrize("wrong", ["28231009", "8186002", "60046009"])
def test_the_check_digit_catches_a_slip(wrong: str) -> None:
    assert not verhoeff(wrong)


def test_codes_say_what_dicom_says_with_them() -> None:
    compared = 0
    for concept, coding in all_codings():
        said = meanings(coding.system, coding.code)
        if coding.system == "DCM":
            assert said, f"{concept}: {coding.code} is not in PS3.16"
        if not said or coding.system == "UCUM" or public_name_differs(coding):
            continue
        compared += 1
        assert coding.display.lower() in said, f"{concept}: {coding.code} is {said} in PS3.16"
    assert compared > 200


def public_name_differs(coding: Coding) -> bool:
    """Codes that PS3.16 lists by a narrower word than the vocabulary's own, which is ours."""
    return (coding.system, coding.code) == ("SCT", "19829001")


def test_a_concept_without_public_code_is_local() -> None:
    assert codings_of("bronchovascular_crowding") == (
        Coding(system="LOCAL", code="bronchovascular_crowding", display="bronchovascular crowding"),
    )
    assert codings_of("open:grey blob")[0].code == "grey_blob"
    assert not public("bronchovascular_crowding")


@given(st.text())
def test_a_text_that_is_no_name_never_becomes_a_code(text: str) -> None:
    for coding in codings_of(text):
        assert re.fullmatch(r"[A-Za-z0-9_.-]+", coding.code)


def test_codes_by_vocabulary_site_and_kind_of_report() -> None:
    assert coding_of("pleural_effusion", "SCT") == Coding(system="SCT", code="60046008", display="Pleural effusion")
    assert coding_of("pleural_effusion", "LN") is None
    assert site_codings("lower zone", "lung")[0].code == "281394001"
    assert site_codings("lower zone", "brain")[0].code == "12738006"
    assert site_codings("", "heart")[0].code == "80891009"
    assert site_codings("periventricular") == ()
    assert site_codings("upper", "lung")[0].code == "281392002"
    assert site_codings("upper") == site_codings("apex") == ()
    assert [coding.code for coding in report_codings("ct", "chest")] == ["24627-2", "25045-6", "18748-4"]
    assert [coding.code for coding in report_codings("dermoscopy", "skin")] == ["18748-4"]
