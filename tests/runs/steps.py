"""Steps by hand: something to call, and a run to call it in."""

import asyncio

from readingroom.domain.value import Value
from readingroom.runs.store import Store
from readingroom.runs.trace import Outcome, StepIntent, Trace
from readingroom.runs.unfinished import Way


class Asked(Value):
    question: str = "?"


def intent(name: str = "segment-frontal", question: str = "?") -> StepIntent:
    return StepIntent(name=name, tool="segment", version="1", backend="classical 1", request=Asked(question=question))


class Called:
    """Something to call as a step: counts, and answers the same, or raises."""

    def __init__(self, *errors: BaseException, answer: str = "answer") -> None:
        self.times = 0
        self._errors = list(errors)
        self._answer = answer

    async def __call__(self, name: str) -> Outcome[str]:
        self.times += 1
        await asyncio.sleep(0)
        if self._errors:
            raise self._errors.pop(0)
        return Outcome(self._answer, {"raw": self._answer})


def restore(output: dict) -> str:
    return output["raw"]


def begun(store: Store, *, way: bool = False, **named) -> Trace:
    kept = Way(paths=("/a",)) if way else None
    return Trace.begin(store, workflow="report", subject="abc", request=Asked(), code_version="0", way=kept, **named)


def step(trace: Trace, call, name: str = "segment-frontal", question: str = "?"):
    return asyncio.run(trace.step(intent(name, question), call, restore))
