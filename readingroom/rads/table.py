"""A reporting system's published table as data: what it asks, which row gives which category, and what that means."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, NamedTuple

from pydantic import Field

from readingroom.domain.category import CategorySystem
from readingroom.domain.value import Value
from readingroom.prompts.words import digest_of_words, load_words, read_words

Answer = str | float | frozenset[str]
"""What is known of one input: a word of its list, a number in its unit, or several words."""

Known = Mapping[str, Answer]


class Limits(Value):
    """A range of a number; `from_` and `to` belong to it, `above` and `below` do not."""

    from_: float | None = Field(default=None, alias="from")
    above: float | None = None
    to: float | None = None
    below: float | None = None

    @property
    def bounds(self) -> tuple[float, ...]:
        return tuple(bound for bound in (self.from_, self.above, self.to, self.below) if bound is not None)

    def hold(self, number: float) -> bool:
        """Whether a number lies in the range."""
        return (
            (self.from_ is None or number >= self.from_)
            and (self.above is None or number > self.above)
            and (self.to is None or number <= self.to)
            and (self.below is None or number < self.below)
        )


Condition = tuple[str, ...] | Limits


class Question(Value):
    """One input: what it is, and the words or the unit it is answered in."""

    about: str
    values: dict[str, str] = Field(default_factory=dict)
    """Every word that may be answered, with what it means; empty of a number."""
    unit: str = ""
    many: bool = False
    """Several of the values may hold at once."""
    human: bool = False
    """Only a reader can state it, never a tool."""
    only: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Other inputs that have to have one of these values for this one to have any."""


class Meaning(Value):
    """A category in the system's own words."""

    meaning: str
    management: str = ""


class Row(Value):
    """Conditions that all have to hold, in the order they are asked, and the category they give."""

    category: str | None
    """None where the system gives none."""
    when: dict[str, Condition]
    why: str
    management: str = ""


class Contradiction(Value):
    """Answers that cannot hold together."""

    when: dict[str, Condition]
    why: str


class Upgrade(Value):
    """One more answer that turns a category into a higher one."""

    from_: tuple[str, ...] = Field(alias="from")
    input: str
    value: str
    to: str


class Suffix(Value):
    """A modifier behind the category that decides nothing else."""

    input: str
    value: str
    text: str
    meaning: str


class Table(Value):
    """One file of prompts/rads; fields that only one system has are read by its own module from `extra`."""

    system: CategorySystem
    version: str
    sources: tuple[str, ...] = Field(min_length=1)
    readings: tuple[str, ...] = ()
    """Where the published text leaves room, how it is read here."""
    order: tuple[str, ...]
    """The categories from least to most suspicious."""
    categories: dict[str, Meaning]
    inputs: dict[str, Question]
    rows: tuple[Row, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    upgrade: Upgrade | None = None
    suffix: Suffix | None = None
    unknown: str = ""
    """Why nothing can be computed where an input that only a reader states is missing."""
    sha256: str
    extra: dict[str, Any] = Field(default_factory=dict)


class Verdict(NamedTuple):
    """What one complete set of answers gives."""

    category: str | None
    why: str
    management: str = ""


class Ask(NamedTuple):
    """The next input that has to be known."""

    name: str


Name = Literal["lung_rads", "bi_rads", "ti_rads"]


@cache
def load_table(name: Name) -> Table:
    """The table of one system, from prompts/rads, with the digest of its file."""
    path = f"rads/{name}.yaml"
    text = read_words(path)
    data: dict[str, Any] = load_words(text, path)
    extra = {key: data.pop(key) for key in list(data) if key not in Table.model_fields}
    return Table.model_validate({**data, "extra": extra, "sha256": digest_of_words(text)})


def holds(condition: Condition, answer: Answer) -> bool:
    """Whether an answer meets a condition."""
    if isinstance(condition, Limits):
        return isinstance(answer, float) and condition.hold(answer)
    return answer in condition


def first_row(table: Table, known: Known) -> Verdict | Ask:
    """The first row whose conditions hold, or the input that has to be known to say which it is."""
    for row in table.rows:
        for name, condition in row.when.items():
            answer = _answer(table, name, known)
            if isinstance(answer, Ask):
                return answer
            if answer is None or not holds(condition, answer):
                break
        else:
            return _upgraded(table, Verdict(row.category, row.why, row.management), known)
    return Verdict(None, "the published table has no row for this")


def _answer(table: Table, name: str, known: Known) -> Answer | Ask | None:
    """What is known of an input, what has to be asked first, or None where the input does not apply."""
    for parent, allowed in table.inputs[name].only.items():
        above = _answer(table, parent, known)
        if above is None or isinstance(above, Ask):
            return above
        if above not in allowed:
            return None
    return known.get(name, Ask(name))


def _upgraded(table: Table, found: Verdict, known: Known) -> Verdict | Ask:
    upgrade = table.upgrade
    if upgrade is None or found.category not in upgrade.from_:
        return found
    if upgrade.input not in known:
        return Ask(upgrade.input)
    if known[upgrade.input] != upgrade.value:
        return found
    return Verdict(upgrade.to, f"{found.why}, with features that increase suspicion")


def contradiction(table: Table, known: Known) -> str | None:
    """Why the answers cannot hold together, or None where they can."""
    for name in known:
        for parent, allowed in table.inputs[name].only.items():
            if parent in known and known[parent] not in allowed:
                return f"{name} does not go with {parent} {known[parent]}"
    for rule in table.contradictions:
        if all(name in known and holds(condition, known[name]) for name, condition in rule.when.items()):
            return rule.why
    return None


def bounds_of(table: Table, name: str) -> tuple[float, ...]:
    """Every number at which the table's rows or contradictions treat an input differently."""
    return tuple(sorted({bound for one in limits_of(table, name) for bound in one.bounds}))


def limits_of(table: Table, name: str) -> tuple[Limits, ...]:
    """Every range of an input in the table's rows and contradictions."""
    whens = [*(row.when for row in table.rows), *(rule.when for rule in table.contradictions)]
    return tuple(one for when in whens if isinstance(one := when.get(name), Limits))
