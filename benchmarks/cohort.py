"""A cohort through a simulated endpoint: its share of the endpoint's limit, its memory, and what ten kills do to it.

Every item is a film of its own (one phantom, a number drawn into a corner) that the `report` workflow drafts by one
call of CXRReportGen. The endpoint is readingroom.model_server in a process of its own, over real HTTP on the loopback:
2 instances x 4 at once, half a second each, so 16 items a second, 16 in flight, the next answered with 429. The client
is told instances and concurrency, as settings name them (of CXRReportGen it would else send two at once, the published
deployment), and not the seconds. The limit is chosen below what two free cores do (`processor_ms_an_item` is what one
item took of a processor), so that the endpoint binds and not this machine; where others use the machine too, --service
makes the endpoint slower.

The cohort is run by its command, `readingroom cohort run`: once undisturbed, and once in another folder with SIGKILL at
random moments and the same line again. Bars that --check holds:

- share: items over the time from the first call to the last answer, of the limit: 97 % or more (from 1,000 items on; a
  short run has no time to make up for the beginning, in which the client finds out how much it may send);
- memory: the largest resident set of the undisturbed process below 400 MB;
- kills: every item once in the tables, tables equal to the undisturbed ones byte for byte, and not more calls repeated
  than were in flight when the process was killed (16 a kill at most).

    python benchmarks/cohort.py [--items 10000] [--kills 10] [--seed 1] [--service 0.5] [--format html,json] [--check]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import pyarrow.parquet as pq
from pydantic import SecretStr

from readingroom.cohorts.tables import COMPARED
from readingroom.imaging.reader import read_study
from readingroom.imaging.windowing import display_bytes
from readingroom.model_server.app import build_app
from readingroom.model_server.limits import Limits
from readingroom.model_server.serve import base_url, bind, serve
from readingroom.model_server.server_settings import ServerSettings
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.dicom import write_chest
from readingroom.phantoms.parameters import ChestPhantom
from readingroom.tools.backends.classical.backend import ClassicalBackend

INSTANCES, CONCURRENCY, SERVICE = 2, 4, 0.5
IN_FLIGHT = 2 * INSTANCES * CONCURRENCY
SHARE_BAR, MEMORY_BAR = 0.97, 400.0
LONG = 1000
"""Items from which the share is held."""
KEY = "a-key-for-this-run"
SIDE = 256
MAIN = "from readingroom.cli import main; main()"


class Ran(NamedTuple):
    """One process to its end, or to its kill."""

    status: int | None
    """None: killed."""
    megabytes: float
    cpu: float
    """Seconds of a processor."""


class Prepared(NamedTuple):
    """What both benchmarks of cohorts begin with."""

    place: Path
    manifest: Path
    url: str
    heard: Path
    """A line for each call that reached the endpoint."""


def limit_of(service: float) -> float:
    """Items a second that no client can pass."""
    return INSTANCES * CONCURRENCY / service


def simulate(heard: Path, service: float, told: Connection) -> None:
    """The endpoint's process: it writes one line for each call that it answers, and serves until it is killed."""
    limits = Limits(INSTANCES, CONCURRENCY, service)
    settings = ServerSettings(("cxrreportgen",), {"cxrreportgen": limits}, "canned", key=SecretStr(KEY))
    app = build_app(ClassicalBackend, settings)
    endpoint = app.state.endpoints["cxrreportgen"]
    endpoint.answer = counting(endpoint.answer, heard)
    listener = bind(settings)
    listener.listen(1024)
    told.send(f"{base_url(listener)}/cxrreportgen/score")
    serve(app, listener)


def counting(answer: Callable[[bytes], Awaitable[bytes]], heard: Path) -> Callable[[bytes], Awaitable[bytes]]:
    """As the endpoint answers, each call with its time and the digest of what was sent on a line of its own."""
    file = heard.open("a", buffering=1)

    async def answered(body: bytes) -> bytes:
        file.write(f"{time.time():.3f} {hashlib.sha256(body).hexdigest()[:24]}\n")
        return await answer(body)

    return answered


