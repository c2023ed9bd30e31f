"""Standard output as pipes, small alphabets and full disks leave it: nothing of them ends in a traceback."""

from __future__ import annotations

import codecs
import os
import sys
from io import TextIOWrapper

from readingroom.errors import RecordError

SPELLED = "readingroom.spelled"


def _spelled(error: UnicodeError) -> tuple[str, int]:
    """What the terminal's alphabet lacks as JSON spells it, so that JSON stays JSON."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)), error.end


codecs.register_error(SPELLED, _spelled)


def prepare() -> None:
    """Closed streams go nowhere; what cannot be encoded is spelled out on both: "\\u2713" in an ASCII terminal."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - as long as the process lives
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=SPELLED)


def flush() -> None:
    """All that was printed is out. A reader who has left, as `head` does, has what they wanted.

    Raises RecordError where it cannot be written.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _nowhere()
    except OSError as error:
        _nowhere()
        raise unwritten(error) from error


def unwritten(error: OSError) -> RecordError:
    """A disk that failed somewhere, as one of ours."""
    what = f"cannot be read or written ({error.strerror or type(error).__name__})"
    where = str(error.filename or "standard output or a file")
    return RecordError(what, where=where, do="Free some space or mend its permissions, or name another place.")


def _nowhere() -> None:
    """What is left in the buffer goes nowhere, and not into an error when the interpreter ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
