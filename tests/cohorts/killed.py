"""A process that is no test: it runs one cohort, killed after random numbers of calls; it prints what was asked.

python -m tests.cohorts.killed FOLDER KILLS
"""

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path

from tests.cohorts.quick import Place, films

ITEMS = 24
AT_ONCE = 4


def child(place: Path) -> int:
    """One process at the cohort, forked from this one, which has loaded everything and has no threads."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        status = int(not Place(place).run("killed", at_once=AT_ONCE).clean)
    finally:
        os._exit(status)


def asked(folder: Path) -> int:
    """Calls of the backend so far."""
    file = folder / "calls"
    return len(file.read_text().splitlines()) if file.exists() else 0


def main() -> None:
    folder, kills = Path(sys.argv[1]), int(sys.argv[2])
    films(folder / "films", ITEMS)
    whole = Place(folder)
    whole.run("whole", at_once=AT_ONCE)
    whole.calls()
    chance, hit = random.Random(11), 0
    for _ in range(kills):
        until = asked(folder) + chance.randint(3, 2 * ITEMS // kills - 6)
        pid = child(folder)
        while asked(folder) < until:
            time.sleep(0.002)
        os.kill(pid, signal.SIGKILL)
        hit += os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    status = os.waitstatus_to_exitcode(os.waitpid(child(folder), 0)[1])
    calls = Counter(Place(folder).calls())
    print(json.dumps({"status": status, "kills": hit, "calls": calls.total(), "different": len(calls)}))


if __name__ == "__main__":
    main()
