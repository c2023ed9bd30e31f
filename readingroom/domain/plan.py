"""A plan: which tools are to be called, with what, and which needs what from which; made before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from readingroom.domain.value import Value

Aim = Literal["draft", "segment", "measure", "classify", "compare", "embed", "similar", "describe", "explain", "answer"]
"""What is to come out: a drafted report; evidence of one kind; or words about what is there already."""

FROM = "from"
"""Key of a reference among a step's arguments: {"from": "segment-frontal", "field": "outlines"}."""


class PlannedStep(Value):
    """One call of one tool."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{0,40}$")
    """Its name in the run: "segment-frontal"."""
    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Fields of the tool's request as JSON; a reference stands for a field of what another step gives."""
    why: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        """The steps that must be done first, each once."""
        return tuple(dict.fromkeys(reference["from"] for reference in references(self.arguments)))


class Plan(Value):
    """Steps in an order in which each stands after what it needs."""

    question: str
    """What was asked, in the user's own words."""
    aim: Aim
    steps: tuple[PlannedStep, ...] = ()
    cannot: tuple[str, ...] = ()
    """Parts of the question that nothing here can serve, each with what would."""
    planner: str
    """Who made it: "rules 1", or the model's name."""


def references(arguments: Any) -> Iterator[dict[str, str]]:
    """Every reference within a step's arguments."""
    if isinstance(arguments, dict):
        if FROM in arguments:
            yield arguments
        else:
            for value in arguments.values():
                yield from references(value)
    elif isinstance(arguments, list | tuple):
        for value in arguments:
            yield from references(value)
