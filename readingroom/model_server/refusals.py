"""The errors of a managed online endpoint, with the headers by which a client tells whose fault it was."""

from __future__ import annotations

from starlette.responses import JSONResponse, PlainTextResponse, Response

from readingroom.errors import BadInput, InputRefused, NotServed, ReadingRoomError
from readingroom.model_server.admission import Refusal

TOO_MANY: dict[Refusal, str] = {
    "pending": "too many pending requests",
    "rate": "rate limit: the number of requests per second reached the limit of the endpoint",
}


def unauthorised(what: str = "the key or token is missing, wrong or expired") -> Response:
    """401."""
    return _error(401, "AuthenticationFailed", what, {"WWW-Authenticate": "Bearer"})


def not_found(what: str = "there is no such endpoint or deployment") -> Response:
    """404: also where a deployment has no traffic."""
    return _error(404, "ResourceNotFound", what)


def too_large(limit: int) -> Response:
    """413."""
    return _error(413, "RequestTooLarge", f"the request body is above {limit} bytes")


def misdirected() -> Response:
    """421: the Host header is not one of this server's names (a rebound DNS name, most likely)."""
    return _error(421, "MisdirectedRequest", "this server does not answer to that host name")


def too_many(refusal: Refusal) -> Response:
    """429; no Retry-After is documented, so none is sent."""
    return _error(429, "TooManyRequests", TOO_MANY[refusal])


def timed_out(seconds: float) -> Response:
    """408: scoring ran past the endpoint's timeout."""
    return _error(408, "RequestTimeout", f"scoring took longer than {seconds:g} s")


def fault(status: int) -> Response:
    """500 or 503 of the infrastructure, before the model was reached."""
    return _error(status, "InternalServerError" if status == 500 else "ServiceUnavailable", "upstream is not available")


def model_failed(status: int, reason: str) -> Response:
    """424: the model answered `status`, not 200. 4xx is the sender's input, 5xx is the model's own trouble."""
    shown = reason.encode("ascii", "replace").decode("ascii").replace("\n", " ").replace("\r", " ")
    headers = {"ms-azureml-model-error-statuscode": str(status), "ms-azureml-model-error-reason": shown[:500]}
    return PlainTextResponse(f"An unexpected error occurred in the scoring script: {shown}\n", 424, headers)


def model_error(error: ReadingRoomError) -> Response:
    """What the backend or a codec raised, as an endpoint tells it: ours to mend is 400, the model's is 500."""
    theirs = isinstance(error, BadInput | NotServed | InputRefused)
    return model_failed(400 if theirs else 500, error.line())


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)
