"""An error as the record keeps it, so that a run told again meets the same one."""

from __future__ import annotations

from typing import Any

from readingroom import errors
from readingroom.errors import (
    BadFile,
    BadReply,
    BadRequest,
    BadStudy,
    InputRefused,
    NotServed,
    ReadingRoomError,
    RecordError,
    ToolFailed,
)
from readingroom.runs.run import Step

FINAL: tuple[type[BaseException], ...] = (BadFile, BadReply, BadRequest, BadStudy, InputRefused, NotServed, ToolFailed)
"""Answers, if unwelcome ones: asking again gives the same. Matched exactly; a model that is down (Unavailable,
ModelFailed) or credentials that were refused (NotAuthorised) may be in order by then."""


def is_final(error: BaseException) -> bool:
    return type(error) in FINAL


def kept(error: BaseException) -> dict[str, str] | None:
    """What rebuilds it; None for what is none of ours: a fault, or a cancelled call."""
    if not isinstance(error, ReadingRoomError):
        return None
    return {"type": type(error).__name__, "what": error.what, "where": error.where, "do": error.do}


def again(raised: dict[str, Any] | None, step: Step) -> ReadingRoomError:
    """The same error; RecordError where the record does not hold it."""
    kind = getattr(errors, raised["type"], None) if raised else None
    if raised is None or not (isinstance(kind, type) and issubclass(kind, ReadingRoomError)):
        return RecordError(f"step {step.name!r} broke ({step.error})", do="A step that broke cannot be told again.")
    return kind(raised["what"], where=raised["where"], do=raised["do"])
