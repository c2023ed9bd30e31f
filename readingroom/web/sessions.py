"""Who has entered: one-use tokens that become cookies, compared in constant time, and wrong ones slowed down."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from readingroom.web.limits import PageLimits
from readingroom.web.refusals import NotEntered, TooMuch, TooOften

TOKEN_BYTES = 32
"""256 bits."""
MINUTE = 60.0
OWNER = "owner"
"""The session of whoever started the server on this machine, in however many of their browsers."""


@dataclass(frozen=True)
class Session:
    """What one who entered may see: their own, and the owner of the home all of its runs."""

    id: str

    @property
    def owner(self) -> bool:
        return self.id == OWNER


@dataclass
class Doors:
    """All tokens and cookies of one process; only their digests are kept."""

    limits: PageLimits
    clock: Callable[[], float] = time.monotonic
    _tokens: dict[bytes, str] = field(default_factory=dict)
    _cookies: dict[bytes, Session] = field(default_factory=dict)
    _wrong: dict[str, deque[float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def token(self, session: str = "") -> str:
        """A new one-use token; for a session of its own unless one is named. Raises TooMuch."""
        made = secrets.token_urlsafe(TOKEN_BYTES)
        with self._lock:
            if len(self._tokens) + len(self._cookies) >= self.limits.sessions:
                raise TooMuch(f"there are {self.limits.sessions} sessions", do="Start the server anew.")
            self._tokens[_digest(made)] = session or f"s-{secrets.token_hex(8)}"
        return made

    def enter(self, token: str, address: str) -> tuple[Session, str]:
        """The session and its cookie. Raises NotEntered for a token that was used or never was, TooOften."""
        with self._lock:
            self._slow(address)
            named = _found(self._tokens, token)
            if named is None:
                self._wrong.setdefault(address, deque()).append(self.clock())
                raise NotEntered("this link was used, or is none of ours", do="Take the one that the server printed.")
            session, cookie = Session(self._tokens.pop(named)), secrets.token_urlsafe(TOKEN_BYTES)
            self._cookies[_digest(cookie)] = session
        return session, cookie

    def session(self, cookie: str) -> Session:
        """Raises NotEntered."""
        with self._lock:
            named = _found(self._cookies, cookie)
            if named is None:
                raise NotEntered("nobody has entered here", do="Open the link that `readingroom serve` printed.")
            return self._cookies[named]

    def _slow(self, address: str) -> None:
        """Raises TooOften after so many wrong tokens from one address within a minute."""
        for known in [one for one, times in self._wrong.items() if not times or self.clock() - times[-1] > MINUTE]:
            del self._wrong[known]
        times = self._wrong.get(address, deque())
        while times and self.clock() - times[0] > MINUTE:
            times.popleft()
        if len(times) >= self.limits.wrong_tokens:
            raise TooOften("too many wrong links from this address", do="Wait a minute.")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _found(known: dict[bytes, object] | dict[bytes, str] | dict[bytes, Session], given: str) -> bytes | None:
    """Every one is compared, each in constant time."""
    digest = _digest(given)
    matches = [one for one in known if hmac.compare_digest(one, digest)]
    return matches[0] if matches else None
