"""What a metric counts in one case; an arm's figure is the sum of hits over the sum of what they were counted among."""

from __future__ import annotations

from collections.abc import Iterable

from readingroom.domain.value import Value


class Tally(Value):
    """Hits among so many; of nothing it says nothing, and is left out of no sum."""

    hits: float
    of: float

    def __add__(self, other: Tally) -> Tally:
        return Tally(hits=self.hits + other.hits, of=self.of + other.of)

    @property
    def rate(self) -> float | None:
        """None where there was nothing to count."""
        return self.hits / self.of if self.of else None


def tally(hits: float, of: float) -> Tally:
    """Short for the keywords."""
    return Tally(hits=float(hits), of=float(of))


def counted(outcomes: Iterable[bool]) -> Tally:
    """How many are true, among how many there are."""
    told = tuple(outcomes)
    return tally(sum(told), len(told))


def worst() -> Tally:
    """One miss: what a failed draft is counted as, where more is better."""
    return tally(0, 1)
