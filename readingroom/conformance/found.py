"""What a conformance run finds: one line a check, the forms of answer that were met, and the times."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from readingroom.domain.value import Value
from readingroom.tools.contracts.model_ids import ModelId

Mark = Literal["pass", "warn", "fail", "skipped"]
"""fail: this package would get wrong answers or none, or pixels would be open to others. warn: other documented
clients would, or the answers are odd but usable. skipped: it could not be asked, and why."""


class Checked(Value):
    """One check: what was asked, what the contract says, and what came."""

    id: str
    asked: str
    expected: str
    found: str
    verdict: Mark
    milliseconds: float
    """With every call that this check needed; a call is shared by the checks that ask the same."""


class Latency(Value):
    """Seconds from sending to the last byte of the answer, one call at a time."""

    calls: int
    first: float
    """The first call of all: connection, TLS and a cold model are in it."""
    median: float
    p95: float
    """By linear interpolation; of few calls nearly the slowest."""
    request_bytes: int
    answer_bytes: int


class Limits(Value):
    """What happened when more and more calls were sent at the same time."""

    admitted: int
    """In flight at once without a 429."""
    refused_at: int | None
    """At so many at once the first 429 came; None: none came up to `admitted`."""
    retry_after: str = ""
    """As the 429 told it; empty: it told none, as documented."""


class Conformance(Value):
    """Everything found about one endpoint as one model."""

    model: ModelId
    host: str
    """Without port, path or key."""
    checks: tuple[Checked, ...]
    variants: tuple[str, ...] = ()
    """The documented forms of answer that were met."""
    latency: Latency | None = None
    limits: Limits | None = None
    passed: bool = Field(description="No check failed, and at least one passed.")

    def of(self, verdict: Mark) -> tuple[Checked, ...]:
        """The checks that ended so."""
        return tuple(check for check in self.checks if check.verdict == verdict)
