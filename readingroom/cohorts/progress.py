"""How far a cohort is: counted as items end, told as often as somebody wants to look."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field

from readingroom.cohorts.estimate import Estimate
from readingroom.cohorts.item import Outcome
from readingroom.cohorts.traffic import Traffic

WINDOW = 30.0
"""Seconds over which the rate is that of now."""
BEYOND = 1.1
"""Share above which the estimate was wrong: the calls that it was made from were slowed by something else."""


@dataclass
class Progress:
    """Of one session."""

    total: int
    """Items of the manifest."""
    before: int
    """Of them, ended in earlier sessions."""
    traffic: Traffic
    estimate: Estimate | None = None
    ended: Counter[str] = field(default_factory=Counter)
    """Of this session, by status."""
    cost: float = 0.0
    began: float = field(default_factory=time.monotonic)
    _times: deque[float] = field(default_factory=deque)

    def count(self, outcome: Outcome) -> None:
        self.ended[outcome.status] += 1
        self.cost += outcome.cost.cost or 0.0
        now = time.monotonic()
        self._times.append(now)
        while self._times[0] < now - WINDOW:
            self._times.popleft()

    @property
    def left(self) -> int:
        return self.total - self.before - self.ended.total()

    @property
    def rate(self) -> float:
        """Items a second, lately."""
        span = min(WINDOW, time.monotonic() - self.began)
        return sum(at >= time.monotonic() - WINDOW for at in self._times) / span if span > 0 else 0.0

    @property
    def share(self) -> float | None:
        """Of the limit; None where none is known."""
        bound = self.estimate.bound if self.estimate else None
        return self.rate / bound.rate if bound else None

    @property
    def seconds_left(self) -> float | None:
        return self.left / self.rate if self.rate else None

    def line(self) -> str:
        """ "1,204 of 10,000 | 15.9/s, 98 % of the limit | 9 min left | 3 failed | 41 of 1,267 calls repeated"."""
        parts = [f"{self.before + self.ended.total():,} of {self.total:,}", f"{self.rate:.1f}/s"]
        if self.share is not None:
            told = f"{self.share:.0%} of the limit" if self.share < BEYOND else "above the limit that was estimated"
            parts[-1] += f", {told}"
        if self.left and self.seconds_left is not None:
            parts.append(f"{spoken(self.seconds_left)} left")
        parts += [f"{self.ended[status]:,} {status}" for status in ("failed", "partial") if self.ended[status]]
        if self.traffic.retried:
            parts.append(f"{self.traffic.retried:,} of {self.traffic.calls:,} calls repeated")
        if self.cost:
            parts.append(f"{self.cost:.2f} spent")
        return " | ".join(parts)


def spoken(seconds: float) -> str:
    """ "45 s", "12 min", "3.4 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
