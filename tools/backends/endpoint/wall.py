"""The wall's clock, for what others tell in its time: the end of a token, a date to come back at."""

from __future__ import annotations

import time
from collections.abc import Callable

Wall = Callable[[], float]
"""Seconds since 1970. Everything else counts on the event loop's steady clock."""

wall: Wall = time.time
