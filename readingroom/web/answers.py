"""What the API answers, as types: the document's schemas are theirs, and a test holds every answer against them."""

from __future__ import annotations

from readingroom.chat_course import Turn
from readingroom.chat_store import ChatLine
from readingroom.domain.plan import Plan
from readingroom.domain.value import Value
from readingroom.runs.integrity import Fault
from readingroom.runs.run import Run, Step


class ErrorView(Value):
    """Every answer from 400 on."""

    error: str
    """One line: what was wrong, where, and what to do."""
    kind: str


class FormatView(Value):
    id: str
    label: str
    ready: bool
    why: str
    """What to install, where it is not ready."""


class TemplateView(Value):
    id: str
    title: str


class WindowView(Value):
    name: str
    low: float
    high: float


class LimitsView(Value):
    upload_bytes: int
    files: int


class SessionView(Value):
    version: str
    notice: str
    planner: str
    writer: str
    backend: str
    home_runs: bool
    """Whether all runs of the home are listed, or only those of this session."""
    suggestions: tuple[str, ...]
    configure: str
    """How to configure a language model, where none is."""
    formats: tuple[FormatView, ...]
    templates: tuple[TemplateView, ...]
    languages: tuple[str, ...]
    windows: tuple[WindowView, ...]
    limits: LimitsView


class LinkView(Value):
    url: str


class TurnView(Turn):
    """A turn; `error` is null where there is none."""

    error: str | None  # type: ignore[assignment]  # the journal's is never missing
    report_run: str | None
    """The run whose report it drafted."""


class WaitingView(Value):
    """A plan that waits for a word."""

    turn: int
    plan: Plan


class ChatView(Value):
    id: str
    study: str
    turns: tuple[TurnView, ...]
    working: bool
    waiting: WaitingView | None
    last_event: int


class ChatLineView(ChatLine):
    study: str
    title: str


class AcceptedView(Value):
    number: int
    """Of the turn."""


class DraftAcceptedView(Value):
    chat: str
    number: int


class RunView(Value):
    """A run with its steps."""

    run: Run
    steps: tuple[Step, ...]


class ReplayedView(Value):
    """As runs/replay.py has it, with the verdict."""

    run: str
    recorded_sha256: str
    replayed_sha256: str | None
    why: str
    identical: bool


class IntegrityView(Value):
    """As runs/integrity.py has it, with the verdict."""

    run: str
    entries: int
    files: int
    faults: tuple[Fault, ...]
    intact: bool


class CohortView(Value):
    id: str
    name: str
    done: int
    failed: int
    total: int
    rate: float | None
    """Cases an hour."""
    eta: float | None
    """Seconds until the end."""
    state: str


class ExperimentView(Value):
    id: str
    name: str
    cells: int
    done: int
    updated: str
