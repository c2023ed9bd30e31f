"""A run and its steps, as values: what was asked, what answered, when, and by which digests."""

from __future__ import annotations

from typing import Literal

from readingroom.domain.value import Value

RunStatus = Literal["running", "done", "failed", "interrupted"]
StepStatus = Literal["started", "done", "failed"]


class Run(Value):
    """One reading from beginning to end."""

    id: str
    """r-<date>-<time>-<4 random hex>: sortable, and says nothing about the patient."""
    workflow: str
    status: RunStatus
    subject: str
    started: str
    """ISO 8601 in UTC, to the millisecond."""
    finished: str | None = None
    request_sha256: str
    """Blob of the request and the references of the images it was about."""
    report_sha256: str | None = None
    """Blob of the report's canonical JSON."""
    code_version: str
    error: str | None = None


class Step(Value):
    """One call of one tool: intent written before, result after."""

    run: str
    number: int
    name: str
    """The plan's name of it: "segment-frontal"."""
    tool: str
    key: str
    """SHA-256 of tool, tool version, backend and canonical request with the digests of its inputs."""
    status: StepStatus
    request_sha256: str
    output_sha256: str | None = None
    error: str | None = None
    started: str
    elapsed_ms: float | None = None
