"""What happens while a question is answered, as it happens: for terminals, pages and logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from readingroom.domain.check import Verification
from readingroom.domain.plan import Plan
from readingroom.domain.value import Value


class Planned(Value):
    """A plan stands; where approval is asked for, nothing runs before it is given."""

    kind: Literal["plan"] = "plan"
    plan: Plan


class Started(Value):
    """A tool call begins."""

    kind: Literal["started"] = "started"
    step: str
    tool: str
    agent: str = ""


class Ended(Value):
    """A tool call is done, with what it gave: ids of evidence, or the error in one line."""

    kind: Literal["ended"] = "ended"
    step: str
    evidence: tuple[str, ...] = ()
    error: str = ""
    from_record: bool = False
    """Answered from the record, not by the tool."""


class Said(Value):
    """A piece of text of a model or a writer, in order."""

    kind: Literal["said"] = "said"
    agent: str
    text: str


class Judged(Value):
    """The verifier's verdicts on what was written."""

    kind: Literal["judged"] = "judged"
    verification: Verification


class Stopped(Value):
    """A budget ran out, the user cancelled, or a model failed; what is there is used and marked partial."""

    kind: Literal["stopped"] = "stopped"
    reason: str


Event = Planned | Started | Ended | Said | Judged | Stopped
Tell = Callable[[Event], None]
