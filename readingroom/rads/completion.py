"""What an answer can still become: every way to fill in what is missing, tried until the category is settled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from readingroom.domain.category import NOT_ASSESSABLE, Category, CategoryInput
from readingroom.rads.table import Answer, Ask, Known, Table, Verdict, bounds_of, contradiction, limits_of

Evidences = Mapping[str, tuple[str, ...]]
"""Ids of the evidence that each input was read from, by input."""


class Rules(NamedTuple):
    """A system's rules over its table."""

    table: Table
    decide: Callable[[Known], Verdict | Ask]
    """The verdict on what is known, or the input that has to be known next."""
    contradiction: Callable[[Known], str | None]
    near: Callable[[Known], Iterable[float]] = lambda known: ()
    """Further numbers at which `contradiction` changes, given what is known."""


class Found(NamedTuple):
    """Every verdict that some completion gives, and the inputs on which it depends which."""

    verdicts: frozenset[Verdict]
    missing: tuple[str, ...]

    @property
    def categories(self) -> frozenset[str | None]:
        return frozenset(verdict.category for verdict in self.verdicts)


def explore(rules: Rules, known: Known) -> Found:
    """All verdicts of all complete answers that agree with what is known and do not contradict themselves.

    A number is tried at and between all numbers at which the rules change, so that trying more would find no other
    verdict.
    """
    step = rules.decide(known)
    if isinstance(step, Verdict):
        return Found(frozenset((step,)), ())
    branches = [
        explore(rules, more)
        for answer in _answers(rules, step.name, known)
        if rules.contradiction(more := {**known, step.name: answer}) is None
    ]
    branches = [branch for branch in branches if branch.verdicts]
    together = Found(frozenset(chain.from_iterable(branch.verdicts for branch in branches)), ())
    if len(together.categories) <= 1:
        return together
    own = (step.name,) if any(branch.categories != branches[0].categories for branch in branches) else ()
    return together._replace(
        missing=tuple(dict.fromkeys((*own, *chain.from_iterable(branch.missing for branch in branches))))
    )


def _answers(rules: Rules, name: str, known: Known) -> Sequence[Answer]:
    question = rules.table.inputs[name]
    if question.many:
        return _subsets([value for value in question.values if value != "none"])
    if question.values:
        return tuple(question.values)
    return _representatives({*bounds_of(rules.table, name), *rules.near(known)}, between=_open_below(rules.table, name))


def _open_below(table: Table, name: str) -> bool:
    """Whether some range of the input begins above a number rather than at it."""
    return any(one.above is not None or one.to is not None for one in limits_of(table, name))


def _subsets(values: Sequence[str]) -> tuple[frozenset[str], ...]:
    found = [frozenset[str]()]
    for value in values:
        found += [one | {value} for one in found]
    return tuple(found)


def _representatives(bounds: set[float], *, between: bool) -> tuple[float, ...]:
    """Each number and one before the first (if that is above 0); with `between` one after each, too."""
    points = sorted(bound for bound in bounds if bound >= 0)
    after = [(low + high) / 2 for low, high in zip(points, [*points[1:], points[-1] + 2], strict=True)]
    return tuple(sorted({points[0] / 2, *points, *(after if between else ())}))


def assess_known(
    rules: Rules, known: Known, told: Iterable[CategoryInput], *, name: str = "C1"
) -> tuple[Category, Found]:
    """The category of what is known, and what it was found from; `told`: the inputs as they are to be printed."""
    table = rules.table
    against = rules.contradiction(known)
    found = Found(frozenset(), ()) if against else explore(rules, known)
    value, meaning, management = _settled(table, found, against)
    suffix = table.suffix
    inputs = tuple(told)
    if suffix and value != NOT_ASSESSABLE:
        given = known.get(suffix.input)
        if given == suffix.value:
            value, meaning = f"{value}{suffix.text}", f"{meaning}; {suffix.meaning}"
        elif given is None:
            inputs = (*inputs, CategoryInput(name=suffix.input, value="not stated"))
    missing = found.missing if value == NOT_ASSESSABLE else ()
    return Category(
        id=name, system=table.system, version=table.version, value=value, meaning=meaning, management=management,
        inputs=inputs, missing=missing, rule_sha256=table.sha256,
    ), found  # fmt: skip


def _settled(table: Table, found: Found, against: str | None) -> tuple[str, str, str]:
    """Value, meaning and management."""
    if against or not found.verdicts:
        return NOT_ASSESSABLE, f"What is given contradicts itself: {against or 'nothing fits all of it'}.", ""
    categories = found.categories
    reasons = sorted({verdict.why for verdict in found.verdicts})
    if len(categories) > 1:
        possible = [one for one in table.order if one in categories] + ["none"] * (None in categories)
        reason = f"Could be {' or '.join(possible)}: {_listed(found.missing)} not known."
        by_reader = any(table.inputs[name].human for name in found.missing)
        return NOT_ASSESSABLE, f"{reason} {table.unknown}" if by_reader and table.unknown else reason, ""
    (category,) = categories
    if category is None:
        return NOT_ASSESSABLE, f"{reasons[0][:1].upper()}{reasons[0][1:]}.", ""
    known = table.categories[category]
    managements = {verdict.management or known.management for verdict in found.verdicts}
    management = managements.pop() if len(managements) == 1 else ""
    return category, f"{known.meaning} ({reasons[0]})" if len(reasons) == 1 else known.meaning, management


def _listed(names: Sequence[str]) -> str:
    words = [name.replace("_", " ") for name in names]
    return f"{', '.join(words)} {'is' if len(words) == 1 else 'are'}"


def against_table(table: Table) -> Callable[[Known], str | None]:
    """The contradictions that the table itself lists."""
    return lambda known: contradiction(table, known)


def printed(table: Table, known: Known, evidence: Evidences) -> tuple[CategoryInput, ...]:
    """What is known, as text with its unit, in the table's order."""
    found = []
    for name, question in table.inputs.items():
        if name not in known:
            continue
        answer = known[name]
        if isinstance(answer, frozenset):
            text = ", ".join(one for one in question.values if one in answer) or "none"
        else:
            text = f"{answer:g} {question.unit}".strip() if isinstance(answer, float) else answer
        found.append(CategoryInput(name=name, value=text, evidence=evidence.get(name, ())))
    return tuple(found)
