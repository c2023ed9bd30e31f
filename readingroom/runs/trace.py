"""The record of one run while it happens: a step's intent is durable before the call, its result after."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from readingroom.domain.value import Value, canonical_json, digest_of
from readingroom.errors import ReadingRoomError
from readingroom.runs.run import Run, Step
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

    def __init__(self, store: Store, run: Run) -> None:
        self.store = store
        self.run = run
        self._steps = 0

    @classmethod
    def begin(cls, store: Store, *, workflow: str, subject: str, request: Value, code_version: str) -> Trace:
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
        return cls(store, run)

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
        self.store.save_step(step)
        clock = time.perf_counter()

        def ended(**changes: object) -> None:
            elapsed = round((time.perf_counter() - clock) * 1000, 1)
            self.store.save_step(step.model_copy(update={**changes, "elapsed_ms": elapsed}))

        try:
            result, output = await call(intent.name)
        except ReadingRoomError as error:
            ended(status="failed", error=error.line())
            raise
        ended(status="done", output_sha256=self.store.blobs.put(canonical_json(output).encode()))
        return result

    def finish(self, report: Value) -> Run:
        digest = self.store.blobs.put(canonical_json(report).encode())
        return self._end(self.run.model_copy(update={"status": "done", "report_sha256": digest, "finished": now()}))

    def fail(self, error: str, *, interrupted: bool = False) -> Run:
        status = "interrupted" if interrupted else "failed"
        return self._end(self.run.model_copy(update={"status": status, "error": error, "finished": now()}))

    def _end(self, run: Run) -> Run:
        self.run = run
        self.store.save_run(run)
        return run
