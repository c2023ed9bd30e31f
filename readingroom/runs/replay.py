"""A run told again from its record alone: every answer comes from there, nothing is called, nothing is written."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from readingroom.domain.value import Value, digest_of
from readingroom.errors import RecordError
from readingroom.runs.differing import first_difference
from readingroom.runs.event import now
from readingroom.runs.history import Answered, History
from readingroom.runs.run import Run, RunStatus
from readingroom.runs.store import Store
from readingroom.runs.trace import Outcome, StepIntent, Trace

Result = TypeVar("Result")


class Replayed(Value):
    """What telling a run again came to."""

    run: str
    recorded_sha256: str
    """Of the report that the run recorded."""
    replayed_sha256: str | None
    """Of the report that came out now; None where the record does not reach that far."""
    why: str = ""
    """Where they are not the same: which step is missing or differs, or what else has changed."""

    @property
    def identical(self) -> bool:
        return self.recorded_sha256 == self.replayed_sha256


def replayed(past: History, recorded: dict[str, Any], told: Value | None, why: str) -> Replayed:
    """The verdict on a run told again; `why` is what kept it from its end, or what has changed since."""
    now_sha = digest_of(told) if told else None
    held = past.run.report_sha256 or ""
    if now_sha == held:
        return Replayed(run=past.run.id, recorded_sha256=held, replayed_sha256=now_sha)
    if told:
        at = first_difference(recorded, told.model_dump(mode="json"))
        where = f"the report comes out otherwise: {at.line('in the record', 'now')}" if at else ""
        why = "; ".join(part for part in (where, why) if part)
    return Replayed(run=past.run.id, recorded_sha256=held, replayed_sha256=now_sha, why=why)


class Replay(Trace):
    """Stands where a Trace stands. Each call of `step` gets the next recorded answer to the same question."""

    def __init__(self, store: Store, past: History) -> None:
        self.store = store
        self.run = past.run
        self._history = past
        self._facts = past.facts
        self._ahead: dict[str, deque[Answered]] = {}
        for answered in past.last_attempt:
            self._ahead.setdefault(answered.step.key, deque()).append(answered)

    async def step(
        self,
        intent: StepIntent,
        call: Callable[[str], Awaitable[Outcome[Result]]],
        restore: Callable[[dict[str, Any]], Result],
    ) -> Result:
        """Raises RecordError where the record has no answer to this question, or no longer the one it had."""
        del call
        ahead = self._ahead.get(intent.key)
        if not ahead:
            raise RecordError(self._missing(intent), where=intent.name)
        answered = ahead.popleft()
        if answered.step.status != "done":
            raise answered.error()
        return restore(self._history.output(answered))

    def _missing(self, intent: StepIntent) -> str:
        """Which step the record lacks, and how its nearest differs from what is asked now."""
        named = [step for step in self._history.steps if step.name == intent.name and step.tool == intent.tool]
        if not named:
            return f"the record holds no step {intent.name!r} of {intent.tool}"
        if any(step.key == intent.key for step in named):
            return f"the record holds step {intent.name!r} fewer times than it is asked for now"
        step = named[-1]
        for name in ("version", "backend"):
            if getattr(step, name) != getattr(intent, name):
                told = f"{getattr(step, name)!r} in the record, {getattr(intent, name)!r} now"
                return f"step {intent.name!r} is asked of another {name}: {told}"
        differs = first_difference(self._history.request(step), intent.request.model_dump(mode="json"))
        return f"step {intent.name!r} asks something else: {differs.line('in the record', 'now') if differs else ''}"

    def fact(self, name: str, make: Callable[[], Any]) -> Any:
        del make
        if name not in self._facts:
            raise RecordError(f"the record does not tell {name!r}", do="It was made by another version.")
        return self._facts[name]

    @contextmanager
    def recorded(self) -> Iterator[None]:
        yield

    def finish(self, report: Value) -> Run:
        return self.run.model_copy(update={"status": "done", "report_sha256": digest_of(report)})

    def fail(self, error: str, *, status: RunStatus = "failed") -> Run:
        return self.run.model_copy(update={"status": status, "error": error, "finished": now()})
