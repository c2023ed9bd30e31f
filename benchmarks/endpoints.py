"""Throughput of one endpoint's client as a share of what the endpoint can do at all, beside other ways to call it.

The limit is min(instances x concurrency / service seconds, bandwidth / bytes of one answer or request, 500 requests a
second). Every run has its own simulator (readingroom.model_server, canned answers) in its own process, which admits
2 x instances x concurrency and answers the next with 429, sends 5 MB/s, and lets 5 % of what it admits fail before the
model is reached. The client is not told any of it. Every item is one text for MedImageInsight. Our client's time runs
from its first request to its last answer; the others' share leaves the end of their run out. (4, 8, 0.1 s) is 320
items a second and wants two cores of its own: on a busy machine it measures the machine.

Bars that --check holds for our client, each setting: 97 % of the limit or better, at most 2 % wasted calls (429 an
item), nothing lost. The three settings were used to tune the client, the two held out were not.
"fixed 12" and "fixed 64" are threads that wait a second after a failure. The toolkit is the submitter (5 threads) and
the retry code of a checkout of microsoft/healthcareai-examples, run as they are; it needs requests, tenacity,
ratelimit, joblib and tqdm.

    python benchmarks/endpoints.py [--quick] [--json] [--check] [--toolkit healthcareai-examples/package]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.util
import json
import logging
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import Any

import httpcore  # noqa: F401  # httpx loads it at the first request: a cost of the process, not of calls
import httpx
from pydantic import SecretStr

from readingroom.errors import ReadingRoomError
from readingroom.model_server.app import build_app
from readingroom.model_server.limits import MANAGED_BANDWIDTH, MANAGED_RATE, Limits
from readingroom.model_server.serve import base_url, bind, serve
from readingroom.model_server.server_settings import ServerSettings
from readingroom.tools.backends.classical.backend import ClassicalBackend
from readingroom.tools.backends.endpoint.config import EndpointConfig
from readingroom.tools.backends.endpoint.endpoint import Endpoint
from readingroom.tools.contracts.ask import Ask
from readingroom.tools.contracts.medimageinsight import ask_insight, decode_insight

SHARE_BAR, WASTE_BAR = 0.97, 0.02
FAULTS = 0.05
ASKED = 128
"""Requests that our client is given at once."""
KEY = "a-key-for-this-run"
ANSWER_BYTES = 13_800
"""Of one vector as the simulator writes it; the request is smaller."""


@dataclass(frozen=True)
class Setting:
    """A deployment, and how long our client's run would take at its limit."""

    instances: int
    concurrency: int
    service: float
    seconds: float
    held_out: bool = False

    @property
    def limit(self) -> float:
        """Items a second that no client can pass."""
        slots = self.instances * self.concurrency / self.service
        return min(slots, MANAGED_BANDWIDTH / ANSWER_BYTES, MANAGED_RATE)

    @property
    def name(self) -> str:
        return f"({self.instances}, {self.concurrency}, {self.service:g} s)"


SETTINGS = (
    Setting(2, 3, 0.3, 120),
    Setting(1, 1, 2.0, 120),
    Setting(4, 8, 0.1, 90),
    Setting(3, 2, 0.2, 120, held_out=True),
    Setting(1, 4, 0.5, 120, held_out=True),
)
BESIDE = ("fixed 12", "fixed 64", "sequential", "toolkit")
HEAVY = 100.0
"""Items a second above which a run has the machine for itself: two processes then take most of two cores."""
BESIDE_HEAVY = 15.0
"""Seconds of the others' runs there; the speed of a fixed number of threads does not change."""


@dataclass
class Outcome:
    """One run."""

    client: str
    setting: str
    items: int
    seconds: float
    limit: float
    statuses: dict[int, int]
    lost: int

    @property
    def share(self) -> float:
        return (self.items - self.lost) / self.seconds / self.limit

    @property
    def waste(self) -> float:
        return self.statuses.get(429, 0) / max(1, self.items)


def simulate(setting: Setting, seed: int, told: Connection) -> None:
    """The simulator's process: serves until it is killed."""
    limits = Limits(
        setting.instances, setting.concurrency, setting.service, bandwidth=MANAGED_BANDWIDTH, faults=FAULTS, seed=seed
    )
    settings = ServerSettings(("medimageinsight",), {"medimageinsight": limits}, "canned", key=SecretStr(KEY))
    app = build_app(ClassicalBackend, settings)
    listener = bind(settings)
    listener.listen(1024)
    told.send(f"{base_url(listener)}/score")
    serve(app, listener)


Client = Callable[[str, int, Counter[int]], int]
"""URL, items, and where every answer's status is counted; returns how many items it gave up."""


def text_of(number: int) -> str:
    return f"x-ray chest anteroposterior item {number}."


