"""One radiograph, drafted, checked and written by a fresh process: seconds, peak memory, and `--help`.

Bars that --check holds: a draft within 3 s and 1.5 GB, `--help` within 0.3 s (each the best of the runs, since the
machine is shared). The ratio is to the floor: a process that only imports numpy, OpenCV, onnxruntime and pydicom.

    python benchmarks/fresh_process.py [FILE] [--runs 5] [--json] [--check]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

BARS = {"draft": (3.0, 1500.0), "help": (0.3, 1500.0)}
FLOOR = "import numpy, cv2, onnxruntime, pydicom"
MAIN = "from readingroom.cli import main; main()"
FILM = """
import sys
from pathlib import Path
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.dicom import write_chest
from readingroom.phantoms.parameters import ChestPhantom
print(write_chest(make_chest(ChestPhantom(seed=1, spacing_mm=0.2)), Path(sys.argv[1])))
"""
"""Drawn by a process of its own: a child's peak memory begins with its parent's, so this one stays small."""


class Run(NamedTuple):
    """One process."""

    seconds: float
    megabytes: float


def timed(code: str, words: list[str], home: Path) -> Run:
    """Run Python once; time is the wall's, memory the largest resident set."""
    place = {"READINGROOM_HOME": str(home / "data"), "READINGROOM_CONFIG": str(home / "config"), "CI": "1"}
    clock = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-c", code, *words], env={**os.environ, **place}, stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {child.returncode}")
    return Run(time.perf_counter() - clock, used.ru_maxrss / 1024)


def drawn(folder: Path) -> str:
    done = subprocess.run([sys.executable, "-c", FILM, str(folder)], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, help="a radiograph; default: a phantom of 2000 x 2000 pixels")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        film = given.file or drawn(home)
        kinds = {
            "floor": (FLOOR, []),
            "help": (MAIN, ["--help"]),
            "draft": (MAIN, ["draft", str(film), "--out", str(home / "out")]),
        }
        runs = {kind: [timed(*call, home) for _ in range(given.runs)] for kind, call in kinds.items()}
    best = {kind: Run(min(r.seconds for r in done), max(r.megabytes for r in done)) for kind, done in runs.items()}
    rows = [
        {
            "what": kind,
            "n": given.runs,
            "seconds": round(run.seconds, 3),
            "megabytes": round(run.megabytes),
            "to_floor": round(run.seconds / best["floor"].seconds, 2),
        }
        for kind, run in best.items()
    ]
    if given.json:
        print(json.dumps({"rows": rows}))
    else:
        print(f"{'what':8} {'n':>2} {'best s':>7} {'peak MB':>8} {'to floor':>9}")
        for row in rows:
            print(f"{row['what']:8} {row['n']:2} {row['seconds']:7.2f} {row['megabytes']:8} {row['to_floor']:9.2f}")
    short = [
        kind
        for kind, (seconds, memory) in BARS.items()
        if best[kind].seconds > seconds or best[kind].megabytes > memory
    ]
    if given.check and short:
        print(f"below the bar: {', '.join(short)}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
