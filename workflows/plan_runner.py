"""Carries out a checked plan: every step as soon as what it needs is there, evidence in the order of the plan."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import ValidationError

from readingroom.agents.events import Ended, Started, Tell
from readingroom.agents.limitations import limitation
from readingroom.domain.evidence import Evidence
from readingroom.domain.finding import Limitation
from readingroom.domain.plan import FROM, Plan, PlannedStep
from readingroom.errors import BadInput, BadRequest, ReadingRoomError, RecordError
from readingroom.tools.tool import Bench, Result, Tool
from readingroom.tools.toolbox import TOOLS


class Outcome(NamedTuple):
    """What came of one step: its result, or why there is none."""

    result: Result | None
    limits: tuple[Limitation, ...] = ()


@dataclass(frozen=True)
class Carried:
    """What came of a plan, step by step, in its order."""

    plan: Plan
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)

    @property
    def results(self) -> dict[str, Result]:
        """Of the steps that were done, by id."""
        return {name: one.result for name, one in self.outcomes.items() if one.result is not None}

    @property
    def evidence(self) -> list[tuple[Evidence, ...]]:
        return [result.evidence for result in self.results.values()]

    @property
    def limitations(self) -> list[Limitation]:
        return [limit for one in self.outcomes.values() for limit in one.limits]

    @property
    def degraded(self) -> list[str]:
        """Steps that failed, or were left out because one they need did."""
        return [name for name, one in self.outcomes.items() if one.result is None]


async def carry_out(
    bench: Bench, plan: Plan, tell: Tell, *, tools: Sequence[Tool] = TOOLS, done: Carried | None = None
) -> Carried:
    """Run the steps of a plan that passed `check_plan`; those that `done` holds are not run again.

    A tool that fails leaves its dependants out, with a limitation each, and the rest goes on. What the user must mend
    (BadInput) and what the record cannot hold (RecordError) end the run; so does cancelling. In each case the calls in
    flight are cancelled and awaited before this returns.
    """
    known = {tool.name: tool for tool in tools}
    before = dict(done.outcomes) if done else {}
    tasks: dict[str, asyncio.Task[Outcome]] = {}

    async def outcome_of(step: PlannedStep) -> Outcome:
        needed = {name: before[name] if name in before else await tasks[name] for name in step.needs}
        missing = next((name for name, one in needed.items() if one.result is None), None)
        if missing is not None:
            words = {"step": step.id.replace("-", " "), "missing": missing.replace("-", " ")}
            return Outcome(None, (limitation("left_out", **words),))
        return await _called(bench, known[step.tool], step, needed, tell)

    for step in plan.steps:
        if step.id not in before:
            tasks[step.id] = asyncio.create_task(outcome_of(step), name=step.id)
    try:
        await asyncio.gather(*tasks.values())
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
    return Carried(plan, {step.id: before.get(step.id) or tasks[step.id].result() for step in plan.steps})


async def _called(bench: Bench, tool: Tool, step: PlannedStep, needed: Mapping[str, Outcome], tell: Tell) -> Outcome:
    """One call; its two events are told whatever comes of it, but for what ends the run."""
    request = request_of(tool, step, {name: one.result for name, one in needed.items() if one.result is not None})
    tell(Started(step=step.id, tool=tool.name))
    try:
        result: Result = await tool.call(bench, step.id, request)
    except (BadInput, RecordError) as error:
        tell(Ended(step=step.id, error=error.line()))
        raise
    except ReadingRoomError as error:
        tell(Ended(step=step.id, error=error.line()))
        return Outcome(None, (limitation("tool_failed", step=step.id.replace("-", " "), reason=error.line()),))
    tell(Ended(step=step.id, evidence=tuple(item.id for item in result.evidence)))
    return Outcome(result)


def request_of(tool: Tool, step: PlannedStep, results: Mapping[str, Result]) -> Any:
    """The tool's own request, references resolved from typed results. Raises BadRequest where it does not fit."""
    dumped = {name: result.model_dump() for name, result in results.items()}
    arguments = {
        name: dumped[value[FROM]][value["field"]] if isinstance(value, dict) and FROM in value else value
        for name, value in step.arguments.items()
    }
    try:
        return tool.request.model_validate(arguments)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadRequest(f"{place}: {first['msg']}", where=f"step {step.id}", do="Mend the plan.") from error