def ours(url: str, items: int, statuses: Counter[int]) -> int:
    """More asked at once than any deployment here admits; the client finds out how much to send. How many it lost."""

    class Count(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno == logging.DEBUG and isinstance(record.args, tuple) and len(record.args) == 3:
                statuses[int(str(record.args[1]))] += 1

    door = logging.getLogger("readingroom.egress")
    door.setLevel(logging.DEBUG)
    door.propagate = False
    door.addHandler(Count())

    async def run() -> int:
        endpoint = Endpoint("medimageinsight", EndpointConfig(address=url, key=SecretStr(KEY)))
        numbers = iter(range(items))
        lost = 0

        async def work() -> None:
            nonlocal lost
            for number in numbers:
                try:
                    await endpoint.score(ask_insight((), [text_of(number)]), decode_insight)
                except ReadingRoomError:
                    lost += 1

        await asyncio.gather(*(work() for _ in range(ASKED)))
        await endpoint.aclose()
        return lost

    return asyncio.run(run())


def body_of(number: int) -> bytes:
    return Ask("medimageinsight", ("text",), ((text_of(number),),)).body()


HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}


def fixed(threads: int, wait: float = 1.0) -> Client:
    """So many threads, each waiting a second after anything but an answer."""

    def run(url: str, items: int, statuses: Counter[int]) -> int:
        lock = threading.Lock()
        unbounded = httpx.Limits(max_connections=None, max_keepalive_connections=None)

        with httpx.Client(timeout=120, trust_env=False, limits=unbounded) as client:

            def one(number: int) -> None:
                while True:
                    status = client.post(url, content=body_of(number), headers=HEADERS).status_code
                    with lock:
                        statuses[status] += 1
                    if status == 200:
                        return
                    time.sleep(wait)

            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(one, range(items)))
        return 0

    return run


def module_of(path: Path) -> ModuleType:
    """One file of the toolkit by itself: its packages import Azure's SDK, which scoring does not use."""
    found = importlib.util.spec_from_file_location(path.stem, path)
    assert found is not None and found.loader is not None  # noqa: PT018
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def toolkit(package: Path) -> Client:
    """Its submitter with its defaults over its retrying client; the post is its own three lines, counted."""

    def run(url: str, items: int, statuses: Counter[int]) -> int:
        import requests  # noqa: PLC0415  # only this row needs it

        home = package / "healthcareai_toolkit"
        retry, parallel = module_of(home / "clients" / "retry.py"), module_of(home / "util" / "parallel.py")
        lock = threading.Lock()

        def post(*args: Any, **kwargs: Any) -> Any:
            response = requests.post(*args, **kwargs)  # without a timeout, as the toolkit does
            with lock:
                statuses[response.status_code] += 1
            response.raise_for_status()
            return response

        client = retry.RetryClient(func=post)

        def submit(number: list[int]) -> list[Any]:
            payload = json.loads(body_of(number[0]))
            return list(client.submit_payload(payload, target=url, headers=HEADERS))

        submitter = parallel.ParallelSubmitter(submit)
        submitter.set_tqdm_params(disable=True)
        submitter.submit(total=items, number=list(range(items)))
        return 0

    return run


def client_of(name: str, package: Path | None) -> Client:
    if name == "toolkit" and package is not None:
        return toolkit(package)
    return {"ours": ours, "fixed 12": fixed(12), "fixed 64": fixed(64), "sequential": fixed(1)}[name]


def measure(name: str, setting: Setting, items: int, package: Path | None, seed: int) -> Outcome:
    """One client against one simulator: ours until the last item is back, the others for as long as that should take.

    The others' share is of what was answered by then, so that no long tail of waits counts against them.
    """
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe(duplex=False)
    simulator = spawn.Process(target=simulate, args=(setting, seed, there), daemon=True)
    simulator.start()
    try:
        url = here.recv()
        print("ready", flush=True)
        sys.stdin.readline()
        statuses: Counter[int] = Counter()
        client, begun = client_of(name, package), time.perf_counter()
        if name == "ours":
            lost = client(url, items, statuses)
            return Outcome(name, setting.name, items, time.perf_counter() - begun, setting.limit, dict(statuses), lost)
        threading.Thread(target=client, args=(url, items, statuses), daemon=True).start()
        time.sleep(items / setting.limit)
        told = dict(statuses)
        return Outcome(name, setting.name, told.get(200, 0), time.perf_counter() - begun, setting.limit, told, 0)
    finally:
        simulator.kill()
        simulator.join()


