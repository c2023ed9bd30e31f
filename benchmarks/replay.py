"""Recorded runs told again with the network closed and the images gone: each must give the digest it recorded.

python benchmarks/replay.py --runs 50 --check
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NoReturn

from quick_backend import quick_room, write_film

from readingroom.room import ReadingRoom

INTERNET = (socket.AF_INET, socket.AF_INET6)
STATED = {"modality": "x_ray", "anatomy": "chest", "view": "PA"}
KINDS: tuple[dict[str, Any], ...] = (
    {"stated": STATED},
    {"stated": STATED, "prior": "prior.png", "indication": "Cough."},
    {"workflow": "segment_and_measure"},
    {"stated": {**STATED, "pixel_mm": 2.0}, "prior": "prior.png", "prior_report": "No nodule."},
    {"workflow": "segment_and_measure", "targets": ("heart",), "stated": STATED},
)


class Closed(socket.socket):
    """No socket of the internet families can be made."""

    def __init__(self, family: int = -1, *rest: Any, **named: Any) -> None:
        if family in (*INTERNET, -1):
            raise OSError("the network is closed")
        super().__init__(family, *rest, **named)


def refuse(*_: Any, **__: Any) -> NoReturn:
    raise OSError("the network is closed")


def recorded(folder: Path, runs: int) -> ReadingRoom:
    """A room with that many runs, whose sources are gone."""
    room = quick_room(folder, folder / "calls")
    for index in range(runs):
        films = folder / str(index)
        films.mkdir()
        write_film(films / "prior.png", 1000 + index)
        named = dict(KINDS[index % len(KINDS)])
        if "prior" in named:
            named["prior"] = films / named["prior"]
        room.draft_sync(write_film(films / "film.png", index), **named)
        shutil.rmtree(films)
    return room


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="replay-"))
    try:
        room = recorded(folder, given.runs)
        calls = (folder / "calls").read_text()
        socket.socket = Closed  # type: ignore[misc]
        socket.getaddrinfo = socket.create_connection = refuse
        began = time.perf_counter()
        found = [room.wait_for(room.replay(run.id)) for run in room.runs(given.runs)]
        took = time.perf_counter() - began
        same = sum(item.identical for item in found)
        asked = (folder / "calls").read_text() != calls
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    why = [item.why for item in found if not item.identical]
    print(json.dumps({"runs": len(found), "identical": same, "models_asked": asked, "why": why[:3],
                      "milliseconds_each": round(1000 * took / len(found), 1)}, indent=2))  # fmt: skip
    if given.check and (same < given.runs or asked):
        sys.exit(1)


if __name__ == "__main__":
    main()
