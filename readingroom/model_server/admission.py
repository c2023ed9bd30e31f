"""Who may enter an endpoint: the documented rules on requests in flight and requests a second."""

from __future__ import annotations

import random
from collections import deque
from typing import Literal

from readingroom.model_server.limits import Limits

Refusal = Literal["pending", "rate"]
"""More in flight than 2 x concurrency x instances; or more requests within a second than the endpoint takes."""


class Admission:
    """Counts what is in flight and what came within the last second. Times are seconds of any steady clock."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.in_flight = 0
        self._came: deque[float] = deque()

    def enter(self, now: float) -> Refusal | None:
        """None: admitted, and `leave` must follow. A refused request counts for neither rule."""
        rate = self.limits.requests_per_second
        while self._came and self._came[0] <= now - 1:
            self._came.popleft()
        if rate is not None and len(self._came) >= rate:
            return "rate"
        if self.in_flight >= self.limits.in_flight:
            return "pending"
        self._came.append(now)
        self.in_flight += 1
        return None

    def leave(self) -> None:
        """The answer of an admitted request is on its way."""
        self.in_flight -= 1


class Pipe:
    """One direction of an endpoint's bandwidth: bytes go through one after the other, none is refused."""

    def __init__(self, rate: float | None) -> None:
        self.rate = rate
        self._free = 0.0

    def delay(self, size: int, now: float) -> float:
        """Seconds until `size` bytes that are here now are through."""
        if self.rate is None:
            return 0.0
        self._free = max(self._free, now) + size / self.rate
        return self._free - now


class Faults:
    """Draws the requests that fail before the model is reached, the same ones for the same seed."""

    def __init__(self, limits: Limits) -> None:
        self.rate = limits.faults
        self._draws = random.Random(limits.seed)  # noqa: S311  # a simulator's faults, nothing secret

    def draw(self) -> Literal[500, 503] | None:
        if self._draws.random() >= self.rate:
            return None
        return 503 if self._draws.random() < 0.5 else 500
