"""Systems by name and inputs as they are typed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.errors import BadRequest
from readingroom.rads.systems import SYSTEMS, inputs_of, system_of
from readingroom.rads.telling import computed, listing, settled, told

FULL = ["lungs=evaluable", "prior=none", "infection=none", "benign-feature=none", "type=solid", "juxtapleural=no",
        "change=baseline", "suspicious features=no"]  # fmt: skip


@pytest.mark.parametrize(("typed", "name"), [
    ("lung-rads", "lung-rads"), ("LungRADS", "lung-rads"), ("BI_RADS", "bi-rads"), ("ACR TI-RADS", "ti-rads"),
    ("birads", "bi-rads"),
])  # fmt: skip
def test_a_system_by_any_spelling(typed: str, name: str) -> None:
    assert system_of(typed).name == name


@pytest.mark.parametrize("size", ["7", "7mm", "7.0 mm", "0.7cm", "0.7 CM"])
def test_lengths_in_any_unit_of_length(size: str) -> None:
    assert computed("lung-rads", [*FULL, f"diameter={size}"]).value == "3"


@pytest.mark.parametrize(("text", "part"), [
    ("diameter=7px", "no number in mm"), ("diameter=7 pixels", "no number in mm"), ("diameter=-3", "no number in mm"),
    ("diameter=nan", "no number in mm"), ("diameter=1e3", "no number in mm"), ("diameter=0", "greater than 0"),
    ("prior=squishy", "none of its values"), ("colour=red", "no input of Lung-RADS"), ("type", "no input of Lung-RADS"),
    ("type=solid", "given twice"), ("prior=compared", "given twice"),
])  # fmt: skip
def test_what_is_typed_wrong_is_told_in_one_line(text: str, part: str) -> None:
    with pytest.raises(BadRequest, match=part) as caught:
        computed("lung-rads", [text, *FULL])
    assert "\n" not in caught.value.line()


def test_an_unknown_system_is_refused() -> None:
    with pytest.raises(BadRequest, match="PI-RADS"):
        system_of("PI-RADS")


def test_the_systems_text_on_management_is_marked_as_such() -> None:
    text = told(computed("lung-rads", [*FULL, "diameter=7"]))
    assert "The system's text on management: 6-month LDCT." in text
    assert "Research use only" in text
    data = json.loads(told(computed("lung-rads", [*FULL, "diameter=7"]), as_json=True))
    assert (data["value"], data["management"]) == ("3", "6-month LDCT")


def test_a_missing_input_is_told_and_not_settled() -> None:
    found = computed("ti-rads", ["composition=solid"])
    assert not settled(found)
    assert "Missing: echogenicity, shape, margin, foci" in told(found)


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_the_list_names_every_input_value_and_source(name: str) -> None:
    table = SYSTEMS[name].table
    text, data = listing(name), json.loads(listing(name, as_json=True))
    assert all(word in text for question in table.inputs.values() for word in question.values)
    assert all(source in text for source in table.sources)
    assert list(data["inputs"]) == sorted(table.inputs)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.text(max_size=30), max_size=5))
def test_any_text_is_read_or_refused(texts: list[str]) -> None:
    for system in SYSTEMS.values():
        known = {name.split("=")[0] for name in texts} & set(system.table.inputs)
        if texts and not known:
            with pytest.raises(BadRequest):
                inputs_of(system, texts)
        elif not texts:
            assert system.assess(inputs_of(system, texts)).missing
