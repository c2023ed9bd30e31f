"""A circuit breaker: an endpoint that keeps failing is left alone for a while, and then asked once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from readingroom.errors import Unavailable

FAILURES = 8
"""In a row; with one call in twenty failing by chance that happens once in 10^10 calls."""
FIRST_COOL = 15.0
LONGEST_COOL = 300.0


Outcome = Literal["alive", "failed", "unknown"]
"""alive: it answered, whatever; failed: infrastructure; unknown: given up before anything came of it."""


class Breaker:
    """Counts failures of infrastructure in a row. Times are seconds of the event loop's steady clock."""

    def __init__(self, where: str, failures: int = FAILURES) -> None:
        self._where, self._failures = where, failures
        self._row = 0
        self._cool = FIRST_COOL
        self._until: float | None = None
        self._last = ""
        self._probing = False

    def admit(self, now: float) -> bool:
        """Before a call: whether it is the one that finds out. Raises Unavailable while the endpoint is left alone."""
        if self._until is None:
            return False
        if self._probing or now < self._until:
            wait = max(1.0, self._until - now)
            when = datetime.now().astimezone() + timedelta(seconds=wait)
            raise Unavailable(
                f"unavailable, {self._row} calls failed in a row, the last with {self._last}",
                where=self._where,
                do=f"It is asked again in {wait:.0f} s, at {when:%H:%M:%S}.",
            )
        self._probing = True
        return True

    def record(self, outcome: Outcome, now: float, *, probe: bool, what: str = "") -> None:
        """After every admitted call, with what `admit` said of it and, where it failed, how."""
        if probe:
            self._probing = False
        if outcome == "alive":
            self._row, self._cool, self._until = 0, FIRST_COOL, None
        elif outcome == "failed":
            self._row, self._last = self._row + 1, what
            if probe:
                self._cool = min(LONGEST_COOL, 2 * self._cool)
            if probe or (self._until is None and self._row >= self._failures):
                self._until = now + self._cool

    def trip(self, now: float, what: str) -> None:
        """Leave the endpoint alone now: it answers, but has let nothing through for as long as a request may take."""
        self._row, self._last = max(self._row, self._failures), what
        self._until = now + self._cool
