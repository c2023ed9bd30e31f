"""The arms of an experiment: every combination that makes a difference, and the baselines that are always there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Literal

from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.experiments.experiment import Check, Experiment

NO_TOOLS = "no tools"
"""Stands for the tool set of a writer that sees no evidence."""

NO_CHECK: Check = "off"

Factor = Literal["template", "writer", "prompts", "tools"]
FACTORS: tuple[Factor, ...] = ("template", "writer", "prompts", "tools")
"""What may differ between two arms that are compared with each other, the check aside, which has a baseline."""


class Arm(Value):
    """One way to draft, but for the seed."""

    template: str
    """Its id, its file, or "" for the one made for the image."""
    writer: str
    prompts: str = ""
    """Empty where the writer reads none."""
    tools: str
    check: Check

    @property
    def name(self) -> str:
        """For tables: "chest_xray / sloppy / usual / strike"."""
        template = self.part("template")
        writer = f"{self.writer} ({self.prompts})" if self.prompts else self.writer
        tools = (
            (NO_TOOLS,)
            if self.tools == NO_TOOLS
            else (self.tools, "no check" if self.check == NO_CHECK else self.check)
        )
        return " / ".join((template, writer, *tools))

    def part(self, factor: Factor) -> str:
        """What a table calls its template, writer, prompts or tools."""
        if factor == "template":
            name = self.template.rpartition("/")[2].removesuffix(".yaml").removesuffix(".yml")
            return name or "usual template"
        return {"writer": self.writer, "prompts": self.prompts, "tools": self.tools}[factor]

    @property
    def baseline(self) -> bool:
        return self.tools == NO_TOOLS or self.check == NO_CHECK


def arms_of(experiment: Experiment) -> tuple[Arm, ...]:
    """Each once: first the baselines of a template and a writer, then what is measured against them.

    Raises BadRequest where two would have one name.
    """
    found = tuple(dict.fromkeys(_arms(experiment)))
    names = Counter(arm.name for arm in found)
    if doubled := next((name for name, times in names.items() if times > 1), None):
        raise BadRequest(f"two arms are called {doubled!r}", where="templates", do="Give the files different names.")
    return found


def _arms(experiment: Experiment) -> Iterator[Arm]:
    checks: tuple[Check, ...] = (NO_CHECK, *(check for check in experiment.checks if check != NO_CHECK))
    for template, (name, writer) in product(experiment.templates, experiment.writers.items()):
        for prompts in experiment.prompts if writer.kind == "model" else ("",):
            yield Arm(template=template, writer=name, prompts=prompts, tools=NO_TOOLS, check=NO_CHECK)
            for tools, check in product(experiment.tools, checks):
                yield Arm(template=template, writer=name, prompts=prompts, tools=tools, check=check)


def rivals_of(arm: Arm, arms: tuple[Arm, ...]) -> dict[Factor, Arm]:
    """By what differs, template, writer, prompts or tools: the arm with the first of them in the file, all else equal.

    So that "which template, which model is better" has an answer with numbers. Prompts of writers are compared only
    where both read them.
    """
    return {factor: found for factor in FACTORS if (found := _first(arm, arms, factor)) is not None}


def _first(arm: Arm, arms: tuple[Arm, ...], factor: Factor) -> Arm | None:
    if arm.tools == NO_TOOLS:
        return None
    same = [name for name in (*FACTORS, "check") if name not in (factor, "prompts")]
    alike = (
        one
        for one in arms
        if one.tools != NO_TOOLS
        and all(getattr(one, name) == getattr(arm, name) for name in same)
        and (factor == "prompts" or one.prompts == arm.prompts or "" in (one.prompts, arm.prompts))
    )
    found = next(alike, arm)
    return found if getattr(found, factor) != getattr(arm, factor) else None


def baselines_of(arm: Arm, arms: tuple[Arm, ...]) -> tuple[Arm, ...]:
    """What an arm is compared with: the same writer and template without tools, and with tools and no check."""
    if arm.tools == NO_TOOLS:
        return ()
    bare = arm.model_copy(update={"tools": NO_TOOLS, "check": NO_CHECK})
    unchecked = arm.model_copy(update={"check": NO_CHECK})
    return tuple(one for one in dict.fromkeys((bare, unchecked)) if one != arm and one in arms)
