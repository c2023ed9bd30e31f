"""A run and its steps, as values: what was asked, what answered, when, at what cost, and by which digests."""

from __future__ import annotations

from typing import Literal

from readingroom.domain.value import Value

RunStatus = Literal["running", "done", "failed", "interrupted"]
"""running: begun and not ended, or killed; interrupted: stopped and can go on; the other two are final."""
StepStatus = Literal["started", "done", "failed"]


class Spent(Value):
    """What one call took beside time."""

    tokens_in: int = 0
    tokens_out: int = 0
    cost: float | None = None
    """In the currency of the price table; None where there is no price."""
    retries: int = 0


class Run(Value):
    """One reading from beginning to end."""

    id: str
    """r-<date>-<time>-<8 random hex>: sortable, and says nothing about the patient."""
    workflow: str
    status: RunStatus
    subject: str
    started: str
    """ISO 8601 in UTC, to the millisecond."""
    finished: str | None = None
    request_sha256: str
    """Of the request and the references of the images it was about."""
    report_sha256: str | None = None
    """Blob of the report's canonical JSON."""
    code_version: str
    error: str | None = None


class Step(Value):
    """One call of one tool or model: intent written before, result after."""

    run: str
    number: int
    name: str
    """The plan's name of it: "segment-frontal"."""
    tool: str
    """"model" for a call of a language model."""
    version: str = ""
    backend: str = ""
    """Where it was asked, with its version."""
    key: str
    """SHA-256 of tool, tool version, backend and canonical request with the digests of its inputs."""
    status: StepStatus
    request_sha256: str
    output_sha256: str | None = None
    error: str | None = None
    started: str
    elapsed_ms: float | None = None
    of: int | None = None
    """The step whose answer this is, where it came from the record and nothing was called."""
    spent: Spent = Spent()