def films(folder: Path, items: int) -> Path:
    """The manifest of so many films, each another by its number in the corner (one bit a pixel)."""
    (folder / "films").mkdir()
    path = write_chest(make_chest(ChestPhantom(seed=1, spacing_mm=0.8)), folder / "phantom")
    image = read_study([path], subject_key=b"k" * 32).images[0]
    film = cv2.resize(display_bytes(image), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    lines = ["id,file,modality,anatomy,view"]
    for number in range(items):
        for bit in range(16):
            film[bit // 4, bit % 4] = 40 if number >> bit & 1 else 10
        name = f"films/{number:06d}.png"
        cv2.imwrite(str(folder / name), film)
        lines.append(f"{number:06d},{name},x_ray,chest,PA")
    manifest = folder / "manifest.csv"
    manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return manifest


def command(manifest: Path, out: Path, formats: str) -> list[str]:
    words = ["cohort", "run", str(manifest), "--workflow", "report", "--out", str(out), "--format", formats]
    return [sys.executable, "-c", MAIN, *words]


def ran(words: list[str], place: Path, url: str, kill_after: float | None = None) -> Ran:
    """One process of the command, killed after so many seconds if it still runs."""
    env = {
        **os.environ, "READINGROOM_HOME": str(place / "home"), "READINGROOM_CONFIG": str(place / "config"),
        "READINGROOM_BACKEND": "endpoint", "READINGROOM_CACHE": "false", "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    told = {"ADDRESS": url, "KEY": KEY, "INSTANCES": str(INSTANCES), "CONCURRENCY": str(CONCURRENCY)}
    env |= {f"READINGROOM_ENDPOINTS__CXRREPORTGEN__{name}": value for name, value in told.items()}
    with (place / "log").open("a") as log:
        child = subprocess.Popen(words, env=env, cwd=place, stdout=log, stderr=log)
        killed = False
        if kill_after is not None:
            try:
                child.wait(kill_after)
            except subprocess.TimeoutExpired:
                child.kill()
                killed = True
        if child.returncode is not None:
            return Ran(child.returncode, 0.0, 0.0)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    return Ran(None if killed else child.returncode, used.ru_maxrss / 1024, used.ru_utime + used.ru_stime)


def calls_of(heard: Path) -> list[tuple[float, str]]:
    """Time and digest of every call so far; the file is emptied for the next run."""
    lines = [line.split() for line in heard.read_text().splitlines()]
    heard.write_text("")
    return [(float(at), digest) for at, digest in lines]


def undisturbed(manifest: Path, place: Path, url: str, given: argparse.Namespace, heard: Path) -> dict[str, Any]:
    began, items = time.time(), given.items
    found = ran(command(manifest, place / "whole", given.format), place, url)
    seconds, calls = time.time() - began, calls_of(heard)
    if found.status:
        raise SystemExit(f"the cohort ended with {found.status}: {(place / 'log').read_text()[-400:]}")
    limit, span = limit_of(given.service), calls[-1][0] - calls[0][0] + given.service
    return {
        "items": items, "items_a_second": round(items / span, 2), "limit": round(limit, 2),
        "share": round(items / span / limit, 4), "share_with_start_and_tables": round(items / seconds / limit, 4),
        "seconds": round(seconds, 1), "calls": len(calls), "megabytes": round(found.megabytes),
        "processor_ms_an_item": round(1000 * found.cpu / items, 1),
    }  # fmt: skip


def disturbed(manifest: Path, place: Path, url: str, given: argparse.Namespace, heard: Path) -> dict[str, Any]:
    """Killed at random moments over about the time that the whole takes, then run to the end."""
    chance, kills = random.Random(given.seed), 0
    words = command(manifest, place / "killed", given.format)
    mean = max(4.0, given.items / limit_of(given.service) / given.kills)
    for _ in range(given.kills):
        found = ran(words, place, url, kill_after=chance.uniform(0.3, 2 * mean))
        kills += found.status is None
    last = ran(words, place, url)
    if last.status:
        raise SystemExit(f"the resumed cohort ended with {last.status}: {(place / 'log').read_text()[-400:]}")
    counts = Counter(digest for _, digest in calls_of(heard))
    return {"kills": kills, "calls": counts.total(), "repeated": counts.total() - len(counts),
            "most_for_one_item": max(counts.values()), "bound": kills * IN_FLIGHT}  # fmt: skip


def faults_of(place: Path, items: int, run: dict[str, Any], killed: dict[str, Any]) -> list[str]:
    """What breaks a promise."""
    faults = []
    for name in COMPARED:
        one, other = place / "whole" / name, place / "killed" / name
        if one.exists() and one.read_bytes() != other.read_bytes():
            faults.append(f"{name} differs after kills")
    table = pq.read_table(place / "killed" / "items.parquet", columns=["id", "status"]).to_pylist()
    if len({row["id"] for row in table}) != items or any(row["status"] != "done" for row in table):
        faults.append(f"{len(table)} rows, {Counter(row['status'] for row in table)}")
    if run["calls"] != items:
        faults.append(f"{run['calls']} calls for {items} items undisturbed")
    if killed["repeated"] > killed["bound"]:
        faults.append(f"{killed['repeated']} calls repeated after {killed['kills']} kills")
    if items >= LONG and run["share"] < SHARE_BAR:
        faults.append(f"{run['share']:.1%} of the limit")
    if run["megabytes"] > MEMORY_BAR:
        faults.append(f"{run['megabytes']} MB")
    return faults


@contextmanager
def prepared(given: argparse.Namespace) -> Iterator[Prepared]:
    """Films in a folder that goes with the block, and the endpoint in a process of its own."""
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="cohort-") as name:
        place = Path(name)
        heard = place / "calls"
        heard.touch()
        manifest = films(place, given.items)
        here, there = spawn.Pipe(duplex=False)
        endpoint = spawn.Process(target=simulate, args=(heard, given.service, there), daemon=True)
        endpoint.start()
        try:
            yield Prepared(place, manifest, here.recv(), heard)
        finally:
            endpoint.kill()
            endpoint.join()


def measured(given: argparse.Namespace) -> dict[str, Any]:
    with prepared(given) as (place, manifest, url, heard):
        run = undisturbed(manifest, place, url, given, heard)
        print(json.dumps(run), file=sys.stderr, flush=True)
        killed = disturbed(manifest, place, url, given, heard)
        return {"undisturbed": run, "killed": killed, "faults": faults_of(place, given.items, run, killed)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--service", type=float, default=SERVICE, help="seconds a call is held by the endpoint")
    parser.add_argument("--format", default="html,json")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = measured(given)
    if given.json:
        print(json.dumps(found))
    else:
        for name in ("undisturbed", "killed"):
            print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in found[name].items()))
        print(f"faults: {'; '.join(found['faults']) or 'none'}")
    if given.check and found["faults"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
