"""The same image, the same answer; another image, another answer; row i of the answer is image i of the request."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from readingroom.conformance.bench import Bench
from readingroom.conformance.question import Question, Seen, failed, passed, skipped, warned
from readingroom.conformance.wire import Print, cosine

SAME = 0.9999
"""Cosine of two answers that count as equal: float32 noise and a mask's few flipped pixels stay above it."""

CLOSE = 0.99
"""Half precision and other batch shapes move an answer no further than this."""


UNSTEADY = "the same request gets different answers, which cannot be compared"


async def single(bench: Bench) -> list[Print]:
    """The answer to each golden image, asked alone."""
    return [(await bench.prints(bench.ask(number)))[0] for number in range(len(bench.cleared))]


def closeness(answers: Sequence[Print], wanted: Sequence[Print]) -> NDArray[np.float64]:
    """Cosines, a row for each answer and a column for each of `wanted`."""
    return np.array([[cosine(answer, want) for want in wanted] for answer in answers])


async def repeats(bench: Bench) -> Seen:
    """Whether the same request gets the same answer twice."""
    ask = bench.ask()
    before = (await bench.prints(ask))[0]
    again = bench.wire.prints((await bench.fresh(ask)).parsed, ask)
    near = cosine(before, again[0]) if again else 0.0
    told = f"cosine of the second answer to the first {near:.6f}"
    bench.repeatable = near >= CLOSE
    if near >= SAME:
        return passed(told)
    return warned(told) if bench.repeatable or bench.wire.generative else failed(told)


async def distinct(bench: Bench) -> Seen:
    """Whether different images get different answers."""
    if len(bench.cleared) < 2:
        return skipped("one golden image is sent to this model")
    nearest = _nearest_two(await single(bench))
    told = f"greatest cosine between answers to different images {nearest:.6f}"
    if nearest < SAME:
        return passed(told)
    return (warned if bench.wire.generative else failed)(f"{told}: they are the same")


def _nearest_two(answers: Sequence[Print]) -> float:
    near = closeness(answers, answers)
    return float(near[~np.eye(len(answers), dtype=bool)].max())


async def in_order(bench: Bench) -> Seen:
    """A batch in the order of the golden images against single calls."""
    return await _ordered(bench, tuple(range(len(bench.cleared))))


async def permuted(bench: Bench) -> Seen:
    """The same batch, the last image first."""
    count = len(bench.cleared)
    return await _ordered(bench, (count - 1, *range(count - 1)))


async def _ordered(bench: Bench, order: tuple[int, ...]) -> Seen:
    if len(order) < 2:
        return skipped("one golden image is sent to this model")
    if not bench.repeatable:
        return skipped(UNSTEADY)
    alone = await single(bench)
    if _nearest_two(alone) >= SAME:
        return skipped("answers to different images are the same, so that their order cannot be seen")
    near = closeness(await bench.prints(bench.ask(*order)), alone)
    met = [int(number) for number in near.argmax(axis=1)]
    if met != list(order):
        return failed(f"images {_listed(order)} were sent, the rows are nearest to images {_listed(met)}")
    worst = float(min(near[row, number] for row, number in enumerate(order)))
    told = f"rows in order; least cosine of a row to its single call {worst:.6f}"
    if worst >= CLOSE:
        return passed(told)
    return failed(f"{told}: a batch is answered otherwise than single calls")


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(str(number + 1) for number in numbers)


QUESTIONS = (
    Question("same.again", "the same request twice", f"the same answer (cosine {SAME} or more)", repeats),
    Question("same.distinct", "different images, one a call", f"different answers (cosine below {SAME})", distinct),
    Question("order.batch", "the golden images in one batch", "row i answers image i, as alone", in_order),
    Question("order.permuted", "the same batch in another order", "the rows move with their images", permuted),
)
