"""What every planner is: a question and what is known of the study in, a Plan out; rules and models alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from readingroom.agents.plan_check import Flaw
from readingroom.domain.evidence import Evidence
from readingroom.domain.image import ImageRef
from readingroom.domain.plan import Plan
from readingroom.domain.report import Report
from readingroom.domain.request import Request

Targets = Mapping[str, tuple[str, ...]]
"""Names of structures by the id of the image in which they are served."""


@dataclass(frozen=True)
class PlanContext:
    """What a planner may know: references and words, no pixels and no paths."""

    images: tuple[ImageRef, ...]
    """Current images first, then lateral and prior ones."""
    unasked: Targets = field(default_factory=dict)
    """What the backend outlines without being asked by name."""
    named: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    """What it outlines when asked by name; None: it takes any words."""
    backend: str = ""
    index: bool = False
    """Whether the room has an index of studies to search."""
    adapted: tuple[str, ...] = ()
    """Labels that an adapter of the room tells."""
    request: Request = field(default_factory=Request)
    report: Report | None = None
    """A finished report that the question may be about."""
    done: Plan | None = None
    """Set when the planner is asked again after its plan was carried out: it returns the same plan, which ends the
    question, or the same steps with more behind them."""
    evidence: tuple[Evidence, ...] = ()
    """What the steps done gave, in plan order."""
    said: tuple[str, ...] = ()
    """What tools of other servers answered, which is no evidence."""
    flaws: tuple[Flaw, ...] = ()
    """Set when the planner is asked again because its plan was refused."""

    @property
    def current(self) -> tuple[ImageRef, ...]:
        return tuple(image for image in self.images if image.role == "current")

    @property
    def priors(self) -> tuple[ImageRef, ...]:
        return tuple(image for image in self.images if image.role == "prior")


Planner = Callable[[str, PlanContext], Awaitable[Plan]]
"""Raises ModelFailed where a model cannot plan; the rules then do."""
