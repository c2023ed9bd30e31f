"""The record of one run while it happens: a step's intent is durable before the call, its result before it is used."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

from readingroom.domain.value import Value, canonical_json, digest_of
from readingroom.errors import NotAuthorised, ReadingRoomError, RecordError
from readingroom.runs.conditions import Conditions
from readingroom.runs.event import Event, now
from readingroom.runs.history import Answered, History, unanswered
from readingroom.runs.journal import Journal
from readingroom.runs.raised import is_final, kept
from readingroom.runs.run import Run, RunStatus, Spent, Step
from readingroom.runs.store import Store
from readingroom.runs.unfinished import Held, Way

__all__ = ["Outcome", "StepIntent", "Trace", "now"]

Result = TypeVar("Result")
Listener = Callable[[Step], None]


class Outcome(NamedTuple, Generic[Result]):
    """What a call came to."""

    result: Result
    output: dict[str, Any]
    """JSON data to keep, from which `restore` makes the result again."""
    spent: Spent = Spent()


@dataclass(frozen=True)
class StepIntent:
    """What a step is about to do; `request` holds digests of its inputs, never pixels or paths."""

    name: str
    tool: str
    version: str
    backend: str
    request: Value

    @cached_property
    def asked(self) -> str:
        """The request as canonical JSON."""
        return canonical_json(self.request)

    @cached_property
    def key(self) -> str:
        """Two steps of one key ask the same thing."""
        return digest_of([self.tool, self.version, self.backend, self.asked])


class Trace:
    """One run in the store, from `begin` or `resume` to its end.

    What decides the report goes through `step` (calls of tools and models) or `fact` (all else that is not computed
    from those: the clock, chance, what pixels or settings tell), so that the run can go on and be told again.
    """

    def __init__(self, store: Store, journal: Journal, held: Held | None, listen: Listener | None) -> None:
        self.store = store
        self.run = journal.run
        self._journal = journal
        self._held = held
        self._listen = listen
        self._steps = 0
        self._over = False
        self._answers: dict[str, Answered] = {}
        self._facts: dict[str, Any] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    @classmethod
    def begin(
        cls,
        store: Store,
        *,
        workflow: str,
        subject: str,
        request: Value,
        code_version: str,
        conditions: Conditions | None = None,
        way: Way | None = None,
        listen: Listener | None = None,
    ) -> Trace:
        """A new run, durable as "running" before anything is called; with `way` it can be resumed."""
        asked = canonical_json(request)
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        run = Run(
            id=f"r-{stamp}-{secrets.token_hex(4)}",
            workflow=workflow,
            status="running",
            subject=subject,
            started=now(),
            request_sha256=digest_of(request),
            code_version=code_version,
        )
        store.unfinished.sweep(store.going)
        held = store.unfinished.hold(run.id, way) if way else None
        trace = None
        try:
            trace = cls(store, store.journal(run), held, listen)
            said = {name: getattr(run, name) for name in ("workflow", "subject", "code_version")}
            under = conditions.model_dump(exclude={"code_version"}) if conditions else {}
            trace._journal.add("begun", {**said, "conditions": under}, asked, run)
        except BaseException:
            _release(trace, held)
            raise
        return trace

    @classmethod
    def resume(
        cls, store: Store, past: History, held: Held, conditions: Conditions, listen: Listener | None = None
    ) -> Trace:
        """The same run, gone on with: what was answered is known, what was in flight is asked again."""
        run = past.run.model_copy(update={"status": "running", "error": None, "finished": None})
        trace = cls(store, store.journal(run, past.events[-1]), held, listen)
        try:
            trace._steps = len(past.steps)
            trace._answers = past.answers
            trace._facts = past.facts
            lost = unanswered(past.steps)
            trace._journal.add("resumed", {"lost": lost, "conditions": conditions.model_dump()}, run=run)
        except BaseException:
            trace._journal.close()
            raise
        return trace

    async def step(
        self,
        intent: StepIntent,
        call: Callable[[str], Awaitable[Outcome[Result]]],
        restore: Callable[[dict[str, Any]], Result],
    ) -> Result:
        """The result of `call(step name)`, recorded at both ends; or `restore(output)` of what the record holds.

        A step whose key this run has an answer to is not called again, an error that is an answer is raised again;
        two of one key at the same time are one call. A failed call is recorded and its error goes on.
        """
        async with self._turns.setdefault(intent.key, asyncio.Lock()):
            known = self._answers.get(intent.key)
            output = self._kept(known)
            if known is None or (output is None and known.step.status == "done"):
                return await self._called(intent, call)
            await self._recall(intent, known)
            if output is None:
                raise known.error()
            return restore(output)

    def _kept(self, known: Answered | None) -> dict[str, Any] | None:
        """The output of an answer; None where it failed, or where the record of it was damaged: it is asked again."""
        if known is None or known.step.status != "done":
            return None
        try:
            output: dict[str, Any] = json.loads(self.store.content(known.event))
        except RecordError:
            return None
        return output

    def _next(self, intent: StepIntent) -> tuple[int, dict[str, Any]]:
        self._steps += 1
        said = {name: getattr(intent, name) for name in ("name", "tool", "version", "backend", "key")}
        return self._steps, {"step": self._steps, **said}

    def _tell(self, step: Step) -> None:
        if self._listen:
            self._listen(step)

    async def _recall(self, intent: StepIntent, known: Answered) -> None:
        number, said = self._next(intent)
        event = await self._journal.put("recalled", {**said, "of": known.step.number})
        changes = {"number": number, "name": intent.name, "of": known.step.number, "started": event.at}
        self._tell(known.step.model_copy(update={**changes, "elapsed_ms": None, "spent": Spent()}))

    async def _called(self, intent: StepIntent, call: Callable[[str], Awaitable[Outcome[Result]]]) -> Result:
        self._go_on()
        number, said = self._next(intent)
        clock = time.perf_counter()
        try:
            event = await self._journal.put("intent", said, intent.asked)
        except asyncio.CancelledError as error:  # the entry may be written yet: its other end must be, too
            if not self._over:
                self._journal.add("result", _failed(number, clock, error))
            raise
        named = {name: said[name] for name in ("name", "tool", "version", "backend", "key")}
        step = Step(
            run=self.run.id,
            number=number,
            status="started",
            request_sha256=event.content_sha256 or "",
            started=event.at,
            **named,
        )
        self._tell(step)
        try:
            result, output, spent = await call(intent.name)
            content = canonical_json(output)
        except BaseException as error:  # whatever ends a call, its step does not stay "started"
            if not self._over:
                told = _failed(number, clock, error)
                self._ended(step, told, self._journal.add("result", told))
            raise
        self._go_on()
        told = _done(number, clock, spent)
        self._ended(step, told, await self._journal.put("result", told, content))
        return result

    def _go_on(self) -> None:
        """A call that outlived its run, which another call has ended, is nobody's any more."""
        if self._over:
            raise asyncio.CancelledError("the run has ended")

    def _ended(self, step: Step, told: dict[str, Any], event: Event) -> None:
        """The other end of a step is durable: it is told, and an answer to whoever asks the same."""
        changes = {name: told[name] for name in ("status", "error", "elapsed_ms")}
        changes |= {"spent": Spent(**told["spent"]), "output_sha256": event.content_sha256}
        done = Answered(step.model_copy(update=changes), event)
        if done.final:
            self._answers[step.key] = done
        self._tell(done.step)

    def fact(self, name: str, make: Callable[[], Any]) -> Any:
        """JSON data that decides the report and is no tool's answer: made once, kept, and the same ever after."""
        if name not in self._facts:
            content = canonical_json([make()])[1:-1]
            self._journal.add("fact", {"name": name}, content)
            self._facts[name] = json.loads(content)
        return self._facts[name]

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Whatever ends the run early ends its record too, with the reason; the error goes on to the caller.

        What was stopped, and what waits for the user or the operator, can be resumed; the rest has failed.
        """
        try:
            yield
        except (KeyboardInterrupt, SystemExit, asyncio.CancelledError):
            self._fail("interrupted", status="interrupted")
            raise
        except (NotAuthorised, RecordError) as error:
            self._fail(error.line(), status="interrupted")
            raise
        except ReadingRoomError as error:
            self._fail(error.line())
            raise
        except BaseException as error:
            self._fail(f"{type(error).__name__}: a fault of this program")
            raise
        finally:
            _release(self, self._held)

    def finish(self, report: Value) -> Run:
        """The run is done, with this report; nothing is kept any longer of where its sources are."""
        digest = self.store.blobs.put(canonical_json(report).encode())
        return self._end(self.run.model_copy(update={"status": "done", "report_sha256": digest, "finished": now()}))

    def fail(self, error: str, *, status: RunStatus = "failed") -> Run:
        return self._end(self.run.model_copy(update={"status": status, "error": error, "finished": now()}))

    def _fail(self, error: str, *, status: RunStatus = "failed") -> None:
        """Where not even that can be written, the run stays "running" in the record, and can be resumed."""
        with suppress(RecordError):
            self.fail(error, status=status)

    def _end(self, run: Run) -> Run:
        said = {name: getattr(run, name) for name in ("status", "error", "report_sha256")}
        self._journal.add("ended", said, run=run)
        self.run = run
        if self._held and run.status != "interrupted":
            self._held.close(ended=True)
        return run


def _release(trace: Trace | None, held: Held | None) -> None:
    if trace:
        trace._over = True
        trace._journal.close()
    if held:
        held.close(ended=False)


def _done(number: int, clock: float, spent: Spent) -> dict[str, Any]:
    told = {"step": number, "status": "done", "error": None, "elapsed_ms": _since(clock)}
    return {**told, "spent": spent.model_dump()}


def _failed(number: int, clock: float, error: BaseException) -> dict[str, Any]:
    line = error.line() if isinstance(error, ReadingRoomError) else type(error).__name__
    told = {"step": number, "status": "failed", "error": line, "elapsed_ms": _since(clock)}
    return {**told, "spent": Spent().model_dump(), "raised": kept(error), "final": is_final(error)}


def _since(clock: float) -> float:
    """Milliseconds, by a clock that nobody sets."""
    return round((time.perf_counter() - clock) * 1000, 1)
