"""No category is given while some way to fill in what is missing gives another; all inputs have an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.domain.category import NOT_ASSESSABLE
from readingroom.rads.systems import SYSTEMS, System
from readingroom.rads.table import Question

NUMBERS: Mapping[str, tuple[float, float]] = {"likelihood": (0, 100), "months": (1, 40), "volume": (10, 20_000),
                                              "solid_component": (0, 20)}  # fmt: skip
INSTEAD = ("long_axis", "short_axis", "volume", "prior_diameter", "months")
"""Other ways to tell the diameter and the change: left out where an answer is completed, since they only repeat it."""


def answers(name: str, question: Question) -> st.SearchStrategy[Any]:
    if question.many:
        words = [word for word in question.values if word != "none"]
        return st.frozensets(st.sampled_from(words)).map(lambda some: some or frozenset({"none"}))
    if question.values:
        return st.sampled_from(sorted(question.values))
    low, high = NUMBERS.get(name, (0.2, 40))
    return st.floats(low, high).map(lambda number: round(number, 1))


def complete(system: System) -> st.SearchStrategy[dict[str, Any]]:
    questions = {name: one for name, one in system.table.inputs.items() if name not in INSTEAD}
    return st.fixed_dictionaries({name: answers(name, one) for name, one in questions.items()})


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_an_answer_has_a_category_only_if_no_completion_has_another(name: str) -> None:
    system = SYSTEMS[name]

    @settings(max_examples=150, deadline=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        whole = data.draw(complete(system))
        applies = without_what_does_not_apply(system, whole)
        gone = data.draw(st.sets(st.sampled_from(sorted(applies)), max_size=5))
        partial = {key: value for key, value in applies.items() if key not in gone}
        told, found = system.assess(system.kind(**applies)), system.assess(system.kind(**partial))
        if "contradicts itself" in told.meaning or found.value == NOT_ASSESSABLE:
            assert not found.missing or set(found.missing) <= set(system.table.inputs) - set(partial)
            return
        assert found.value.removesuffix("S") == told.value.removesuffix("S")

    check()


def without_what_does_not_apply(system: System, fields: dict[str, Any]) -> dict[str, Any]:
    """The answers that go with one another."""
    known = dict(fields)
    for _ in range(3):
        known = {
            key: value
            for key, value in known.items()
            if all(known.get(up) in allowed for up, allowed in system.table.inputs[key].only.items())
        }
    return known


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_every_input_has_an_answer(name: str) -> None:
    system = SYSTEMS[name]

    @settings(max_examples=30, deadline=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        questions = system.table.inputs
        some = data.draw(st.sets(st.sampled_from(sorted(questions)), min_size=2))
        fields = {key: data.draw(answers(key, questions[key])) for key in sorted(some)}
        found = system.assess(system.kind(**fields))
        assert found.value == NOT_ASSESSABLE or found.value.removesuffix("S") in system.table.order
        assert found.meaning

    check()


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_nothing_known_names_what_is_needed_and_the_same_answer_comes_twice(name: str) -> None:
    system = SYSTEMS[name]
    empty = system.assess(system.kind())
    assert empty.value == NOT_ASSESSABLE
    assert empty.missing
    assert set(empty.missing) <= set(system.table.inputs)
    assert system.assess(system.kind()) == empty


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_the_typed_inputs_are_those_of_the_table(name: str) -> None:
    system = SYSTEMS[name]
    assert list(system.kind.model_fields) == list(system.table.inputs)
    assert set(system.table.categories) == set(system.table.order)
    assert system.table.sources
    for key, field in system.kind.model_fields.items():
        question = system.table.inputs[key]
        assert not field.is_required()
        if question.values and not question.many:
            words = [word for part in get_args(field.annotation) for word in get_args(part)]
            assert words == list(question.values)
