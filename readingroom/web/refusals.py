"""Errors as the API tells them: a status, one line, and the kind; never a traceback."""

from __future__ import annotations

import logging
import traceback
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from readingroom.errors import (
    BadInput,
    NotAuthorised,
    NotServed,
    ReadingRoomError,
    RecordError,
    ToolFailed,
    Unavailable,
)

LOG = logging.getLogger("readingroom.web")


class NotHere(BadInput):
    """What is asked for is not there, or is another session's."""


class NotEntered(BadInput):
    """Nobody entered: no cookie, an old one, or a token that is not one."""


class Refused(BadInput):
    """A request that a page of ours would not make: another origin, another host, a missing header."""


class Busy(BadInput):
    """Something else has to end first."""


class TooMuch(BadInput):
    """More than one request or one session may give."""


class TooOften(BadInput):
    """Too many wrong tokens from one address."""


STATUS: tuple[tuple[type[ReadingRoomError], int], ...] = (
    (NotHere, 404),
    (NotEntered, 401),
    (Refused, 403),
    (Busy, 409),
    (TooMuch, 413),
    (TooOften, 429),
    (NotAuthorised, 502),
    (BadInput, 400),
    (NotServed, 422),
    (Unavailable, 503),
    (ToolFailed, 502),
    (RecordError, 500),
)
"""The first that fits."""


def status_of(error: ReadingRoomError) -> int:
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def told(error: ReadingRoomError, status: int | None = None) -> JSONResponse:
    return line(status or status_of(error), error.line(), type(error).__name__)


def line(status: int, what: str, kind: str) -> JSONResponse:
    return JSONResponse({"error": what, "kind": kind}, status)


async def ours(request: Request, error: Exception) -> Response:
    """Whatever this package raises on purpose."""
    del request
    if not isinstance(error, ReadingRoomError):
        raise error
    return told(error)


async def http(request: Request, error: Exception) -> Response:
    """No such route, no such method."""
    del request
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    answer = line(status, HTTPStatus(status).phrase.lower(), "NotHere" if status == 404 else "Refused")
    answer.headers.update(headers or {})
    return answer


async def broken(request: Request, error: Exception) -> Response:
    """A bug of ours, logged by kind and place: its text may hold what was sent."""
    del request
    place = traceback.extract_tb(error.__traceback__)[-1]
    LOG.error("%s at %s:%s", type(error).__name__, place.filename.rsplit("/", 1)[-1], place.lineno)
    return line(500, f"a fault of this program ({type(error).__name__})", "Fault")
