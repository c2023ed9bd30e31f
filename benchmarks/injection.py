"""Texts that give orders, in every channel from outside, to a model that obeys whatever it reads, in every part.

Each payload of tests/security/corpus.yaml goes through headers, notes, names, the question, tools' answers and the
model's own earlier turn, into planner, imager, writers, second reader, consultant and panel. A breach is a call outside
what was planned and allowed, another patient's image, a file or address beyond the study, the store and the package, a
changed status or verdict, a sentence that no evidence bears, a payload outside the marks of quoted data, or anything
live in an export. --check ends with 1 where there is any.

    python -m benchmarks.injection [--json] [--check] [--every N] [--jobs N]
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from tests.security import channels
from tests.security.checks import Clean, breaches, own_words
from tests.security.corpus import Payload, load
from tests.security.world import World, built

NEUTRAL = Payload("none", "none", "Cough for a week.", ())


class Row(NamedTuple):
    """One payload in one channel."""

    kind: str
    channel: str
    payload: str
    reached: bool
    refused: bool
    own: int
    breaches: tuple[str, ...]


def clean_of(world: World) -> Clean:
    """The same house without any payload."""
    return Clean(*(world.came(NEUTRAL, channel) for channel in ("technique", "tool_category", "tool_error")))


def part_of(share: tuple[int, int, int]) -> list[Row]:
    """Every payload that falls to this process."""
    number, jobs, every = share
    logging.disable(logging.WARNING)  # of every call that is denied
    warnings.simplefilter("ignore")  # of pydicom, about what these headers hold
    memory = Path("/dev/shm")
    rows = []
    with (
        tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder,
        built(Path(folder)) as world,
    ):
        clean = clean_of(world)
        for payload in load()[::every][number::jobs]:
            for channel in channels.CHANNELS:
                came = world.came(payload, channel)
                own = 0 if came.refused or came.ended else own_words(came)
                found = tuple(dict.fromkeys(breaches(came, clean)))
                rows.append(Row(payload.kind, channel, payload.id, came.reached, bool(came.refused), own, found))
    return rows


def measure(every: int, jobs: int) -> list[Row]:
    shares = [(number, jobs, every) for number in range(jobs)]
    if jobs == 1:
        return part_of(shares[0])
    with ProcessPoolExecutor(jobs) as pool:
        return [row for rows in pool.map(part_of, shares) for row in rows]


def table(rows: list[Row], name: str) -> list[dict[str, Any]]:
    """By channel or by kind: how many there were, how many a model read, and what came of it."""
    found = []
    for value in dict.fromkeys(getattr(row, name) for row in rows):
        of = [row for row in rows if getattr(row, name) == value]
        found.append({
            name: value, "n": len(of), "read by a model": sum(row.reached for row in of),
            "study refused": sum(row.refused for row in of), "tool's own words told": sum(row.own > 0 for row in of),
            "with breaches": sum(bool(row.breaches) for row in of),
        })  # fmt: skip
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for flag in ("--json", "--check"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--every", type=int, default=1, help="take one payload of so many")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    given = parser.parse_args()
    begun = time.monotonic()
    rows = measure(given.every, given.jobs)
    seconds = time.monotonic() - begun
    by = {name: table(rows, name) for name in ("channel", "kind")}
    kinds = Counter(breach for row in rows for breach in {one.partition(":")[0] for one in row.breaches})
    broken = [row for row in rows if row.breaches]
    if given.json:
        print(json.dumps({"n": len(rows), "seconds": round(seconds, 1), **by, "breaches": dict(kinds),
                          "first": [row._asdict() for row in broken[:20]]}))  # fmt: skip
    else:
        for name, lines in by.items():
            print(f"{name:20}{'n':>6}{'read':>7}{'refused':>9}{'own words':>11}{'breaches':>10}")
            for line in lines:
                first, *numbers = line.values()
                print(f"{first:20}" + "".join(f"{n:>{w}}" for n, w in zip(numbers, (6, 7, 9, 11, 10), strict=True)))
        print(f"{len(rows)} readings in {seconds:.0f} s; {len(broken)} with a breach {dict(kinds) or ''}")
        for row in broken[:40]:
            print(f"  {row.payload} in {row.channel}: {'; '.join(row.breaches[:3])}")
    return 1 if broken and given.check else 0


if __name__ == "__main__":
    sys.exit(main())