def start(name: str, setting: Setting, given: argparse.Namespace) -> subprocess.Popen[str]:
    """One run in its own process, which waits for a line once everything is imported and served."""
    heavy_beside = name != "ours" and setting.limit >= HEAVY
    seconds = (BESIDE_HEAVY if heavy_beside else setting.seconds) * (0.5 if given.quick else 1.0)
    items = max(50, round(setting.limit * seconds))
    told = {"client": name, "setting": asdict(setting), "items": items, "seed": given.seed}
    words = [sys.executable, __file__, "--one", json.dumps(told)]
    if given.toolkit:
        words += ["--toolkit", str(given.toolkit)]
    return subprocess.Popen(words, stdin=-1, stdout=-1, stderr=-1, text=True)


def finished(children: list[subprocess.Popen[str]]) -> list[Outcome]:
    """All of them, begun together once the last is ready."""
    for child in children:
        assert child.stdout is not None
        child.stdout.readline()
    for child in children:
        assert child.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write("go\n")
            child.stdin.flush()
    return [outcome_of(child) for child in children]


def outcome_of(child: subprocess.Popen[str]) -> Outcome:
    out, errors = child.communicate()
    if child.returncode:
        raise SystemExit(f"a run ended with {child.returncode}: {errors.strip()[-400:]}")
    told = json.loads(out)
    return Outcome(**{**told, "statuses": {int(status): count for status, count in told["statuses"].items()}})


def missing(package: Path | None) -> str:
    """Why the toolkit cannot be run, or nothing."""
    if package is None:
        return "no --toolkit given"
    if not (package / "healthcareai_toolkit" / "clients" / "retry.py").is_file():
        return f"{package} is no package folder of healthcareai-examples"
    needed = ("requests", "tenacity", "ratelimit", "joblib", "tqdm")
    gone = [name for name in needed if not importlib.util.find_spec(name)]
    return f"not installed: {', '.join(gone)}" if gone else ""


def run_all(given: argparse.Namespace) -> list[Outcome]:
    """Slow settings side by side, for they leave the machine idle; fast ones one after the other."""
    clients = ("ours", *(name for name in BESIDE if name != "toolkit" or not missing(given.toolkit)))
    wanted = [(name, setting) for setting in SETTINGS for name in clients if name == "ours" or not setting.held_out]
    done = finished([start(*run, given) for run in wanted if run[1].limit < HEAVY])
    for run in wanted:
        if run[1].limit >= HEAVY:
            done += finished([start(*run, given)])
    place = {setting.name: number for number, setting in enumerate(SETTINGS)}
    return sorted(done, key=lambda outcome: (place[outcome.setting], clients.index(outcome.client)))


def told_of(outcome: Outcome) -> dict[str, Any]:
    return {
        "setting": outcome.setting,
        "client": outcome.client,
        "items": outcome.items,
        "seconds": round(outcome.seconds, 1),
        "items_a_second": round(outcome.items / outcome.seconds, 2),
        "share": round(outcome.share, 4),
        "waste": round(outcome.waste, 4),
        "faults": sum(count for status, count in outcome.statuses.items() if status >= 500),
        "lost": outcome.lost,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--toolkit", type=Path, help="the package folder of a checkout of healthcareai-examples")
    parser.add_argument("--quick", action="store_true", help="half as long; shares come out a little lower")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        told = json.loads(given.one)
        setting = Setting(**told["setting"])
        print(
            json.dumps(asdict(measure(told["client"], setting, told["items"], given.toolkit, told["seed"]))), flush=True
        )
        os._exit(0)  # the other clients' threads still wait for a simulator that is gone
    outcomes = run_all(given)
    why = missing(given.toolkit)
    if given.json:
        print(json.dumps({"rows": [told_of(outcome) for outcome in outcomes], "toolkit": why or "measured"}))
    else:
        table(outcomes, why)
    short = [
        f"{outcome.setting}: {outcome.share:.1%} of the limit, {outcome.waste:.1%} wasted, {outcome.lost} lost"
        for outcome in outcomes
        if outcome.client == "ours" and (outcome.share < SHARE_BAR or outcome.waste > WASTE_BAR or outcome.lost)
    ]
    if given.check and short:
        print(f"below the bar: {'; '.join(short)}", file=sys.stderr)
        sys.exit(1)


def table(outcomes: list[Outcome], why: str) -> None:
    head = f"{'n, c, service':16} {'client':11} {'items':>6} {'items/s':>8} {'of limit':>9} {'429/item':>9}"
    print(f"{head} {'5xx':>5} {'lost':>4}")
    held = {setting.name for setting in SETTINGS if setting.held_out}
    for outcome in outcomes:
        row = told_of(outcome)
        mark = " *" if outcome.setting in held else ""
        print(
            f"{row['setting'] + mark:16} {row['client']:11} {row['items']:6} {row['items_a_second']:8.2f}"
            f" {row['share']:9.1%} {row['waste']:9.3f} {row['faults']:5} {row['lost']:4}"
        )
    print("* held out: not used to tune the client")
    if why:
        print(f"toolkit: not measured ({why})")


if __name__ == "__main__":
    main()
