"""How much one browser may give and ask for: every cap of the page in one place."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True)
class PageLimits:
    """Caps that keep one session from filling the disk, the memory or the processors."""

    upload_bytes: int = 1024 * MIB
    """Of one request with files, and of all that a zip among them holds once unpacked."""
    upload_files: int = 4000
    """Of one request, those of a zip among them."""
    json_bytes: int = 1 * MIB
    """Of a request without files; a report with its edits has a tenth of it."""
    zip_ratio: int = 200
    """Unpacked to packed, as imaging/limits.py has it; medical data stay under 30."""
    zip_floor: int = 32 * MIB
    """A zip that stays this small is taken whatever its ratio."""
    session_bytes: int = 4096 * MIB
    """Of everything that one session has uploaded."""
    studies: int = 64
    """Of one session."""
    chats: int = 200
    """Of one session."""
    working: int = 4
    """Turns of one session at work at the same time; more are refused until one has ended."""
    decoded_bytes: int = 1536 * MIB
    """Of decoded studies that are held for the viewer and the chats."""
    question: int = 20_000
    """Characters of one question."""
    sentences: int = 500
    """Of one edited report."""
    versions: int = 200
    """Of one report."""
    streams: int = 32
    """Event streams of one session at the same time."""
    sessions: int = 256
    wrong_tokens: int = 10
    """Within a minute, from one address; then it waits."""
