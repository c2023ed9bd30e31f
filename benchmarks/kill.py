"""SIGKILL at random moments: every run that is gone on with ends with the same report, and repeats next to nothing.

    python benchmarks/kill.py --runs 200 --check

Each run is a process of its own, killed up to three times; --check exits 1 where a promise is broken.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quick_backend import quick_room, timeless, write_film

from readingroom.runs.history import History

MOST_KILLS = 3
SHAPES: dict[str, dict[str, Any]] = {
    "one step after another": {"workflow": "segment_and_measure"},
    "three steps at a time": {"prior": "b.png", "stated": {"modality": "x_ray", "anatomy": "chest", "view": "PA"}},
}
"""The first classifies, outlines, measures; the second outlines two films and drafts, measures both, compares."""


@dataclass
class Tally:
    """What came of all runs."""

    runs: int = 0
    kills: int = 0
    """Of a process that had not ended."""
    before: int = 0
    """Of those, before the run had begun."""
    resumed: int = 0
    in_flight: int = 0
    """Calls without an answer on record, over all kills."""
    calls: int = 0
    """Of the backend."""
    repeated: int = 0
    """Calls of the backend that it had had before."""
    most: int = 0
    """Repeated in one run of one step after another, beyond one a kill; 0 keeps the promise."""
    faults: list[str] = field(default_factory=list)


def go(folder: Path, shape: dict[str, Any]) -> None:
    """Begin a run, or go on with the one that is there."""
    room = quick_room(folder, folder / "calls")
    if room.store.runs():
        room.wait_for(room.resume("last"))
        return
    named = {**shape, **({"prior": folder / shape["prior"]} if "prior" in shape else {})}
    room.draft_sync(folder / "a.png", **named)


def child(folder: Path, shape: dict[str, Any]) -> int:
    """`go` in a process of its own, by its id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        go(folder, shape)
    except BaseException:  # noqa: BLE001 - whatever it is, this process must not go on as its parent
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def ended(pid: int, within: float) -> int | None:
    """The exit status, or None where the process was still at it and has been killed."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.0005)
    os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return None if status == -signal.SIGKILL else status


def prepared(place: Path, index: int) -> Path:
    folder = place / str(index)
    folder.mkdir()
    for seed, name in enumerate(("a.png", "b.png")):
        write_film(folder / name, seed)
    return folder


def one(folder: Path, name: str, seconds: float, chance: random.Random, tally: Tally) -> int:
    """One run to its end, with how many kills on the way."""
    kills = 0
    while True:
        last = kills == MOST_KILLS or (kills and chance.random() < 0.3)
        status = ended(child(folder, SHAPES[name]), 60 if last else chance.uniform(0, 1.1 * seconds))
        if status is not None:
            if status:
                tally.faults.append(f"{folder.name}: a process ended with status {status}")
            return kills
        kills += 1
        tally.kills += 1
        runs = quick_room(folder, folder / "calls").store.runs()
        tally.before += not runs
        if runs and runs[0].status == "done":
            return kills
        tally.resumed += bool(runs)


def judge(folder: Path, name: str, kills: int, expected: str, tally: Tally) -> None:
    room = quick_room(folder, folder / "calls")
    runs = room.runs()
    if len(runs) != 1 or runs[0].status != "done":
        tally.faults.append(f"{folder.name}: {[run.status for run in runs]} after {kills} kills")
        return
    if timeless(room.report(runs[0].id)) != expected:
        tally.faults.append(f"{folder.name}: another report after {kills} kills")
    if not room.verify_run(runs[0].id).intact:
        tally.faults.append(f"{folder.name}: the journal is broken")
    calls = Counter((folder / "calls").read_text().splitlines())
    repeated = calls.total() - len(calls)
    history = room.store.history(runs[0].id)
    tally.faults += [f"{folder.name}: {fault}" for fault in asked_again(history)]
    tally.in_flight += sum(len(event.said["lost"]) for event in history.events if event.kind == "resumed")
    tally.calls += calls.total()
    tally.repeated += repeated
    if name == "one step after another":
        tally.most = max(tally.most, repeated - kills)


def asked_again(history: History) -> list[str]:
    """Steps that were called though their answer was on record, and any called more often than it was cut off."""
    faults, answered, called, lost = [], set(), Counter[str](), Counter[str]()
    keys = {step.number: step.key for step in history.steps}
    for event in history.events:
        key = keys.get(event.said.get("step", 0), "")
        if event.kind == "intent":
            called[key] += 1
            if key in answered:
                faults.append(f"{event.said['name']} was asked again")
        elif event.kind == "result":
            answered.add(key)
        elif event.kind == "resumed":
            lost.update(keys[number] for number in event.said["lost"])
    return faults + [f"a call was made {times} times" for key, times in called.items() if times > 1 + lost[key]]


def measured(runs: int, seed: int) -> Tally:
    """Raises SystemExit where this process has threads, with which it must not fork."""
    tally, chance = Tally(runs=runs), random.Random(seed)
    place = Path(tempfile.mkdtemp(prefix="kill-"))
    try:
        expected: dict[str, tuple[str, float]] = {}
        for number, (name, shape) in enumerate(SHAPES.items()):
            folder = prepared(place, -1 - number)
            go(folder, shape)  # in this process, so that what it loads is loaded in all that follow
            shutil.rmtree(folder / "data")
            began = time.monotonic()
            if ended(child(folder, shape), 60):
                raise SystemExit("a run that nobody killed did not end")
            took = time.monotonic() - began
            expected[name] = timeless(quick_room(folder, folder / "calls").report("last")), took
        if threading.active_count() > 1:
            raise SystemExit("threads are left over: forking would not be safe")
        for index in range(runs):
            name = list(SHAPES)[index % len(SHAPES)]
            folder = prepared(place, index)
            kills = one(folder, name, expected[name][1], chance, tally)
            judge(folder, name, kills, expected[name][0], tally)
            shutil.rmtree(folder)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    began = time.monotonic()
    tally = measured(given.runs, given.seed)
    print(json.dumps({**vars(tally), "seconds": round(time.monotonic() - began, 1)}, indent=2))
    broken = tally.faults or tally.most > 0 or tally.repeated > tally.in_flight
    if given.check and broken:
        sys.exit(1)


if __name__ == "__main__":
    main()
