"""Categories and the inputs they need as text or JSON for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable

from readingroom.domain.category import NOT_ASSESSABLE, Category
from readingroom.domain.value import canonical_json
from readingroom.rads.systems import inputs_of, system_of
from readingroom.rads.table import Question

NOTICE = "Research use only. Not a medical device. Computed from what was typed in; it is not a diagnosis."


def computed(system: str, given: Iterable[str]) -> Category:
    """The category of "name=value" texts. Raises BadRequest for an unknown system, name or value."""
    found = system_of(system)
    return found.assess(inputs_of(found, given))


def settled(category: Category) -> bool:
    """Whether it has a value."""
    return category.value != NOT_ASSESSABLE


def told(category: Category, *, as_json: bool = False) -> str:
    """A category with what it rests on; the system's own text on what to do is marked as such."""
    if as_json:
        return canonical_json(category)
    lines = [f"{category.system} {category.value}", f"  {category.meaning}"]
    if category.management:
        lines.append(f"  The system's text on management: {category.management}.")
    if category.missing:
        lines.append(f"  Missing: {', '.join(category.missing)}")
    lines += [f"  {given.name}: {given.value}" for given in category.inputs]
    return "\n".join((*lines, f"  Rule: {category.system} {category.version}, {category.rule_sha256[:12]}", NOTICE))


def listing(system: str, *, as_json: bool = False) -> str:
    """The inputs of a system with their values and sources. Raises BadRequest for an unknown system."""
    table = system_of(system).table
    if as_json:
        data = {
            "system": table.system, "version": table.version, "sha256": table.sha256, "sources": table.sources,
            "readings": table.readings, "categories": {name: one.meaning for name, one in table.categories.items()},
            "inputs": {name: one.model_dump(mode="json") for name, one in table.inputs.items()},
        }  # fmt: skip
        return json.dumps(data, ensure_ascii=False, sort_keys=True)
    lines = [f"{table.system} {table.version}"]
    for name, question in table.inputs.items():
        lines.append(f"{name}: {question.about.strip()}{_condition(question)}")
        lines += [f"    {word:<24} {meaning}" for word, meaning in question.values.items()]
        lines += [f"    a number in {question.unit}"] * (not question.values)
    return "\n".join((*lines, "Sources:", *(f"  {source}" for source in table.sources)))


def _condition(question: Question) -> str:
    told = [f"{name} {' or '.join(values)}" for name, values in question.only.items()]
    return f" (only with {', '.join(told)})" if told else ""
