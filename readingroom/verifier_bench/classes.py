"""The classes of error: what makes them at each level, which rules should speak, and the bars they are held to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from readingroom.domain.check import Rule
from readingroom.verifier_bench.errors_evidence import EVIDENCE_ERRORS
from readingroom.verifier_bench.errors_field import FIELD_ERRORS
from readingroom.verifier_bench.errors_text import TEXT_ERRORS
from readingroom.verifier_bench.mutant import Mutator

Level = Literal["field", "text", "evidence"]
LEVELS: tuple[Level, ...] = ("field", "text", "evidence")

MAKERS: Mapping[Level, Mapping[str, Mutator]] = {
    "field": FIELD_ERRORS, "text": TEXT_ERRORS, "evidence": EVIDENCE_ERRORS,
}  # fmt: skip


class ErrorClass(NamedTuple):
    """One class; `without` says of each level at which it cannot be made why not."""

    name: str
    rules: frozenset[Rule]
    without: Mapping[Level, str] = {}
    strict: bool = False
    """Held to 99 percent at the level of the text."""
    whole: bool = False
    """Judged by both passes at every level: what it hangs on is a field."""


def _class(name: str, rules: str, strict: bool = False, whole: bool = False, **without: str) -> ErrorClass:
    return ErrorClass(name, frozenset(rules.split()), without, strict, whole)  # type: ignore[arg-type]


CLASSES: tuple[ErrorClass, ...] = (
    _class("false finding", "R01 R02 R15"),
    _class("flipped negative", "R02", strict=True),
    _class("false negation", "R03", strict=True),
    _class("omission", "R11", field="what is left out has no field"),
    _class("laterality", "R04", strict=True),
    _class("location", "R05"),
    _class("severity", "R09"),
    _class("number", "R06", strict=True),
    _class("unit", "R07", strict=True),
    _class("comparison", "R08"),
    _class("course left out", "R11", field="what is left out has no field"),
    _class("contradiction", "R12", field="one changed field is a flipped negative or a false negation",
           evidence="two tools that disagree are a conflict"),
    _class("repetition", "R13", field="a field cannot be said twice", evidence="two tools may well see the same"),
    _class("certainty", "R10"),
    _class("wrong image", "R15 R08", text="a sentence does not name its image"),
    _class("wrong region", "R15 R04", text="a sentence has no region"),
    _class("someone else's evidence", "R15 R01 R06", text="what a sentence cites is a field"),
    _class("impression", "R14", evidence="an impression rests on findings"),
    _class("urgent left out", "R14", whole=True, evidence="a tool's answer is neither urgent nor not"),
    _class("conflict averaged", "R16"),
    _class("forbidden text", "R17", field="a field holds no free text", evidence="a tool's words are not the draft's"),
)  # fmt: skip

TEXT_BAR, STRICT_BAR, FIELD_BAR, ALARM_BAR = 0.95, 0.99, 1.0, 0.01
"""Least shares detected at the level of text and evidence, of the strict classes there, and at the level of fields;
and the greatest share of false alarms."""

RIGHT_BAR = 0.5
"""Least share of the detected that a rule of the class itself speaks of: another rule may stand in, never take over."""


def bar_of(one: ErrorClass, level: Level) -> float:
    if level == "field":
        return FIELD_BAR
    return STRICT_BAR if one.strict else TEXT_BAR
