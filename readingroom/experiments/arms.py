"""The arms of an experiment: every combination that makes a difference, and the baselines that are always there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product

from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.experiments.experiment import Check, Experiment

NO_TOOLS = "no tools"
"""Stands for the tool set of a writer that sees no evidence."""

NO_CHECK: Check = "off"


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
        template = self.template.rpartition("/")[2].removesuffix(".yaml").removesuffix(".yml")
        writer = f"{self.writer} ({self.prompts})" if self.prompts else self.writer
        tools = (
            (NO_TOOLS,)
            if self.tools == NO_TOOLS
            else (self.tools, "no check" if self.check == NO_CHECK else self.check)
        )
        return " / ".join((template or "usual template", writer, *tools))

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


def baselines_of(arm: Arm, arms: tuple[Arm, ...]) -> tuple[Arm, ...]:
    """What an arm is compared with: the same writer and template without tools, and with tools and no check."""
    if arm.tools == NO_TOOLS:
        return ()
    bare = arm.model_copy(update={"tools": NO_TOOLS, "check": NO_CHECK})
    unchecked = arm.model_copy(update={"check": NO_CHECK})
    return tuple(one for one in dict.fromkeys((bare, unchecked)) if one != arm and one in arms)
