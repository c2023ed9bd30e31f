"""The record of one run while it happens: a step's intent is durable before the call, its result after."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from readingroom.domain.value import Value, canonical_json, digest_of
from readingroom.errors import ReadingRoomError
from readingroom.runs.run import Run, RunStatus, Step
from readingroom.runs.store import Store

Result = TypeVar("Result")


def now() -> str:
    """The wall clock in UTC to the millisecond; for records only, never for deadlines."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class StepIntent:
    """What a step is about to do; `request` holds digests of its inputs, never pixels or paths."""

    name: str
    tool: str
    version: str
    backend: str
    request: Value

    @property
    def key(self) -> str:
        """Two steps of one key ask the same thing."""
        return digest_of(
            {
                "tool": self.tool,
                "version": self.version,
                "backend": self.backend,
                "request": self.request.model_dump(mode="json"),
            }
        )


class Trace:
    """One run in the store, from `begin` to `finish`."""

    def __init__(self, store: Store, run: Run, listen: Callable[[Step], None] | None = None) -> None:
        self.store = store
        self.run = run
        self._listen = listen
        self._steps = 0

    def _save(self, step: Step) -> None:
        self.store.save_step(step)
        if self._listen:
            self._listen(step)

    @classmethod
    def begin(
        cls,
        store: Store,
        *,
        workflow: str,
        subject: str,
        request: Value,
        code_version: str,
        listen: Callable[[Step], None] | None = None,
    ) -> Trace:
        """A new run, durable as "running" before anything is called."""
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        run = Run(
            id=f"r-{stamp}-{secrets.token_hex(2)}",
            workflow=workflow,
            status="running",
            subject=subject,
            started=now(),
            request_sha256=store.blobs.put(canonical_json(request).encode()),
            code_version=code_version,
        )
        store.save_run(run)
        return cls(store, run, listen)

    async def step(
        self, intent: StepIntent, call: Callable[[str], Awaitable[tuple[Result, dict[str, object]]]]
    ) -> Result:
        """Run `call(step name)`, which returns its result and the raw output to keep; both ends are recorded."""
        self._steps += 1
        step = Step(
            run=self.run.id,
            number=self._steps,
            name=intent.name,
            tool=intent.tool,
            key=intent.key,
            status="started",
            request_sha256=self.store.blobs.put(canonical_json(intent.request).encode()),
            started=now(),
        )
        self._save(step)
        clock = time.perf_counter()

        def ended(**changes: object) -> None:
            elapsed = round((time.perf_counter() - clock) * 1000, 1)
            self._save(step.model_copy(update={**changes, "elapsed_ms": elapsed}))

        try:
            result, output = await call(intent.name)
        except BaseException as error:  # whatever ends a call, its step does not stay "started"
            ended(status="failed", error=error.line() if isinstance(error, ReadingRoomError) else type(error).__name__)
            raise
        ended(status="done", output_sha256=self.store.blobs.put(canonical_json(output).encode()))
        return result

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Whatever ends the run early ends its record too, with the reason; the error goes on to the caller."""
        try:
            yield
        except (KeyboardInterrupt, asyncio.CancelledError):
            self.fail("interrupted", status="interrupted")
            raise
        except ReadingRoomError as error:
            self.fail(error.line())
            raise
        except BaseException as error:
            self.fail(f"{type(error).__name__}: a fault of this program")
            raise

    def finish(self, report: Value) -> Run:
        digest = self.store.blobs.put(canonical_json(report).encode())
        return self._end(self.run.model_copy(update={"status": "done", "report_sha256": digest, "finished": now()}))

    def fail(self, error: str, *, status: RunStatus = "failed") -> Run:
        return self._end(self.run.model_copy(update={"status": status, "error": error, "finished": now()}))

    def _end(self, run: Run) -> Run:
        self.run = run
        self.store.save_run(run)
        return run
