"""The user's word on a plan before it runs: yes, no, or yes without some of its steps; a step of the run's record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence

from readingroom.domain.plan import Plan
from readingroom.domain.value import Value
from readingroom.errors import NotAuthorised
from readingroom.runs.trace import Outcome, StepIntent
from readingroom.tools.tool import Bench, Tool


class Approval(Value):
    """What the record keeps of it."""

    approved: bool
    dropped: tuple[str, ...] = ()
    """Steps that are not to run, by id; what needs one of them does not run either."""


Approve = Callable[[Plan], Awaitable[bool | Approval]]
"""Shown the plan before anything runs; False declines it."""


def without(plan: Plan, dropped: Collection[str]) -> Plan:
    """The plan without these steps and all that need what they give."""
    gone = set(dropped)
    for step in plan.steps:
        if gone.intersection(step.needs):
            gone.add(step.id)
    return plan.model_copy(update={"steps": tuple(step for step in plan.steps if step.id not in gone)})


async def approved(
    bench: Bench, plan: Plan, approve: Approve | None, tools: Sequence[Tool], *, every: bool = True, done: int = 0
) -> Plan | None:
    """What of the plan may run, None where it was declined; told again or resumed, the run does not ask twice.

    `every`: whether each plan is shown where there is somebody to ask, or only one with a tool that requires it.
    `done`: how many of its steps were carried out already. Raises NotAuthorised where a plan waits for a word and
    nobody is there to give it.
    """
    new = plan.steps[done:]
    required = {tool.name for tool in tools if tool.approval}
    asks = bench.trace.fact("approval", lambda: approve is not None and every)
    if not new or not (asks or any(step.tool in required for step in new)):
        return plan
    intent = StepIntent(name=f"approve-{len(plan.steps)}", tool="approval", version="1", backend="user", request=plan)

    async def call(step: str) -> Outcome[Approval]:
        del step
        if approve is None:
            raise NotAuthorised("the plan of this run waits for a yes", do="Ask again with --approve.")
        said = await approve(plan)
        given = said if isinstance(said, Approval) else Approval(approved=said)
        return Outcome(given, given.model_dump(mode="json"))

    word = await bench.trace.step(intent, call, Approval.model_validate)
    left = without(plan, set(word.dropped) - {step.id for step in plan.steps[:done]})
    return left if word.approved and left.steps[done:] else None
