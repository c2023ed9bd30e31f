"""The libraries' own logs are dropped while this package uses them: they write URLs, and hpack writes bearers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

NOISY = frozenset({"httpx", "httpcore", "hpack", "h2", "h11", "azure", "msal", "httpx2", "httpcore2", "aiohttp",
                   "openai", "semantic_kernel"})  # fmt: skip
"""httpx logs the URL at INFO, httpcore headers of answers and hpack every header field at DEBUG, semantic_kernel the
arguments of calls at INFO."""

_ours: ContextVar[bool] = ContextVar("readingroom_quiet", default=False)


class _Unless(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return not _ours.get()


_UNLESS = _Unless()
_hushed = [0]
"""How many loggers there were when they were last looked through."""


def hush() -> None:
    """To be called once those libraries are loaded: a filter of a logger does not reach the loggers below it."""
    known = logging.root.manager.loggerDict
    if len(known) == _hushed[0]:  # loggers are never taken away: as many as before are the same
        return
    for name in list(known):
        if name.split(".")[0] in NOISY:
            logging.getLogger(name).addFilter(_UNLESS)
    _hushed[0] = len(known)


@contextmanager
def quiet() -> Iterator[None]:
    """Within it nothing of those loggers is written, at any level; what other code logs through them stays."""
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)
