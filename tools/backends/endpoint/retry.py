"""How often and when a call is tried again: full jitter, bounded attempts, and one budget for a whole endpoint."""

from __future__ import annotations

import random
from collections.abc import Callable

ATTEMPTS = 6
"""Calls that may fail by infrastructure before the request does; a 429 is no such failure."""
FIRST_WAIT = 0.25
LONGEST_WAIT = 20.0
TOLD_CAP = 120.0
"""Seconds of a Retry-After that are waited for; told longer, the request fails as throttled."""

Draw = Callable[[], float]
"""A number in [0, 1)."""

draw: Draw = random.random


def backoff(failures: int, draw: Draw = draw) -> float:
    """Seconds before the next try after so many failures: uniform in [0, 0.25 x 2^(n-1)], 20 s at most.

    "Full jitter" as in M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015.
    """
    return draw() * min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(failures - 1, 16))


def stretched(told: float, draw: Draw = draw) -> float:
    """A told wait, and up to a tenth of it (a second at most) on top, so that not all clients come back at once."""
    return told + draw() * min(1.0, 0.1 * told)


class Budget:
    """Retries that an endpoint's calls have earned: a tenth of the calls, a few to start with, and one every second.

    It keeps an endpoint in trouble from being asked several times as often as one in health.
    """

    def __init__(self, share: float = 0.1, least: float = 10.0, most: float = 100.0, a_second: float = 1.0) -> None:
        self._share, self._least, self._most, self._a_second = share, least, most, a_second
        self._left = least
        self._seen = 0.0

    def earn(self) -> None:
        """A request was begun."""
        self._left = min(self._most, self._left + self._share)

    def spend(self, now: float) -> bool:
        """Whether one more retry may be made at steady time `now`."""
        if self._seen and self._left < self._least:
            self._left = min(self._least, self._left + max(0.0, now - self._seen) * self._a_second)
        self._seen = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
