"""The program's door: Ctrl-C is told in one line from the first moment, also while the command line is being loaded."""

from __future__ import annotations

import os
import signal
from types import FrameType

from readingroom.later import Later

cli = Later("readingroom.cli")

STOPPED = 130


def _stopped(number: int, frame: FrameType | None) -> None:
    """Ends at once: nothing is begun yet, and an exception inside an import may come out as any other."""
    del number, frame
    os.write(2, b"readingroom: stopped\n")
    os._exit(STOPPED)


def main() -> None:
    """`readingroom.cli.main`, with a handler of its own for as long as the modules load."""
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # a shell may have it ignored
    if ours:
        signal.signal(signal.SIGINT, _stopped)
    run = cli.main
    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    main()
