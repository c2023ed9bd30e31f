"""What an agent's loop costs beside the model: milliseconds a run, ours and other frameworks', over a raw httpx loop.

A scripted server in a process of its own (raw asyncio, no library) answers /chat/completions at once, so that what is
measured is the client. Four runs: one tool call and an answer; four calls one after the other; eight calls in one turn;
a conversation of thirty turns with a call each, whose history grows to 121 messages. The tool does nothing. Clients and
agents are made once and each run has a new history, as in a program that serves many questions. Each contender has a
process of its own, where its rounds alternate with the raw loop's, and a ratio is the median over the rounds of its
time over the raw loop's in the same round: wall time, and processor time of that process.

Ours is the loop of readingroom.agents.conversation over semantic-kernel's functions and filters, with arguments held
against the tool's schema, budgets, quoting and the record of identical calls. --check holds it to 1.5 times the raw
loop in all four and ahead of all others that are installed.

    python benchmarks/orchestration.py [--quick] [--json] [--check]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib.util
import json
import logging
import multiprocessing
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import SimpleNamespace
from typing import Any

import httpx
from orchestration_peers import (
    DESCRIPTION,
    MODELS,
    SYSTEM,
    Run,
    agent_framework,
    langgraph,
    look,
    openai_agents,
    pydantic_ai,
    semantic_kernel,
)

from readingroom.agents.budget import Budget, Limits
from readingroom.agents.chat_model import Message
from readingroom.agents.conversation import converse
from readingroom.agents.model_config import ModelConfig
from readingroom.agents.offers import ToolFunctions
from readingroom.agents.quoting import new_delimiter
from readingroom.domain.value import Value
from readingroom.tools.tool import Bench, Result, Tool

BAR = 1.5
SCRIPTS = {"1 call": ("seq:1", 1), "4 in sequence": ("seq:4", 1), "8 at once": ("par:8", 1), "30 turns": ("seq:1", 30)}
"""Model name, by which the server knows its script, and turns of the user."""


def serve(pipe: Connection) -> None:
    """The scripted model: what it says depends on the messages alone."""
    asyncio.run(_serve(pipe))


async def _serve(pipe: Connection) -> None:
    server = await asyncio.start_server(_connection, "127.0.0.1", 0, limit=1 << 24)
    pipe.send(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


async def _connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            size = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            body = json.dumps(answer_to(json.loads(await reader.readexactly(size)))).encode()
            top = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(top.encode() + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def answer_to(asked: Mapping[str, Any]) -> dict[str, Any]:
    """`seq:N`: N calls one a turn, then words; `par:N`: N calls in one turn, then words."""
    how, number = asked["model"].split(":")
    roles = [message["role"] for message in asked["messages"]]
    turn = roles.count("user")
    answered = roles[::-1][: roles[::-1].index("user")].count("tool")
    wanted = int(number)
    numbers = range(wanted) if how == "par" and not answered else [answered] if answered < wanted else []
    calls = [
        {
            "id": f"call_{turn}_{n}",
            "type": "function",
            "function": {"name": "look", "arguments": json.dumps({"n": 100 * turn + n})},
        }
        for n in numbers
    ]
    message = {"role": "assistant", "content": None if calls else "Nothing abnormal."}
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": asked["model"],
        "choices": [
            {
                "index": 0,
                "finish_reason": "tool_calls" if calls else "stop",
                "message": message | ({"tool_calls": calls} if calls else {}),
            }
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }


def raw(url: str) -> Run:
    """The floor: a loop of thirty lines over httpx, which believes everything."""
    client = httpx.AsyncClient()
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    tools = [{"type": "function", "function": {"name": "look", "description": DESCRIPTION, "parameters": schema}}]

    async def run(model: str, turns: int) -> str:
        messages: list[dict[str, Any]] = [{"role": "system", "content": SYSTEM}]
        for turn in range(turns):
            messages.append({"role": "user", "content": f"Question {turn}"})
            while True:
                body = {"model": model, "messages": messages, "tools": tools}
                response = await client.post(f"{url}/chat/completions", json=body)
                said = response.json()["choices"][0]["message"]
                messages.append(said)
                calls = said.get("tool_calls")
                if not calls:
                    break
                found = await asyncio.gather(*(look(**json.loads(call["function"]["arguments"])) for call in calls))
                messages += [
                    {"role": "tool", "tool_call_id": call["id"], "content": text}
                    for call, text in zip(calls, found, strict=True)
                ]
        return str(messages[-1]["content"])

    return run


class LookRequest(Value):
    """Look at one part of the image."""

    n: int


class Looked(Result):
    """What was seen there."""

    n: int


async def _look(bench: Bench, step: str, request: LookRequest) -> Looked:
    return Looked(n=request.n)


def ours(url: str) -> Run:
    """Our loop over semantic-kernel's functions."""
    from readingroom.agents.kernel import KernelFunctions, open_chat  # noqa: PLC0415  # extra `agent`

    models = {name: open_chat(ModelConfig(provider="compatible", model=name, address=url)) for name in MODELS}
    tool = Tool("look", LookRequest, Looked, _look)
    bench: Any = SimpleNamespace(images={})  # the tool looks at nothing
    functions = KernelFunctions(ToolFunctions(bench, (tool,)))
    limits = Limits(rounds=100, calls=100)

    async def run(model: str, turns: int) -> str:
        history = [Message(role="system", text=SYSTEM)]
        budget, delimiter, text = Budget(limits), new_delimiter(), ""
        for turn in range(turns):
            history.append(Message(role="user", text=f"Question {turn}"))
            outcome = await converse(models[model], functions, history, budget, delimiter=delimiter)
            history += outcome.messages
            text = outcome.text
        return text

    return run


