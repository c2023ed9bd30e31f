"""A process that is no test: a cohort on two local Ray nodes, one killed in the middle; it prints what was asked.

python -m tests.cohorts.ray_nodes FOLDER
"""

import asyncio
import json
import logging
import os
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import ray
from pydantic import SecretStr
from ray.cluster_utils import Cluster

from benchmarks.quick_backend import QuickServing
from readingroom.cohorts import How, run_cohort
from readingroom.cohorts.ray_engine import RayEngine
from readingroom.room import ReadingRoom
from readingroom.tools.backends.endpoint.config import EndpointConfig
from tests.cohorts.quick import REPORT, Place, films

ITEMS, AT_ONCE = 16, 4
SECONDS = 0.05
SECRET = "Kcanary7f31Secret"


class SharedServing(QuickServing):
    """It is told its share, and keeps to none: its calls are counted alone."""

    def share(self, part, parts):
        assert 0 <= part < parts <= 2


def quick(settings, calls):
    """Made on each node."""
    room = ReadingRoom(settings)
    room.serving = SharedServing(calls, SECONDS)
    return room


async def run(place, kill, at):
    done = []

    def tell(progress):
        done.append(progress.ended.total())
        if len(done) == at:
            kill()

    engine = partial(RayEngine, make=partial(quick, calls=place.calls_file))
    how = How(engine=engine, at_once=AT_ONCE)
    return await run_cohort(place.room, place.films, REPORT, place.folder / "out", how=how, tell=tell)


def main() -> None:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    folder = Path(sys.argv[1])
    films(folder / "films", ITEMS)
    place = Place(folder)
    endpoint = EndpointConfig(address="https://a.example/score", key=SecretStr(SECRET))
    place.room.settings = place.room.settings.model_copy(update={"endpoints": {"cxrreportgen": endpoint}})
    place.run("whole", at_once=AT_ONCE)
    place.calls()
    memory = {"num_cpus": 1, "object_store_memory": 80_000_000}
    cluster = Cluster(initialize_head=True, head_node_args={**memory, "include_dashboard": False})
    try:
        node = cluster.add_node(**memory)
        ray.init(address=cluster.address, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        found = asyncio.run(run(place, lambda: cluster.remove_node(node, allow_graceful=False), ITEMS // 3))
        calls = Counter(place.calls())
        left = sorted(path.name for path in (folder / "out").iterdir())
        secrets = (SECRET.encode(), (folder / "config" / "subject.key").read_bytes())
        places = (Path(ray.nodes()[0]["ObjectStoreSocketName"]).parents[1], folder / "out")
        leaked = [path.name for place in places for path in place.rglob("*")
                  if path.is_file() and any(one in path.read_bytes() for one in secrets)]  # fmt: skip
        logs = sum(path.is_file() for path in (places[0] / "logs").rglob("*"))
        told = {"leaked": leaked, "logs": logs, "counts": found.counts, "calls": calls.total(), "different": len(calls)}
        print(json.dumps({**told, "left": left, "session": found.session.items}))
    finally:
        ray.shutdown()
        cluster.shutdown()


if __name__ == "__main__":
    main()
