"""What goes over the wire while a cohort runs, counted at the one door through which calls leave."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

DOOR = logging.getLogger("readingroom.egress")
"""It tells, for debugging, the host, the status and the size of every answer (backends/endpoint/egress.py)."""


@dataclass
class Traffic:
    """Answers of endpoints in this process."""

    statuses: Counter[int] = field(default_factory=Counter)
    bytes_in: int = 0

    @property
    def retried(self) -> int:
        """Answers that were none: throttled, or failed by infrastructure."""
        return sum(count for status, count in self.statuses.items() if status in (408, 429) or status >= 500)

    @property
    def calls(self) -> int:
        return self.statuses.total()


@contextmanager
def counted() -> Iterator[Traffic]:
    """Counts while the block lasts; nothing more is logged than was before."""
    traffic, level = Traffic(), DOOR.level
    shown = DOOR.isEnabledFor(logging.DEBUG)

    def count(record: logging.LogRecord) -> bool:
        if record.levelno == logging.DEBUG and isinstance(record.args, tuple) and len(record.args) == 3:
            traffic.statuses[int(str(record.args[1]))] += 1
            traffic.bytes_in += int(str(record.args[2]))
        return shown or record.levelno > logging.DEBUG

    DOOR.addFilter(count)
    DOOR.setLevel(logging.DEBUG)
    try:
        yield traffic
    finally:
        DOOR.setLevel(level)
        DOOR.removeFilter(count)
