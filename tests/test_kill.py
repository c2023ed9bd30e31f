"""Killed, stopped or interrupted, a run can go on: real processes, real signals.

READINGROOM_KILLS=200 has as many runs killed as the benchmark does; without it a few.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.quick_backend import quick_room, write_film

KILL = Path(__file__).resolve().parent.parent / "benchmarks" / "kill.py"
REPLAY = KILL.with_name("replay.py")


def benchmark(path: Path, runs: int) -> dict:
    done = subprocess.run(
        [sys.executable, str(path), "--runs", str(runs), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_killed_runs_end_with_the_same_report_and_repeat_next_to_nothing():
    runs = int(os.environ.get("READINGROOM_KILLS", "10"))
    found = benchmark(KILL, runs)
    assert found["faults"] == []
    assert found["kills"] >= runs // 2
    assert found["resumed"] > 0
    assert found["repeated"] <= found["in_flight"]
    assert found["most"] <= 0


def test_recorded_runs_told_again_give_their_digests_with_the_network_closed():
    found = benchmark(REPLAY, 10)
    assert (found["identical"], found["models_asked"]) == (10, False)


SLOW = """
import signal, sys
from pathlib import Path
from benchmarks.quick_backend import QuickServing
from readingroom import cli, room
room.Serving = lambda settings: QuickServing(Path("calls"), 60)
sys.argv = ["readingroom", "draft", "film.png", "--modality", "x_ray", "--anatomy", "chest", "--view", "PA"]
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
cli.main()
"""


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_a_run_that_can_go_on(tmp_path, sent, status):
    film = write_film(tmp_path / "film.png")
    home = {"READINGROOM_HOME": str(tmp_path / "data"), "READINGROOM_CONFIG": str(tmp_path / "config")}
    root = str(KILL.parent.parent)
    with subprocess.Popen(
        [sys.executable, "-c", SLOW], cwd=tmp_path, env={**os.environ, **home, "PYTHONPATH": root},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as child:  # fmt: skip
        until = time.monotonic() + 30
        while not (tmp_path / "calls").exists() and time.monotonic() < until and child.poll() is None:
            time.sleep(0.02)
        child.send_signal(sent)
        told = child.communicate(timeout=15)
    assert child.returncode == status, told
    assert "Traceback" not in told[1]
    room = quick_room(tmp_path, tmp_path / "calls")
    assert room.runs()[0].status == "interrupted"
    reading = room.wait_for(room.resume("last"))
    assert reading.run == room.runs()[0].id
    assert reading.report.findings
    assert film.exists()
