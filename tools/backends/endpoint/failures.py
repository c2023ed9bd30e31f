"""What can go wrong on the way to an answer, before it is decided whether to try again."""

from __future__ import annotations

from typing import Literal

from readingroom.errors import Unavailable

How = Literal["connect", "broken", "timeout"]
"""connect: no connection came about; broken: it ended before the answer did; timeout: no whole answer in time."""


class Interrupted(Unavailable):
    """No whole answer came; what had come of it was thrown away unread."""

    def __init__(self, how: How, what: str, *, where: str, do: str = "Try again later.") -> None:
        super().__init__(what, where=where, do=do)
        self.how = how


class TimedOut(Unavailable):
    """The model did not answer in time; a request of several rows may succeed in halves."""