@dataclass(frozen=True)
class Contender:
    """One way to run an agent, and the modules it needs."""

    name: str
    open: Callable[[str], Run]
    needs: tuple[str, ...] = ()

    @property
    def installed(self) -> bool:
        return all(importlib.util.find_spec(name) for name in self.needs)


OURS = Contender("Reading Room", ours, ("semantic_kernel", "openai"))
CONTENDERS = (
    OURS,
    Contender("semantic-kernel agent", semantic_kernel, ("semantic_kernel",)),
    Contender("Agent Framework", agent_framework, ("agent_framework", "agent_framework_openai")),
    Contender("OpenAI Agents SDK", openai_agents, ("agents", "agents.tracing")),
    Contender("LangGraph", langgraph, ("langgraph", "langchain_openai")),
    Contender("pydantic-ai", pydantic_ai, ("pydantic_ai",)),
)


@dataclass(frozen=True)
class Figure:
    """One contender in one run: medians over the rounds."""

    milliseconds: float
    floor: float
    """Of the raw loop beside it."""
    wall_ratio: float
    cpu_ratio: float


async def timed(run: Run, model: str, turns: int) -> tuple[float, float]:
    """Wall and processor seconds of one run; of short ones the mean of several."""
    repeats = 1 if turns > 1 else 8
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(repeats):
        if await run(model, turns) != "Nothing abnormal.":
            raise RuntimeError(f"{model} did not end as its script does")
    return (time.perf_counter() - wall) / repeats, (time.process_time() - cpu) / repeats


async def measure(contender: Contender, url: str, rounds: int) -> dict[str, Figure]:
    """By run, in this process."""
    floor, own = raw(url), contender.open(url)
    for model, turns in SCRIPTS.values():  # what is made at first use is not measured
        await floor(model, turns)
        await own(model, min(turns, 3))
    gc.collect()
    gc.freeze()
    found = {}
    for script, (model, turns) in SCRIPTS.items():
        pairs = []
        for turn in range(rounds):
            both = [await timed(run, model, turns) for run in ((floor, own) if turn % 2 else (own, floor))]
            pairs.append(both if turn % 2 else both[::-1])
        found[script] = Figure(
            milliseconds=round(statistics.median(one[0] for _, one in pairs) * 1000, 2),
            floor=round(statistics.median(low[0] for low, _ in pairs) * 1000, 2),
            wall_ratio=round(statistics.median(one[0] / low[0] for low, one in pairs), 2),
            cpu_ratio=round(statistics.median(one[1] / low[1] for low, one in pairs), 2),
        )
    return found


def apart(pipe: Connection, name: str, url: str, rounds: int) -> None:
    """One contender in a process of its own."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    contender = next(one for one in CONTENDERS if one.name == name)
    pipe.send(asyncio.run(measure(contender, url, rounds)))


def run_all(quick: bool) -> dict[str, dict[str, Figure]]:
    """By contender and run; those that are not installed are left out."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=serve, args=(there,), daemon=True)
    server.start()
    found = {}
    try:
        url = f"http://127.0.0.1:{here.recv()}/v1"
        for one in CONTENDERS:
            if one.installed:
                rounds = 3 if quick else 15 if one is OURS else 5
                child = context.Process(target=apart, args=(there, one.name, url, rounds), daemon=True)
                child.start()
                while not here.poll(1.0):
                    if not child.is_alive():
                        raise RuntimeError(f"{one.name} broke")
                found[one.name] = here.recv()
                child.join()
    finally:
        server.kill()
    return found


def table(found: Mapping[str, Mapping[str, Figure]]) -> str:
    """For people."""
    head = f"{'ms a run (x raw: wall, processor)':36}" + "".join(f"{script:>24}" for script in SCRIPTS)
    lines = ["medians of interleaved rounds, zero-latency scripted model on loopback", head]
    if found:
        floor = next(iter(found.values()))
        lines.append(f"{'raw httpx loop':36}" + "".join(f"{floor[script].floor:>24.1f}" for script in SCRIPTS))
    for one in CONTENDERS:
        if one.name not in found:
            lines.append(f"{one.name:36}" + "not installed".rjust(24))
            continue
        cells = [f"{f.milliseconds:.1f} ({f.wall_ratio:.2f}, {f.cpu_ratio:.2f})" for f in found[one.name].values()]
        lines.append(f"{one.name:36}" + "".join(f"{cell:>24}" for cell in cells))
    return "\n".join(lines)


def failures(found: Mapping[str, Mapping[str, Figure]]) -> list[str]:
    """What misses the bar."""
    if OURS.name not in found:
        return ["Reading Room is not measured: pip install 'readingroom[agent]'"]
    missed = []
    for script in SCRIPTS:
        mine = found[OURS.name][script]
        if mine.wall_ratio > BAR:
            missed.append(f"{script}: {mine.wall_ratio} times the raw loop, {BAR} allowed")
        missed += [
            f"{script}: {name} takes {other[script].wall_ratio}, ours {mine.wall_ratio}"
            for name, other in found.items()
            if name != OURS.name and other[script].wall_ratio <= mine.wall_ratio
        ]
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rounds, for a look")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true", help="exit 1 where a bar is missed")
    given = parser.parse_args()
    found = run_all(given.quick)
    if given.json:
        print(json.dumps({name: {run: vars(f) for run, f in runs.items()} for name, runs in found.items()}, indent=1))
    else:
        print(table(found))
    missed = failures(found)
    for line in missed if given.check else ():
        print(f"missed: {line}", file=sys.stderr)
    return 1 if given.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
