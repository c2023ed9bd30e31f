"""The reporting systems by name, and inputs as a person types them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from readingroom.domain.category import Category
from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.rads import bi_rads, lung_rads, ti_rads
from readingroom.rads.completion import Evidences
from readingroom.rads.table import Name, Question, Table, load_table

MILLIMETRES: Mapping[str, float] = {"": 1, "mm": 1, "cm": 10}
VOLUMES: Mapping[str, float] = {"": 1, "mm3": 1, "mm³": 1, "ml": 1000, "cm3": 1000}
NUMBER = re.compile(r"\s*(\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})\s*([^\W\d_]*[³3]?|%)\s*", re.IGNORECASE)


class System(NamedTuple):
    """One reporting system."""

    name: str
    """As it is typed: "lung-rads"."""
    kind: type[Value]
    """Its inputs."""
    compute: Callable[..., Category]
    file: Name

    @property
    def table(self) -> Table:
        return load_table(self.file)

    def assess(self, inputs: Value, *, name: str = "C1", evidence: Evidences | None = None) -> Category:
        """The category of typed inputs of this system."""
        return self.compute(inputs, name=name, evidence=evidence)


SYSTEMS: Mapping[str, System] = {
    system.name: system
    for system in (
        System("lung-rads", lung_rads.LungRads, lung_rads.assess, "lung_rads"),
        System("bi-rads", bi_rads.BiRads, bi_rads.assess, "bi_rads"),
        System("ti-rads", ti_rads.TiRads, ti_rads.assess, "ti_rads"),
    )
}


def system_of(name: str) -> System:
    """The system of that name, however it is written. Raises BadRequest for an unknown one."""
    key = re.sub(r"[\s_]", "-", name.strip().lower()).removeprefix("acr-")
    found = SYSTEMS.get(key) or SYSTEMS.get(key.replace("rads", "-rads"))
    if found is None:
        raise BadRequest(f"there is no reporting system {name!r}", do=f"Choose one of {', '.join(SYSTEMS)}.")
    return found


def inputs_of(system: System, given: Iterable[str]) -> Value:
    """Typed inputs from "name=value" texts; lengths may be in mm or cm. Raises BadRequest for the first that is wrong.

    Pixels are refused: no length of a reporting system is one.
    """
    fields: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        key = name.strip().lower().replace("-", "_").replace(" ", "_")
        question = system.table.inputs.get(key)
        if question is None or not equals:
            raise BadRequest(
                f"{text!r} is no input of {system.table.system}",
                do=f"Give name=value; `readingroom category {system.name}` lists the names.",
            )
        if key in fields:
            raise BadRequest(f"{key} is given twice", do="Give it once.")
        fields[key] = _answer(key, value.strip(), question)
    return typed(system, fields)


def typed(system: System, fields: Mapping[str, Any]) -> Value:
    """Inputs of a system from fields by name. Raises BadRequest for what its types do not allow."""
    try:
        return system.kind(**fields)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][:1])
        message = first["msg"].removeprefix("Value error, ")
        raise BadRequest(f"{place}: {message}" if place else message, do=_list(system)) from error


def _answer(name: str, value: str, question: Question) -> str | float | frozenset[str]:
    if question.many:
        return frozenset(_word(name, part, question) for part in re.split(r"[+,]", value))
    return _word(name, value, question) if question.values else _number(name, value, question)


def _word(name: str, value: str, question: Question) -> str:
    key = value.strip().lower().replace("-", "_").replace(" ", "_")
    known = {word.lower(): word for word in question.values}
    if key not in known:
        raise BadRequest(f"{name}: {value!r} is none of its values", do=f"Choose one of {', '.join(question.values)}.")
    return known[key]


def _number(name: str, value: str, question: Question) -> float:
    match = NUMBER.fullmatch(value)
    units = {"mm": MILLIMETRES, "mm3": VOLUMES}.get(question.unit, {"": 1.0, question.unit: 1.0})
    if match is None or match[2].lower() not in units:
        raise BadRequest(f"{name}: {value!r} is no number in {question.unit}", do="Give it as 7, 7.5 or 7.5mm.")
    return float(match[1]) * units[match[2].lower()]


def _list(system: System) -> str:
    return f"`readingroom category {system.name}` lists the inputs and their values."
