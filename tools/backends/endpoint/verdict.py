"""What an answer's status and headers mean for the next step."""

from __future__ import annotations

import email.utils
import math
from collections.abc import Mapping
from typing import Literal

Verdict = Literal["answered", "throttled", "failed", "timeout", "refused", "unauthorised", "forbidden", "absent"]
"""answered: read the body. throttled: too much at once. failed: infrastructure or a broken model, worth another try.
timeout: scoring ran past its time. refused: our input, never sent again. unauthorised: the bearer is old or wrong.
forbidden: the bearer is known and may not. absent: nothing serves at this address, or not this way."""

MODEL_STATUS = "ms-azureml-model-error-statuscode"

_STATUSES: dict[int, Verdict] = {
    200: "answered", 400: "refused", 401: "unauthorised", 403: "forbidden", 408: "timeout", 413: "refused",
    422: "refused", 429: "throttled", 501: "absent", 505: "absent",
}  # fmt: skip


def verdict_of(status: int, headers: Mapping[str, str]) -> Verdict:
    """By the published table of managed online endpoints.

    424 means that the model answered something else than 200 and tells what in a header: a 4xx is our input, a 5xx
    the model's failure. Without that header it comes from an instance whose probes fail, as while it starts, so it is
    worth another try.
    """
    if status == 424:
        model = headers.get(MODEL_STATUS, "").strip()
        if not (model.isascii() and model.isdigit()) or not 400 <= int(model) < 500:
            return "failed"
        return {408: "timeout", 429: "throttled"}.get(int(model), "refused")  # type: ignore[return-value]
    if status in _STATUSES:
        return _STATUSES[status]
    return "failed" if status >= 500 else "absent"


def told_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that the server asks to wait, at wall time `now`; None where it says nothing that makes sense.

    `retry-after-ms` and `x-ms-retry-after-ms` go before `Retry-After` in seconds or as an HTTP date (RFC 9110
    10.2.3). Negative, infinite and unreadable values, and dates that have passed, say nothing.
    """
    for name, unit in (("retry-after-ms", 1000.0), ("x-ms-retry-after-ms", 1000.0), ("retry-after", 1.0)):
        told = headers.get(name, "").strip()
        if not told:
            continue
        try:
            seconds = float(told) / unit
        except ValueError:
            seconds = _until(told, now)
        if math.isfinite(seconds) and seconds > 0:
            return seconds
    return None


def _until(date: str, now: float) -> float:
    try:
        return email.utils.parsedate_to_datetime(date).timestamp() - now
    except (ValueError, OverflowError):
        return math.nan
