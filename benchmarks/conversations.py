"""Fifty conversations at once with one server: how soon each hears of its question, and whether any is lost.

A server of its own process with an empty home, over the rule planner and the embedded baseline; fifty sessions that
have entered it, each with a study (a phantom's film) and a chat, each listening to its stream. All ask at the same
moment, ten of them for a draft. Measured from the request's first byte: the first event of the turn, the plan, and the
answer. --check holds the first event to 300 ms at the 95th percentile, asks that every stream told every event of its
turn in order, and that the page was served within 2 s of the process's start.

    python benchmarks/conversations.py [--conversations 50] [--json] [--check]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.dicom import write_chest
from readingroom.phantoms.parameters import ChestPhantom

API = "/api/v1"
FIRST_EVENT_MS, SERVED_S = 300.0, 2.0
QUESTIONS = ("Is the heart enlarged?", "How large is the right lung?", "Outline the lungs and the heart.",
             "Measure the heart.", "Draft a report.")  # fmt: skip


@dataclass
class Told:
    """What one conversation heard, in seconds after it was asked."""

    events: list[tuple[int, str]] = field(default_factory=list)
    first: float = 0.0
    plan: float = 0.0
    ended: float = 0.0

    @property
    def whole(self) -> bool:
        names = [name for _, name in self.events]
        return [number for number, _ in self.events] == list(range(1, len(names) + 1)) and names[-1:] == ["answered"]


def started(folder: Path) -> tuple[subprocess.Popen[str], str, float]:
    """A server, its link, and how long it took until its page was served."""
    environment = {**os.environ, "READINGROOM_HOME": str(folder / "home"), "READINGROOM_CONFIG": str(folder / "config")}
    command = [sys.executable, "-c", "from readingroom.cli import main; main()", "serve", "--port", "0"]
    begun = time.perf_counter()
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=folder)
    link = server.stdout.readline().strip() if server.stdout else ""
    httpx.get(link.partition("/enter")[0], trust_env=False)
    return server, link, time.perf_counter() - begun


async def entered(base: str, link: str) -> httpx.AsyncClient:
    client = httpx.AsyncClient(
        base_url=base, headers={"X-Readingroom": "1"}, timeout=300, trust_env=False, verify=False
    )
    answer = await client.get(link)
    if answer.status_code != 303:
        raise SystemExit(f"could not enter: {answer.text}")
    return client


async def prepared(base: str, link: str, film: bytes) -> tuple[httpx.AsyncClient, str]:
    """A session with a study and a chat about it."""
    client = await entered(base, link)
    study = (await client.post(f"{API}/studies", files=[("current", ("film.dcm", film))])).json()
    chat = (await client.post(f"{API}/chats", json={"study": study["id"]})).json()
    return client, chat["id"]


async def converse(client: httpx.AsyncClient, chat: str, question: str, start: asyncio.Event) -> Told:
    told, asked = Told(), 0.0
    async with client.stream("GET", f"{API}/chats/{chat}/events") as stream:
        lines = stream.aiter_lines()
        await anext(lines)  # the stream is open
        await start.wait()
        asked = time.perf_counter()
        posted = asyncio.create_task(client.post(f"{API}/chats/{chat}/turns", json={"question": question}))
        number = 0
        async for line in lines:
            name, _, value = line.partition(": ")
            if name == "id":
                number = int(value)
            elif name == "event":
                told.events.append((number, value))
                since = time.perf_counter() - asked
                told.first = told.first or since
                told.plan = told.plan or (since if value == "plan" else 0.0)
                if value in ("answered", "failed"):
                    told.ended = since
                    break
        (await posted).raise_for_status()
    return told


async def measured(link: str, film: bytes, count: int) -> list[Told]:
    base = link.partition("/enter")[0]
    owner = await entered(base, link)
    pairs = []
    for _ in range(count):
        url = (await owner.post(f"{API}/invitations")).json()["url"]
        pairs.append(await prepared(base, url, film))
    start = asyncio.Event()
    tasks = [
        asyncio.create_task(converse(client, chat, QUESTIONS[at % len(QUESTIONS)], start))
        for at, (client, chat) in enumerate(pairs)
    ]
    await asyncio.sleep(1.0)  # all streams are open
    start.set()
    found = await asyncio.gather(*tasks)
    for client, _ in pairs:
        await client.aclose()
    await owner.aclose()
    return list(found)


def share(values: list[float], part: float) -> float:
    """The value that this part of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(part * len(ordered)) - 1))]


def run(count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film = write_chest(make_chest(ChestPhantom(seed=1, spacing_mm=1.0)), folder / "film").read_bytes()
        server, link, served = started(folder)
        try:
            found = asyncio.run(measured(link, film, count))
        finally:
            server.terminate()
            server.wait(timeout=30)
    return {
        "conversations": count,
        "processors": os.cpu_count(),
        "served_s": round(served, 2),
        "first_event_ms": {f"p{int(part * 100)}": round(share([one.first for one in found], part) * 1000)
                           for part in (0.5, 0.95, 1.0)},
        "plan_s": {f"p{int(part * 100)}": round(share([one.plan for one in found], part), 2) for part in (0.5, 0.95)},
        "answer_s": {f"p{int(part * 100)}": round(share([one.ended for one in found], part), 2)
                     for part in (0.5, 0.95)},
        "lost": sum(not one.whole for one in found),
        "events": sum(len(one.events) for one in found),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    found = run(given.conversations)
    print(json.dumps(found, indent=2) if given.json else "\n".join(f"{name}: {value}" for name, value in found.items()))
    if given.check:
        fine = found["first_event_ms"]["p95"] <= FIRST_EVENT_MS and not found["lost"] and found["served_s"] <= SERVED_S
        sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
