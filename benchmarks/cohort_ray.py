"""A cohort through a simulated endpoint by the Ray engine, on two local nodes of which one is killed in the middle.

Films, endpoint and command are those of benchmarks/cohort.py; the command is given `--engine ray --address` of a
cluster that is started here, two nodes of so many workers each. When half of the items were called for, one node is
killed with SIGKILL, its workers with it. Before that the same films go through the embedded engine. Bars that --check
holds:

- tables: equal to those of the embedded engine byte for byte, every item once;
- calls: not more repeated than were in flight on the killed node (its share of the limit);
- refusals: the endpoint's limit is kept across workers: not more than 2 % of the calls are answered with 429;
- share: items over the time from the first call to the last answer, the kill within it, of the limit: 97 % or more
  (from 1,000 items on, as in benchmarks/cohort.py);
- memory: the command, and each worker, below 400 MB.

Two nodes and their endpoint share the processors of one machine here: --service makes the endpoint slow enough to bind.
The share before and after the kill and the pause between are told beside it.

    python benchmarks/cohort_ray.py [--items 10000] [--workers 1] [--service 0.5] [--check] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import ray  # noqa: F401 - before cluster_utils
from ray.cluster_utils import Cluster

from benchmarks.cohort import (
    CONCURRENCY,
    INSTANCES,
    LONG,
    MEMORY_BAR,
    SHARE_BAR,
    Ran,
    calls_of,
    command,
    limit_of,
    prepared,
    ran,
)
from readingroom.cohorts.tables import COMPARED

NODES = 2
REFUSED_BAR = 0.02
BEGINNING = 40
"""Calls in which workers begin and each finds out how much it may send; in no share."""
STORE = 100_000_000
"""Bytes of Ray's object store on each node; what goes between processes here is small."""


def resident(name: str) -> float:
    """The largest resident set so far, in MB, of the processes of this machine with that title."""
    most = 0.0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            title = (status.parent / "cmdline").read_bytes().decode(errors="replace")
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        except OSError:  # it has ended
            continue
        if title.startswith(name) and "VmHWM" in lines:
            most = max(most, int(lines["VmHWM"].split()[0]) / 1024)
    return most


class Killer(threading.Thread):
    """Kills a node when so many calls were heard, and looks at the workers' memory until it is told to end."""

    def __init__(self, cluster: Cluster, node: Any, heard: Path, after: int) -> None:
        super().__init__(daemon=True)
        self._cluster, self._node, self._heard, self._after = cluster, node, heard, after
        self.killed_at = 0.0
        self.worker_megabytes = 0.0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.5):
            self.worker_megabytes = max(self.worker_megabytes, resident("ray::Worker"))
            if not self.killed_at and len(self._heard.read_text().splitlines()) >= self._after:
                self.killed_at = time.time()
                self._cluster.remove_node(self._node, allow_graceful=False)


def on_ray(manifest: Path, place: Path, url: str, given: argparse.Namespace, heard: Path) -> dict[str, Any]:
    """The cohort by two nodes, and what it took."""
    each = {"num_cpus": given.workers, "object_store_memory": STORE}
    cluster = Cluster(initialize_head=True, head_node_args={**each, "include_dashboard": False})
    try:
        killer = Killer(cluster, cluster.add_node(**each), heard, given.items // 2)
        killer.start()
        words = [*command(manifest, place / "ray", "json"), "--engine", "ray", "--address", cluster.address]
        done = ran(words, place, url)
        killer.over.set()
        killer.join()
    finally:
        cluster.shutdown()
    if done.status:
        raise SystemExit(f"the cohort ended with {done.status}: {(place / 'log').read_text()[-600:]}")
    return told(given, killer, done, calls_of(heard), place)


def told(
    given: argparse.Namespace, killer: Killer, done: Ran, calls: list[tuple[float, str]], place: Path
) -> dict[str, Any]:
    limit, counts = limit_of(given.service), Counter(digest for _, digest in calls)
    before = [at for at, _ in calls[BEGINNING:] if at <= killer.killed_at]
    after = [at for at, _ in calls if at > killer.killed_at + given.service]
    session = json.loads(subprocess.run(
        [sys.executable, "-c", SESSION, str(place / "ray")], capture_output=True, check=True).stdout)  # fmt: skip
    return {
        "items": given.items, "workers": NODES * given.workers, "limit": round(limit, 2), "calls": counts.total(),
        "repeated": counts.total() - len(counts), "in_flight_on_a_node": INSTANCES * CONCURRENCY,
        "refused": session["retried"], "answers_told_by_workers": session["calls"], "killed": bool(killer.killed_at),
        "share": round(given.items / (calls[-1][0] - calls[0][0] + given.service) / limit, 4),
        "share_before": rate(before, limit), "share_after": rate(after, limit),
        "longest_pause": round(max(b - a for (a, _), (b, _) in pairwise(calls[BEGINNING:])), 1),
        "driver_megabytes": round(done.megabytes), "worker_megabytes": round(killer.worker_megabytes),
    }  # fmt: skip


SESSION = """
import json, sqlite3, sys
base = sqlite3.connect(sys.argv[1] + "/cohort.sqlite")
print(json.dumps(json.loads(base.execute("SELECT value FROM about WHERE name = 'sessions'").fetchone()[0])[-1]))
"""


def rate(times: list[float], limit: float) -> float | None:
    """Calls a second between the first and the last, of the limit."""
    return round((len(times) - 1) / (times[-1] - times[0]) / limit, 3) if len(times) > 1 else None


def faults_of(place: Path, found: dict[str, Any]) -> list[str]:
    """What breaks a promise."""
    faults = [f"{name} differs from the embedded engine's" for name in COMPARED
              if (place / "whole" / name).exists()
              and (place / "whole" / name).read_bytes() != (place / "ray" / name).read_bytes()]  # fmt: skip
    rows = pq.read_table(place / "ray" / "items.parquet", columns=["id", "status"]).to_pylist()
    if len({row["id"] for row in rows}) != found["items"] or any(row["status"] != "done" for row in rows):
        faults.append(f"{len(rows)} rows, {Counter(row['status'] for row in rows)}")
    if not found["killed"]:
        faults.append("no node was killed")
    if found["repeated"] > found["in_flight_on_a_node"]:
        faults.append(f"{found['repeated']} calls repeated")
    if found["refused"] > REFUSED_BAR * found["calls"]:
        faults.append(f"{found['refused']} calls refused")
    if found["items"] >= LONG and found["share"] < SHARE_BAR:
        faults.append(f"{found['share']:.1%} of the limit")
    faults += [f"{found[name]} MB of {name}" for name in ("driver_megabytes", "worker_megabytes")
               if found[name] > MEMORY_BAR]  # fmt: skip
    return faults


def measured(given: argparse.Namespace) -> dict[str, Any]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    with prepared(given) as (place, manifest, url, heard):
        whole = ran(command(manifest, place / "whole", "json"), place, url)
        if whole.status:
            raise SystemExit(f"the embedded cohort ended with {whole.status}")
        embedded = calls_of(heard)
        found = on_ray(manifest, place, url, given, heard)
        found["embedded_share"] = rate([at for at, _ in embedded[BEGINNING:]], limit_of(given.service))
        return {**found, "faults": faults_of(place, found)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=1, help="of each node")
    parser.add_argument("--service", type=float, default=0.5, help="seconds a call is held by the endpoint")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = measured(given)
    if given.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name}: {'; '.join(value) or 'none' if name == 'faults' else value}")
    if given.check and found["faults"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
