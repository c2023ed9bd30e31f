"""SIGKILL while rows are added, replaced, deleted and compacted: all that was acknowledged is there, and no more."""

from __future__ import annotations

import os
import random
import select
import shutil
import signal
import tempfile
import time
import traceback
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from readingroom.index.embedded import EmbeddedIndex
from readingroom.index.entry import Entry, Space
from readingroom.index.protocol import collection

SPACE = Space(model="m", version="1", preprocessing_id="p", dimensions=64)
State = dict[str, int]
"""Which version of each row is there."""


@cache
def vector(name: str, version: int) -> np.ndarray:
    """What row `name` must hold in its `version`."""
    return np.random.default_rng([int(name[1:]), version]).standard_normal(64).astype(np.float32)


def step(state: State, number: int) -> tuple[str, State, list[str]]:
    """What change `number` does, the state after it, and the ids it names; the same for the same number."""
    draw = random.Random(number)
    kind = draw.choices(("add", "replace", "delete", "compact"), (60, 15, 20, 5))[0]
    known = sorted(state)
    if kind == "compact" or (kind != "add" and not known):
        return "compact", dict(state), []
    if kind == "add":
        ids = [f"r{number * 100 + n}" for n in range(draw.randint(1, 40))]
        return kind, {**state, **dict.fromkeys(ids, 0)}, ids
    ids = draw.sample(known, min(len(known), draw.randint(1, 10)))
    if kind == "delete":
        return kind, {name: version for name, version in state.items() if name not in ids}, ids
    return kind, {**state, **{name: state[name] + 1 for name in ids}}, ids


def go(folder: Path, state: State, number: int, told: int) -> None:
    """Changes from `number` on, each told when it is acknowledged, until killed."""
    index = EmbeddedIndex(folder, SPACE)
    while True:
        kind, state, ids = step(state, number)
        if kind == "compact":
            index.compact()
        elif kind == "delete":
            index.delete(ids)
        else:
            entries = [Entry(id=name, metadata={"version": state[name]}) for name in ids]
            index.add(entries, np.stack([vector(name, state[name]) for name in ids]))
        os.write(told, number.to_bytes(8, "big"))
        number += 1


def child(folder: Path, state: State, number: int, told: int) -> int:
    """`go` in a process of its own, by its id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        go(folder, state, number, told)
    except BaseException:  # noqa: BLE001 - whatever it is, this process must not go on as its parent
        traceback.print_exc()
    os._exit(1)


def differs(folder: Path, state: State) -> str:
    """What is not as `state` says; "" where all is."""
    index = EmbeddedIndex(folder, SPACE)
    held = collection(index)
    index.close()
    found = {entry.id: int(str(entry.metadata["version"])) for entry in held.entries}
    if found != state:
        lost, extra = set(state.items()) - set(found.items()), set(found.items()) - set(state.items())
        return f"{len(lost)} rows lost, {len(extra)} extra"
    for entry, row in zip(held.entries, held.vectors, strict=True):
        right = vector(entry.id, found[entry.id])
        if not np.allclose(row, right / np.linalg.norm(right), atol=1e-6):
            return f"row {entry.id} holds another vector"
    return ""


def kills(count: int) -> dict[str, Any]:
    """Kill `count` times on one index. The change under way at a kill may be there or not, but whole."""
    chance = random.Random(0)
    folder = Path(tempfile.mkdtemp(prefix="kills-")) / "i"
    state: State = {}
    number, acknowledged, faults = 0, 0, []
    for kill in range(count):
        ear, mouth = os.pipe()
        pid = child(folder, state, number, mouth)
        os.close(mouth)
        select.select([ear], [], [], 10)  # the first change is acknowledged
        time.sleep(chance.uniform(0, 0.06))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        with os.fdopen(ear, "rb") as heard:
            done = len(heard.read()) // 8
        acknowledged += done
        for _ in range(done):
            state = step(state, number)[1]
            number += 1
        after = step(state, number)[1]
        fault = differs(folder, state)
        if fault and not differs(folder, after):
            fault, state, number = "", after, number + 1
        if fault:
            faults.append(f"kill {kill}: {fault}")
            break
    shutil.rmtree(folder.parent)
    return {"kills": count, "acknowledged_changes": acknowledged, "rows_at_the_end": len(state), "faults": faults}
