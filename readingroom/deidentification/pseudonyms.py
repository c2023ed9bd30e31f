"""What stands in place of names, numbers and dates: by keyed hash, so that the same stays the same here alone."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import date, timedelta

from pydicom.uid import UID

STANDARD = "1.2.840.10008."
"""The standard's own UIDs: kinds of objects, transfer syntaxes, coding schemes."""
_UID = re.compile(r"[0-9.]{1,64}")
_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")
_MOMENT = re.compile(r"(\d{8})((?:\d{2}){0,3}(?:\.\d{1,6})?(?:[+-]\d{4})?)")
_TIME = re.compile(r"(?:\d{2}:?){1,3}(?:\.\d{1,6})?")
NEAREST, FARTHEST = 365, 3650
"""Days by which dates may move back."""


def keyed(key: bytes, what: str, text: str) -> bytes:
    """HMAC-SHA256 of `text`; `what` keeps the same text apart in different uses."""
    return hmac.new(key, f"{what}\x1f{text}".encode(errors="replace"), hashlib.sha256).digest()


def name_of(key: bytes, what: str, text: str) -> str:
    """12 hexadecimal digits for a folder or file."""
    return keyed(key, what, text).hex()[:12]


def uid_of(given: str, key: bytes) -> UID:
    """A new UID under 2.25 from the first 120 bits of a keyed hash (PS3.5 B.2); the standard's own stay."""
    given = given.strip("\0 ")
    if not given or (given.startswith(STANDARD) and _UID.fullmatch(given)):
        return UID(given)
    return UID(f"2.25.{int.from_bytes(keyed(key, 'uid', given)[:15], 'big')}")


def days_of(subject: str, key: bytes) -> int:
    """By how many days this patient's dates move back."""
    return NEAREST + int.from_bytes(keyed(key, "days", subject)[:4], "big") % (FARTHEST - NEAREST)


def moved(text: str, kind: str, days: int) -> str | None:
    """A date (DA) or moment (DT) `days` earlier, a time of day (TM) as it is; None where it is none."""
    text = text.strip("\0 ")
    if kind == "TM":
        return text if _TIME.fullmatch(text) else None
    found = _DATE.fullmatch(text) if kind == "DA" else _MOMENT.fullmatch(text)
    if not found:
        return None
    digits = "".join(found.groups()) if kind == "DA" else found[1]
    try:
        then = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])) - timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return f"{then.year:04d}{then.month:02d}{then.day:02d}" + ("" if kind == "DA" else found[2])
