"""How often the drift alarm is false where nothing changes, and how often it finds a planted change.

Each simulation draws a fresh reference and a fresh window of patients with several images each, two metadata fields
beside the vectors, and tests the window. Vectors hang together within a patient and across dimensions; fields hang
together with the vectors. Planted changes: a shift of the vectors alone, another scanner alone, other exposure alone.
Bars that --check holds: the set rate lies inside the 95 % Wilson interval of the false alarms or above it, and every
planted change is found in at least 80 % of its simulations.

    python benchmarks/drift.py [--simulations 200] [--rate 0.05] [--json] [--check]
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any, NamedTuple

import numpy as np

from readingroom.index.entry import Entry, Space
from readingroom.index.protocol import Collection
from readingroom.learning.drift import How, Watch, check
from readingroom.learning.rates import Rate, wilson

SPACE = Space(model="simulated", version="1", preprocessing_id="none", dimensions=64)
REFERENCE, WINDOW, IMAGES = 120, 30, 3
POWER = 0.8


class Change(NamedTuple):
    """What differs in a window."""

    shift: float = 0.0
    """Of the vectors along one direction, in standard deviations of patients along it."""
    maker: float = 0.6
    """Share of the usual scanner."""
    kvp: float = 100.0


PLANTED = {
    "vectors": Change(shift=1.5),
    "scanner": Change(maker=0.1),
    "exposure": Change(kvp=112.0),
}
NONE = Change()


def patients(chance: np.random.Generator, n: int, change: Change, first: int) -> Collection:
    """Vectors of 64 numbers on a cone about one direction; scanner and exposure leave traces in them."""
    spread = 0.4 / np.sqrt(np.arange(1, 65))
    maker = chance.random(n) < change.maker
    kvp = chance.normal(change.kvp, 12, n)
    base = chance.normal(size=(n, 64)) * spread + np.eye(64)[5]
    base[:, 0] += change.shift * spread[0] + 0.1 * maker
    base[:, 1] += 0.005 * (kvp - 100)
    rows = np.repeat(base, IMAGES, axis=0) + chance.normal(0, 0.03, (n * IMAGES, 64))
    entries = tuple(
        Entry(
            id=f"{first + at}-{image}",
            metadata={"subject": f"{first + at}", "maker": "A" if maker[at] else "B", "kvp": float(kvp[at])},
        )
        for at in range(n)
        for image in range(IMAGES)
    )
    return Collection(SPACE, entries, (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32))


def alarms(simulations: int, change: Change, watch: Watch, seed: int) -> Rate:
    hits = 0
    for at in range(simulations):
        chance = np.random.default_rng((seed, at))
        reference, window = patients(chance, REFERENCE, NONE, 0), patients(chance, WINDOW, change, 10_000)
        hits += check(reference, window, watch).p <= watch.false_alarm
    return wilson(hits, simulations)


def measured(simulations: int, rate: float, how: How) -> dict[str, Rate]:
    watch = Watch(how=how, false_alarm=rate, splits=199)
    found = {"nothing": alarms(simulations, NONE, watch, 1)}
    power = max(20, simulations // 5)
    return found | {name: alarms(power, change, watch, 2) for name, change in PLANTED.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--rate", type=float, action="append")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    failures, told = [], []
    ways: tuple[How, ...] = ("mmd", "energy")
    for rate in given.rate or [0.05, 0.01]:
        for how in ways:
            found = measured(given.simulations, rate, how)
            told.append({"rate": rate, "how": how, **{name: one.model_dump() for name, one in found.items()}})
            failures += _failures(found, rate, how)
            if not given.json:
                _print(found, rate, how)
    if given.json:
        print(json.dumps(told))
    for failure in failures:
        print(f"below its bar: {failure}", file=sys.stderr)
    if given.check and failures:
        sys.exit(1)


def _print(found: dict[str, Rate], rate: float, how: Any) -> None:
    print(f"alarm at a rate of {rate:g}, vectors by {how}; {REFERENCE} and {WINDOW} patients, {IMAGES} images each")
    for name, one in found.items():
        print(f"  {name:8} {one.value:6.1%} of {one.n} alarm (95 % interval {one.low:.1%} to {one.high:.1%})")


def _failures(found: dict[str, Rate], rate: float, how: str) -> list[str]:
    where = f"at {rate:g} by {how}"
    failures = [f"false alarms {found['nothing'].value:.1%} {where}"] if found["nothing"].low > rate else []
    weak = [name for name in PLANTED if found[name].value < POWER]
    return failures + [f"{name} found in {found[name].value:.0%} {where}" for name in weak]


if __name__ == "__main__":
    main()
