"""What the commands about cohorts print: for people by default, JSON with --json; progress on standard error."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from readingroom.cohorts.cohort import Standing
from readingroom.cohorts.estimate import Estimate
from readingroom.cohorts.progress import Progress, spoken
from readingroom.exports.terminal import plain

EVERY = 5.0
"""Seconds between two lines where there is no terminal."""
REDRAWN = 0.25
"""The same where there is one."""


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 2000, highlight=False)


@contextmanager
def watching() -> Iterator[Callable[[Progress], None]]:
    """The estimate once it is there, then how far it is: one line that moves, or one every few seconds in a pipe."""
    console = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else 2000)
    told: list[Estimate] = []
    last = time.monotonic() - EVERY
    with console.status("reading the manifest") as status:

        def tell(progress: Progress) -> None:
            nonlocal last
            if progress.estimate and progress.estimate not in told:
                told.append(progress.estimate)
                console.print(plain(sentence(progress.estimate)))
            now = time.monotonic()
            if now - last < (REDRAWN if console.is_terminal else EVERY) and progress.left:
                return
            last = now
            if console.is_terminal:
                status.update(plain(progress.line()))
            else:
                console.print(plain(progress.line()))

        yield tell


@contextmanager
def reading() -> Iterator[Callable[[int], None]]:
    """How many items of a manifest were read, where that takes long."""
    console = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else 2000)
    last = time.monotonic()
    with console.status("reading the manifest") as status:

        def tell(count: int) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last < (REDRAWN if console.is_terminal else EVERY):
                return
            last, line = now, f"reading the manifest: {count:,} items"
            status.update(line) if console.is_terminal else console.print(line)

        yield tell


def sentence(found: Estimate) -> str:
    """ "10,000 items, 9,999 to do (1.2 GB); at most 16.0 items/s (cxrreportgen: 8 at once, 0.50 s a call): 0.2 h"."""
    parts = [f"{found.items:,} items, {found.waiting:,} to do ({found.bytes_waiting / 1e6:,.1f} MB)"]
    if found.calls is not None:
        parts.append(f"{found.calls} calls each")
    if found.bound:
        parts.append(f"at most {found.bound.rate:.2f} items/s ({found.bound.what})")
    if found.hours is not None:
        parts.append(f"not before {spoken(found.hours * 3600)}")
    if found.money is not None:
        parts.append(f"about {found.money:.2f} for language models")
    return "; ".join(parts) + "".join(f"\n{note}" for note in found.notes)


def estimate(found: Estimate, as_json: bool) -> None:
    _dump(found.model_dump(mode="json")) if as_json else _console().print(plain(sentence(found)))


def _dump(data: object) -> None:
    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def standing(found: Standing, as_json: bool) -> None:
    """How it came out, and where the page is."""
    if as_json:
        _dump(found.model_dump(mode="json"))
        return
    console = _console()
    for note in found.notes:
        console.print(plain(note))
    session = found.session
    rate = f" ({session.items / session.seconds:.2f}/s)" if session.seconds else ""
    console.print(f"{counts(found.counts)}; {session.items:,} in this session, {spoken(session.seconds)}{rate}")
    if found.summary:
        sys.stdout.write(f"{found.summary.resolve()}\n")


def counts(found: dict[str, int]) -> str:
    """ "97 done, 2 failed, 1 waiting"."""
    waiting = found.get("waiting", 0) + found.get("recheck", 0)
    told = {**{name: found.get(name, 0) for name in ("done", "partial", "failed")}, "waiting": waiting}
    return ", ".join(f"{count:,} {name}" for name, count in told.items() if count) or "nothing"


def status(found: dict[str, int], failures: dict[str, int], busy: bool, as_json: bool) -> None:
    if as_json:
        _dump({"counts": found, "failures": failures, "running": busy})
        return
    console = _console()
    console.print(f"{counts(found)}; {'a process is at it' if busy else 'no process is at it'}")
    for reason, count in failures.items():
        console.print(plain(f"{count:7,}  {reason}"))


def page(path: Path, as_json: bool) -> None:
    _dump({"summary": str(path.resolve())}) if as_json else sys.stdout.write(f"{path.resolve()}\n")
